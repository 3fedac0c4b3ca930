"""A batch of sequences of unequal length as a few segments of steps over the rows that still go on."""

import sys
from bisect import bisect_right
from functools import partial
from itertools import pairwise
from typing import NamedTuple

# A call of oneDNN's primitive costs as much as about this many steps of one row: it arranges the weights anew.
CALL = 128


class Segment(NamedTuple):
    """Steps `start` to `end` over the `rows` longest sequences."""

    start: int
    end: int
    rows: int


def cut(ends: list[int], block: int) -> list[Segment]:
    """Cut where the padding that a longer segment would run over costs more than another call.

    Args:
        ends: the lengths.
        block: steps, counted over all rows, from which on a segment is cut anyway.

    Example:
        >>> cut([900, 500, 490], block=10_000)
        [Segment(start=0, end=500, rows=3), Segment(start=500, end=900, rows=1)]
    """
    going_on = partial(_longer, sorted(ends))
    cuts, start, padding = [], 0, 0
    stops = sorted(set(ends) - {0})
    for stop, following in pairwise([*stops, sys.maxsize]):
        padding += (going_on(start) - going_on(stop)) * (following - stop)
        if padding > CALL:
            steps = max(block // going_on(start), 1)
            cuts += [Segment(t, min(t + steps, stop), going_on(t)) for t in range(start, stop, steps)]
            start, padding = stop, 0
    return cuts


def _longer(ends: list[int], step: int) -> int:
    """How many of the ascending ends lie behind a step."""
    return len(ends) - bisect_right(ends, step)
