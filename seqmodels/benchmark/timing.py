"""Interleaved rounds: whatever disturbs the machine disturbs every contender alike."""

import contextlib
import gc
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

LEAST_ROUNDS = 4
SAMPLE_SECONDS = 0.005


class Spread(NamedTuple):
    """Median, minimum and maximum of a sample."""

    median: float
    least: float
    most: float


class Times(NamedTuple):
    """Seconds per call of each contender in each round, and the calls that one of these is the mean of."""

    seconds: dict[str, list[float]]
    repeats: dict[str, int]


def spread(sample: Sequence[float]) -> Spread:
    """Median, minimum and maximum.

    Example:
        >>> spread([3.0, 1.0, 2.0])
        Spread(median=2.0, least=1.0, most=3.0)
    """
    return Spread(statistics.median(sample), min(sample), max(sample))


def ratios(peer: Sequence[float], own: Sequence[float]) -> list[float]:
    """How many times faster than its peer a contender was, round by round.

    Example:
        >>> ratios([2.0, 6.0], own=[1.0, 2.0])
        [2.0, 3.0]
    """
    return [theirs / ours for theirs, ours in zip(peer, own, strict=True)]


def interleave(
    runs: Mapping[str, Callable[[], Any]],
    *,
    seconds: float,
    most_rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    settle: Callable[[], None] = lambda: None,
) -> Times:
    """Time every contender once in each round, in a new order each time.

    The contenders have run before. A first call sets how many repetitions make a sample long enough to be timed, and
    how many rounds fit into the time; it is not counted.

    Args:
        runs: what is timed.
        seconds: to spend, unless the fewest rounds take longer.
        most_rounds: even if there is time for more.
        clock: gives seconds.
        settle: waits until the device has done its work.
    """

    def sample(run: Callable[[], Any], repeats: int) -> float:
        settle()
        start = clock()
        for _ in range(repeats):
            run()
        settle()
        return (clock() - start) / repeats

    with collector_at_rest():
        first = {name: sample(run, 1) for name, run in runs.items()}
        repeats = {name: max(1, math.ceil(SAMPLE_SECONDS / max(once, 1e-9))) for name, once in first.items()}
        round_seconds = sum(first[name] * repeats[name] for name in runs)
        num_rounds = min(most_rounds, max(LEAST_ROUNDS, int(seconds / max(round_seconds, 1e-9))))
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for order in orders(list(runs), num_rounds):
            gc.collect()
            for name in order:
                taken[name].append(sample(runs[name], repeats[name]))
    return Times(taken, repeats)


def orders(names: Sequence[str], num_rounds: int) -> Iterator[list[str]]:
    """Each round's order, the same whenever the benchmark runs: shuffled, and then turned around.

    So of two contenders each comes behind the other as often, and behind a third one that leaves the caches cold.
    """
    shuffle = random.Random(0)  # an order, no secret
    order = list(names)
    for number in range(num_rounds):
        order = order[::-1] if number % 2 else shuffle.sample(names, len(names))
        yield order


@contextlib.contextmanager
def collector_at_rest() -> Iterator[None]:
    """No garbage collection but where it is asked for, and what is there already is not looked at again."""
    was_on = gc.isenabled()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if was_on:
            gc.enable()
