"""Made-up series whose best possible prediction is known."""

import math

import numpy as np
from numpy.typing import NDArray


def sine(
    seed: int, *, steps: int = 2000, period: float = 10 * math.pi, amplitude: float = 1.0, noise: float = 0.0
) -> NDArray[np.float64]:
    """A sine wave that starts anywhere in its period; without noise it can be predicted exactly.

    No whole number of steps is a whole number of the default periods, so no window ever comes twice.

    Args:
        seed: of the start and of the noise.
        steps: length.
        period: in steps.
        amplitude: of the wave.
        noise: standard deviation of what is added to every value, independent from step to step.

    Returns:
        Values of shape (steps, 1).

    Raises:
        ValueError: `period` is not positive.

    Example:
        >>> sine(0, steps=3).shape
        (3, 1)
    """
    if period <= 0:
        raise ValueError(f"period must be a positive number of steps, got {period}")
    random = np.random.default_rng(seed)
    turns = random.random() + np.arange(steps) / period
    wave = amplitude * np.sin(2 * math.pi * turns)
    return (wave + noise * random.standard_normal(steps))[:, np.newaxis]


def random_walk(seed: int, *, steps: int = 2000, step_size: float = 1.0) -> NDArray[np.float64]:
    """A sum of independent normal steps; no prediction of the next value is better than the last value.

    Args:
        seed: of the steps.
        steps: length.
        step_size: standard deviation of one step; its square is the least mean squared error one step ahead.

    Returns:
        Values of shape (steps, 1).

    Example:
        >>> random_walk(0, steps=3).shape
        (3, 1)
    """
    return step_size * np.random.default_rng(seed).standard_normal((steps, 1)).cumsum(axis=0)
