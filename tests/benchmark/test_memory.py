"""Peak memory, where it is known."""

import pytest
import torch
from torch import Tensor

from seqmodels.benchmark.memory import peak_bytes

MEGABYTE = 10**6


def megabytes(count: int) -> Tensor:
    return torch.empty(count * MEGABYTE, dtype=torch.uint8)


@torch.library.custom_op("seqmodels_tests::hidden_peak", mutates_args=())
def hidden_peak(x: Tensor) -> Tensor:
    """Holds three megabytes for a while; gives one."""
    held = megabytes(3)
    del held
    return megabytes(1) + x


def test_the_most_that_is_held_at_once() -> None:
    def run() -> Tensor:
        first = megabytes(2)
        del first
        second = megabytes(3)
        third = megabytes(1)
        del second
        return third

    assert peak_bytes(run) == 4 * MEGABYTE


def test_what_was_there_before_neither_counts_nor_makes_room() -> None:
    held = [megabytes(5)]

    def run() -> Tensor:
        held.clear()
        return megabytes(2)

    assert peak_bytes(run) == 2 * MEGABYTE


def test_inside_a_custom_operator() -> None:
    assert peak_bytes(lambda: hidden_peak(torch.zeros((), dtype=torch.uint8))) == pytest.approx(3 * MEGABYTE, rel=1e-4)


def test_what_is_saved_for_the_backward_pass_counts() -> None:
    x = torch.ones(250_000, requires_grad=True)

    def chain(num_steps: int) -> int:
        def run() -> None:
            x.grad = None
            y = x
            for _ in range(num_steps):
                y = y.sin()
            y.sum().backward()

        run()
        x.grad = None
        return peak_bytes(run)

    assert chain(8) - chain(4) == pytest.approx(4 * MEGABYTE, rel=1e-3)
