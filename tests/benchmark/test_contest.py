"""A contest times what is equal, says why it does not time the rest, and compares with the right peer."""

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from seqmodels.benchmark.contest import Conditions, Contest, Entry, hold
from seqmodels.benchmark.problems import Problem, Shape
from seqmodels.benchmark.timing import Times

CONDITIONS = Conditions(seconds=1e-6, rounds=3, threads=2, gemm_flops={"float32": 1e9})
PROBLEM = Problem("rnn", "training", Shape(4, 2, 3, 4))


@dataclass
class Answer:
    """Gives a number, and counts how often it is asked."""

    number: float
    calls: int = 0

    def __call__(self) -> None:
        self.calls += 1

    def results(self) -> dict[str, Tensor]:
        return {"output 0": torch.tensor([self.number])}

    def release(self) -> None:
        pass


def entry(name: str, answer: Answer, reference: str | None = "peer") -> Entry:
    return Entry(name, PROBLEM, lambda _: answer, ("peer",), reference)


def test_what_is_not_equal_is_not_timed() -> None:
    right, wrong = Answer(1.0), Answer(1.1)
    entries = {"peer": entry("peer", Answer(1.0), None), "right": entry("right", right), "wrong": entry("wrong", wrong)}
    peer, timed, refused = hold(Contest("grid", "rnn", entries), CONDITIONS)
    assert (peer.contender, peer.ratio, peer.difference) == ("peer", 1.0, None)
    assert (timed.rounds, timed.difference, timed.note) == (3, 0.0, "")
    assert timed.seconds is not None
    assert right.calls >= 4
    assert (wrong.calls, refused.rounds, refused.seconds, refused.ratio) == (0, 0, None, None)
    assert refused.note.startswith("not equal, not timed: output 0 differs by")


def test_what_cannot_run_is_said_and_what_is_broken_is_not_hidden() -> None:
    def cannot(_: Problem) -> Answer:
        raise ValueError("engine='x' cannot run here: too small")

    def broken(_: Problem) -> Answer:
        raise ValueError("shapes do not fit")

    peer = entry("peer", Answer(1.0), None)
    rows = hold(Contest("grid", "rnn", {"peer": peer, "x": Entry("x", PROBLEM, cannot, ("peer",), "peer")}), CONDITIONS)
    assert rows[1].note == "engine='x' cannot run here: too small"
    with pytest.raises(ValueError, match="do not fit"):
        hold(Contest("grid", "rnn", {"peer": peer, "x": Entry("x", PROBLEM, broken, ("peer",), "peer")}), CONDITIONS)


def test_of_several_peers_the_fastest_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {"layer": [4.0, 4.0, 4.0], "cell": [2.0, 3.0, 2.0], "ours": [1.0, 1.0, 4.0]}
    monkeypatch.setattr(
        "seqmodels.benchmark.contest.interleave",
        lambda *_, **__: Times(taken, dict.fromkeys(taken, 1)),
    )
    entries = {
        name: Entry(name, PROBLEM, lambda _: Answer(1.0), ("layer", "cell"), None if name == "layer" else "layer")
        for name in taken
    }
    layer, cell, ours = hold(Contest("grid", "rnn", entries), CONDITIONS)
    assert {layer.peer, cell.peer, ours.peer} == {"cell"}
    assert (ours.ratio, ours.ratio_least, ours.ratio_most) == (2.0, 0.5, 3.0)
    assert (ours.seconds, ours.seconds_least, ours.seconds_most) == (1.0, 1.0, 4.0)
    assert ours.gemm_fraction == pytest.approx((PROBLEM.flops() or 0) / 1e9)


def test_lengths_are_compared_by_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {"short": [4.0] * 3, "long": [16.0] * 3}
    monkeypatch.setattr(
        "seqmodels.benchmark.contest.interleave", lambda *_, **__: Times(taken, {"short": 1, "long": 1})
    )
    entries = {
        name: Entry("ours", Problem("rnn", "training", Shape(time, 2, 3, 4)), lambda _: Answer(1.0), ("short",))
        for name, time in (("short", 4), ("long", 8))
    }
    short, long = hold(Contest("scaling", "rnn", entries), CONDITIONS)
    assert (short.peer, short.ratio) == ("ours", 1.0)
    assert (long.peer, long.ratio) == ("ours, T=4", 0.5)
