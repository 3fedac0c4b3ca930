"""How much arithmetic a problem is, and what it holds."""

import pytest
import torch

from seqmodels.benchmark.problems import Mode, Problem, Shape

SHAPE = Shape(7, 5, 3, 4)


@pytest.mark.parametrize(("cell", "blocks"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
@pytest.mark.parametrize(("mode", "factor"), [("training", 6), ("inference", 2)])
def test_flops(cell: str, blocks: int, mode: Mode, factor: int) -> None:
    one = factor * 7 * 5 * blocks * 4 * (3 + 4)
    assert Problem(cell, mode, SHAPE).flops() == one
    assert Problem(cell, mode, SHAPE, bidirectional=True).flops() == 2 * one
    both = Problem(cell, mode, SHAPE, num_layers=2, bidirectional=True).flops()
    assert both == 2 * (one + factor * 7 * 5 * blocks * 4 * (8 + 4))
    assert Problem("peephole lstm", mode, SHAPE).flops() is None


def test_ragged_rows_take_half_the_time_at_least() -> None:
    problem = Problem("gru", "training", Shape(9, 1000, 3, 4), ragged=True)
    lengths = problem.lengths()
    assert lengths is not None
    assert set(lengths.tolist()) == {5, 6, 7, 8, 9}
    assert problem.flops() == 6 * int(lengths.sum()) * 3 * 4 * (3 + 4)


def test_everyone_gets_the_same() -> None:
    problem = Problem("gru", "training", SHAPE, ragged=True)
    assert torch.equal(problem.input(), problem.input())
    assert problem.input().requires_grad
    assert not Problem("gru", "inference", SHAPE).input().requires_grad
