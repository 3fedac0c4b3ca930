"""Made-up people who move: the places of their joints over time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.series.formats import LabelledSeries

Floats = NDArray[np.float64]
JOINTS = ("head", "left_hand", "right_hand", "left_foot", "right_foot")
COLUMNS = tuple(f"{joint}_{axis}" for joint in JOINTS for axis in "xy")
STANDING = np.array([[0.0, 1.7], [-0.4, 0.9], [0.4, 0.9], [-0.15, 0.0], [0.15, 0.0]])


def stick_figures(seed: int, *, count: int = 3000, noise: float = 0.04) -> list[LabelledSeries]:
    """People of different size and speed, seen for 40 to 80 steps, who do one of eight things.

    Sitting down and standing up, and a wave to the left and to the right, are the same poses in another order.

    Args:
        seed: of the people.
        count: how many series.
        noise: standard deviation of what is added to every place, in metres.

    Example:
        >>> series = stick_figures(0, count=1)[0]
        >>> series.values.shape[1], series.columns[:2]
        (10, ('head_x', 'head_y'))
    """
    random = np.random.default_rng(seed)
    actions = list(ACTIONS)
    series = []
    for number in range(count):
        action = actions[number % len(actions)]
        steps = int(random.integers(40, 81))
        turns = random.uniform(1.5, 3.0)
        share = np.linspace(0, 1, steps)
        moved = ACTIONS[action](share, 2 * np.pi * (turns * share + random.random()))
        places = random.uniform(0.8, 1.2) * (STANDING + moved) + random.uniform(-1, 1, size=2)
        places += noise * random.standard_normal(places.shape)
        figure = f"figure {number}"
        series.append(LabelledSeries(places.reshape(steps, -1), COLUMNS, action, place=figure, recording=figure))
    return series


def _still(share: Floats) -> Floats:
    return np.zeros((len(share), len(JOINTS), 2))


def _walk(share: Floats, phase: Floats) -> Floats:
    moved = _still(share)
    moved[:, :, 0] += 2.0 * share[:, None]
    moved[:, 3, 0] += 0.3 * np.sin(phase)
    moved[:, 4, 0] -= 0.3 * np.sin(phase)
    moved[:, 1, 0] -= 0.2 * np.sin(phase)
    moved[:, 2, 0] += 0.2 * np.sin(phase)
    return moved


def _walk_back(share: Floats, phase: Floats) -> Floats:
    return _walk(share[::-1], phase)


def _jump(share: Floats, phase: Floats) -> Floats:
    moved = _still(share)
    moved[:, :, 1] += 0.5 * np.maximum(np.sin(phase), 0)[:, None]
    return moved


def _squat(share: Floats, phase: Floats) -> Floats:
    moved = _still(share)
    moved[:, :3, 1] -= 0.35 * (1 - np.cos(phase))[:, None]
    return moved


def _wave(share: Floats, phase: Floats) -> Floats:
    """The hand goes out slowly and comes back fast."""
    moved = _still(share)
    moved[:, 2, 1] += 0.9
    moved[:, 2, 0] += 0.5 * ((phase / (2 * np.pi)) % 1.0)
    return moved


def _beckon(share: Floats, phase: Floats) -> Floats:
    """The hand goes out fast and comes back slowly."""
    return _wave(share, -phase)


def _sit_down(share: Floats, phase: Floats) -> Floats:  # noqa: ARG001
    moved = _still(share)
    moved[:, :3, 1] -= 0.6 * np.clip(3 * share - 1, 0, 1)[:, None]
    return moved


def _stand_up(share: Floats, phase: Floats) -> Floats:
    return _sit_down(share[::-1], phase)


ACTIONS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "beckon": _beckon,
    "jump": _jump,
    "sit down": _sit_down,
    "squat": _squat,
    "stand up": _stand_up,
    "walk to the left": _walk_back,
    "walk to the right": _walk,
    "wave": _wave,
}
