"""Interleaved rounds and their statistics, by a clock that the test turns."""

import gc
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.benchmark.timing import LEAST_ROUNDS, collector_at_rest, interleave, orders, ratios, spread

COSTS = {"a": 1.0, "b": 2.0, "c": 4.0}


class Clock:
    """Time passes only where something runs."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def __call__(self) -> float:
        return self.now

    def run(self, name: str, cost: float) -> Callable[[], None]:
        def call() -> None:
            self.calls.append(name)
            self.now += cost

        return call


def test_every_round_times_everyone_once_after_a_warm_up_that_does_not_count() -> None:
    clock = Clock()
    runs = {name: clock.run(name, cost) for name, cost in COSTS.items()}
    times = interleave(runs, seconds=35.0, most_rounds=100, clock=clock)
    assert times.repeats == dict.fromkeys(COSTS, 1)
    assert times.seconds == {name: [cost] * 5 for name, cost in COSTS.items()}  # 5 rounds of 7 seconds
    assert clock.calls[:3] == ["a", "b", "c"]
    rounds = [clock.calls[start : start + 3] for start in range(3, 18, 3)]
    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len(clock.calls) == 18


def test_a_short_call_is_repeated_until_it_can_be_timed() -> None:
    clock = Clock()
    runs = {"short": clock.run("short", 0.0004), "long": clock.run("long", 1.0)}
    times = interleave(runs, seconds=1.0, most_rounds=3, clock=clock)
    assert times.repeats == {"short": 13, "long": 1}
    assert times.seconds["short"] == pytest.approx([0.0004] * 3)


@pytest.mark.parametrize(("seconds", "most", "expected"), [(0.1, 10, LEAST_ROUNDS), (1000.0, 4, 4)])
def test_number_of_rounds_is_bounded(seconds: float, most: int, expected: int) -> None:
    clock = Clock()
    times = interleave({"a": clock.run("a", 1.0)}, seconds=seconds, most_rounds=most, clock=clock)
    assert len(times.seconds["a"]) == expected


def test_the_order_changes_and_can_be_had_again() -> None:
    first = list(orders(["a", "b", "c"], 20))
    assert first == list(orders(["a", "b", "c"], 20))
    assert {order[0] for order in first} == {"a", "b", "c"}


def test_nobody_follows_another_more_often_than_it_is_followed() -> None:
    behind = Counter(pair for order in orders(["a", "b", "c"], 8) for pair in pairwise(order))
    assert all(behind[first, second] == behind[second, first] for first, second in behind)


def test_the_device_settles_before_each_look_at_the_clock() -> None:
    clock, settled = Clock(), []
    interleave(
        {"a": clock.run("a", 1.0)},
        seconds=3.0,
        most_rounds=3,
        clock=clock,
        settle=lambda: settled.append(len(clock.calls)),
    )
    assert settled == [0, 1, 1, 2, 2, 3, 3, 4]


def test_no_garbage_is_collected_meanwhile() -> None:
    assert gc.isenabled()
    with collector_at_rest():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


@given(st.lists(st.floats(0.1, 10.0), min_size=1))
def test_ratios_are_taken_round_by_round(own: list[float]) -> None:
    twice = [2 * seconds for seconds in own]
    assert ratios(twice, own) == pytest.approx([2.0] * len(own))
    median, least, most = spread(own)
    assert least == min(own) <= median <= max(own) == most
