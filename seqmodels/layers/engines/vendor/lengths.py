"""A batch of sequences of unequal length as a few segments of steps over the rows that still go on."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

# A call of oneDNN's primitive costs as much as about this many steps of one row: it arranges the weights anew.
CALL = 150


class Segment(NamedTuple):
    """Steps `start` to `end` over the `rows` longest sequences."""

    start: int
    end: int
    rows: int


def cut(ends: list[int], block: Callable[[int], int]) -> list[Segment]:
    """The segments that cost the least: a call for each, and all their steps, padding included.

    Args:
        ends: the lengths.
        block: of so many steps, counted over all rows, how many one call is best given.

    Example:
        >>> cut([900, 500, 490], block=lambda rows: rows)
        [Segment(start=0, end=500, rows=3), Segment(start=500, end=900, rows=1)]
    """
    going_on = partial(_longer, sorted(ends))
    stops = sorted({0, *ends})
    segments = []
    for start, end in _cheapest(stops, [going_on(stop) for stop in stops]):
        rows = going_on(start)
        steps = max(block((end - start) * rows) // rows, 1)
        segments += [Segment(t, min(t + steps, end), going_on(t)) for t in range(start, end, steps)]
    return segments


def _longer(ends: list[int], step: int) -> int:
    """How many of the ascending ends lie behind a step."""
    return len(ends) - bisect_right(ends, step)


def _cheapest(stops: list[int], going_on: list[int]) -> Iterable[tuple[int, int]]:
    """The cheapest way from the first stop to the last, leap by leap; each with as many rows as go on at its start."""
    costs, origins = [0], [0]
    for last in range(1, len(stops)):
        # A leap from before the best origin has more rows, so that with each further stop it falls further behind.
        leaps = ((costs[i] + CALL + going_on[i] * (stops[last] - stops[i]), i) for i in range(origins[-1], last))
        cost, origin = min(leaps)
        costs.append(cost)
        origins.append(origin)
    path = [len(stops) - 1]
    while path[-1]:
        path.append(origins[path[-1]])
    return pairwise(stops[i] for i in reversed(path))
