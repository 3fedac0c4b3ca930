"""Where a moment lies in the day, the week and the year: what is known of the future."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY = 86_400.0
CYCLES = {"day": DAY, "week": 7 * DAY, "year": 365.2425 * DAY}  # in seconds
FORMS = ("%Y-%m", "%Y/%m", "%Y/%m/%d", "%Y/%m/%d %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%b %d %Y", "%d %b %Y")


def parse_time(text: str) -> float:
    """Seconds since 1970 of a written time; UTC where it names no zone.

    Args:
        text: ISO 8601, or one of a few other forms in which day and month cannot be confused.

    Raises:
        ValueError: the text is no such time.

    Example:
        >>> parse_time("1970-01-02"), parse_time("1970-01-01 00:01:30"), parse_time("Jan 2 1970"), parse_time("1970-02")
        (86400.0, 90.0, 86400.0, 2678400.0)
    """
    try:
        return _seconds(datetime.fromisoformat(text))
    except ValueError:
        pass
    for form in FORMS:
        try:
            return _seconds(datetime.strptime(text, form))
        except ValueError:
            continue
    raise ValueError(f"expected a time such as 2024-01-31 or 2024-01-31 13:00, got {text!r}")


def cycles_of(times: Floats) -> tuple[str, ...]:
    """The cycles which steps at these times pass through: those longer than a step.

    Example:
        >>> cycles_of(DAY * np.arange(9.0)), cycles_of(3600 * np.arange(9.0))
        (('week', 'year'), ('day', 'week', 'year'))
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.0
    return tuple(name for name, length in CYCLES.items() if step < length)


def calendar(times: Floats, cycles: Sequence[str]) -> Floats:
    """Sine and cosine of the place in each cycle, (..., two for each cycle).

    Args:
        times: seconds since 1970, of any shape.
        cycles: names of `CYCLES`.

    Example:
        >>> calendar(np.array([0.0, 6 * 3600.0]), ["day"]).round(6).tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    angles = [2 * math.pi * (times / CYCLES[name] % 1.0) for name in cycles]
    parts = [function(angle) for angle in angles for function in (np.sin, np.cos)]
    return np.stack(parts, axis=-1) if parts else np.empty((*times.shape, 0))


def calendar_names(cycles: Sequence[str]) -> tuple[str, ...]:
    """Names of what `calendar` gives."""
    return tuple(f"{name} {function}" for name in cycles for function in ("sine", "cosine"))


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
