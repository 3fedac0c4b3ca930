"""Made-up series whose best possible prediction is known."""

import math

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.series.calendar import CYCLES, DAY, parse_time
from seqmodels.data.series.table import Table


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


def stock(seed: int, *, steps: int = 2000, drift: float = 0.0002, volatility: float = 0.012) -> NDArray[np.float64]:
    """A share's price as a geometric random walk: no forecast gains on the last price but by the drift.

    Args:
        seed: of the steps.
        steps: length, one a trading day.
        drift: mean of a step of the price's logarithm.
        volatility: standard deviation of such a step.

    Returns:
        Values of shape (steps, 1), from 100 onwards.

    Example:
        >>> stock(0, steps=3).shape
        (3, 1)
    """
    returns = drift + volatility * np.random.default_rng(seed).standard_normal((steps, 1))
    prices: NDArray[np.float64] = 100 * np.exp(returns.cumsum(axis=0) - returns[0])
    return prices


def energy(seed: int, *, steps: int = 52 * 7 * 24, noise: float = 0.6) -> Table:
    """Hourly demand for electricity: a day's course that differs at weekends, a rise, and errors that last.

    Args:
        seed: of the errors.
        steps: hours, from Monday, 1 January 2024 on.
        noise: standard deviation of what is new in the error of each hour; nine tenths of the last one remain.

    Returns:
        The column `load`, in GW, with its times.

    Example:
        >>> energy(0, steps=48).columns
        ('load',)
    """
    hour = np.arange(steps)
    weekend = hour // 24 % 7 >= 5
    morning, evening = (np.exp(-(((hour % 24) - peak) ** 2) / width) for peak, width in ((9, 8), (19, 10)))
    course = np.where(weekend, 3 * morning + 6 * evening, 9 * morning + 8 * evening)
    load = 30 + 0.0004 * hour + course - 2.5 * weekend + _lasting(seed, (steps, 1), 0.9, noise)[:, 0]
    return Table(("load",), load[:, np.newaxis], parse_time("2024-01-01") + 3600.0 * hour.astype(np.float64))


def weather(seed: int, *, steps: int = 6 * 365) -> Table:
    """Daily weather: temperature goes with the year, and after pressure; a high today means a warmer day tomorrow.

    Args:
        seed: of the errors.
        steps: days, from 1 January 2018 on.

    Returns:
        The columns `temperature` (degrees), `pressure` (hPa) and `wind` (m/s), with their times.

    Example:
        >>> weather(0, steps=3).values.shape
        (3, 3)
    """
    times = parse_time("2018-01-01") + DAY * np.arange(float(steps), dtype=np.float64)
    year = np.cos(2 * math.pi * (times / CYCLES["year"] - 0.05))  # coldest in the middle of January
    high, gusts, warmth = _lasting(seed, (steps, 3), 0.75, 1.0).T
    before = np.concatenate([[0.0], high[:-1]])
    temperature = 11 - 8 * year + 1.8 * before + 0.9 * warmth
    pressure = 1015 + 6 * high
    wind = np.exp(1.2 + 0.2 * year - 0.15 * high + 0.2 * gusts)
    return Table(("temperature", "pressure", "wind"), np.stack([temperature, pressure, wind], axis=1), times)


def _lasting(seed: int, shape: tuple[int, int], share: float, noise: float) -> NDArray[np.float64]:
    """Columns of errors, of each of which a share remains in the next step."""
    new = noise * np.random.default_rng(seed).standard_normal(shape)
    for step in range(1, len(new)):
        new[step] += share * new[step - 1]
    return new
