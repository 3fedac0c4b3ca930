"""The minimal gated recurrent unit against the paper, gate by gate, and what holds for every linear cell."""

import math

import pytest
import torch

from seqmodels.cells.linear import LinearCell, LinearState
from seqmodels.cells.min_gru import MinGRUCell

pytestmark = pytest.mark.usefixtures("_double")


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def dot(w, v):
    return sum(a * b for a, b in zip(w, v, strict=True))


def paper(cell, x, h):
    """One row, plain numbers."""
    W, n = cell.weight_ih.tolist(), cell.hidden_size
    b = cell.bias_ih.tolist() if cell.bias_ih is not None else [0.0] * (2 * n)
    z = [sigmoid(dot(W[k], x) + b[k]) for k in range(n)]
    candidate = [dot(W[n + k], x) + b[n + k] for k in range(n)]
    return [(1 - z[k]) * h[k] + z[k] * candidate[k] for k in range(n)]


@pytest.mark.parametrize("bias", [True, False])
def test_is_the_equations_gate_by_gate(bias):
    cell = MinGRUCell(3, 4, bias=bias)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    y, state = cell(x, LinearState(h))
    expected = torch.tensor([paper(cell, x[row].tolist(), h[row].tolist()) for row in range(2)])
    torch.testing.assert_close(state.h, expected)
    assert torch.equal(y, state.h)


def test_starts_from_zero():
    cell, x = MinGRUCell(3, 4), torch.randn(2, 3)
    expected = torch.tensor([paper(cell, row.tolist(), [0.0] * 4) for row in x])
    torch.testing.assert_close(cell(x)[0], expected)


def test_state_stays_between_the_candidates():
    cell, state = MinGRUCell(3, 4), LinearState(torch.zeros(2, 4))
    low, high = torch.zeros(2, 4), torch.zeros(2, 4)
    for _ in range(20):
        x = 5 * torch.randn(2, 3)
        n = cell.project(x)[:, 4:]
        low, high = torch.minimum(low, n), torch.maximum(high, n)
        _, state = cell(x, state)
        assert ((low <= state.h) & (state.h <= high)).all()


def test_coefficients_of_a_sequence_are_those_of_its_steps():
    cell, x = MinGRUCell(3, 4), torch.randn(2, 5, 3)
    whole = cell.coefficients(cell.project(x))
    for t in range(5):
        of_step = cell.coefficients(cell.project(x[:, t]))
        torch.testing.assert_close([part[:, t] for part in whole], list(of_step))


def test_a_linear_cell_is_its_coefficients():
    class Decay(LinearCell):
        input_size = hidden_size = output_size = 3

        def project(self, x):
            return x

        def coefficients(self, drive):
            return torch.tensor([0.5, -2.0, 0.0]), drive

    y, state = Decay()(torch.tensor([[1.0, 1.0, 1.0]]), LinearState(torch.tensor([[4.0, 4.0, 4.0]])))
    assert y.tolist() == state.h.tolist() == [[3.0, -7.0, 1.0]]
