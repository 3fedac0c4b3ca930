"""Long short-term memory against a transcription gate by gate, and against torch's."""

import math

import pytest
import torch
from torch import nn

from seqmodels.cells import LSTMCell, LSTMState

pytestmark = pytest.mark.usefixtures("_double")


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def dot(w, v):
    return sum(a * b for a, b in zip(w, v, strict=True))


def transcription(cell, x, h, c):
    """One row, plain numbers: each gate from its own matrices."""
    n = cell.hidden_size
    pre = {}
    for position, gate in enumerate("ifgo"):
        rows = range(position * n, (position + 1) * n)
        W_x, W_h = cell.weight_ih.tolist(), cell.weight_hh.tolist()
        b_x, b_h = cell.bias_ih.tolist(), cell.bias_hh.tolist()
        pre[gate] = [dot(W_x[k], x) + b_x[k] + dot(W_h[k], h) + b_h[k] for k in rows]
    c_t, h_t = [], []
    for unit in range(n):
        i, f, o = (sigmoid(pre[gate][unit]) for gate in "ifo")
        c_t.append(f * c[unit] + i * math.tanh(pre["g"][unit]))
        h_t.append(o * math.tanh(c_t[unit]))
    if cell.weight_hr is not None:
        h_t = [dot(w, h_t) for w in cell.weight_hr.tolist()]
    return h_t, c_t


@pytest.mark.parametrize("proj_size", [0, 2])
def test_is_the_equations_gate_by_gate(proj_size):
    cell = LSTMCell(3, 4, proj_size=proj_size)
    x, h, c = torch.randn(2, 3), torch.randn(2, proj_size or 4), torch.randn(2, 4)
    y, state = cell(x, LSTMState(h, c))
    expected = [transcription(cell, *(part[row].tolist() for part in (x, h, c))) for row in range(2)]
    h_t, c_t = (torch.tensor(rows) for rows in zip(*expected, strict=True))
    torch.testing.assert_close(state, LSTMState(h_t, c_t))
    assert torch.equal(y, state.h)


@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch(bias, device, gradients):
    ours, theirs = LSTMCell(3, 4, bias=bias, device=device), nn.LSTMCell(3, 4, bias=bias, device=device)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x, h, c = (torch.randn(2, size, device=device, requires_grad=True) for size in (3, 4, 4))
    _, state = ours(x, LSTMState(h, c))
    expected = theirs(x, (h, c))
    torch.testing.assert_close(tuple(state), expected)
    torch.testing.assert_close(
        gradients(state, [x, h, c, *ours.parameters()]), gradients(expected, [x, h, c, *theirs.parameters()])
    )
    torch.testing.assert_close(tuple(ours(x)[1]), theirs(x))


@pytest.mark.parametrize("proj_size", [-1, 4, 5])
def test_refuses_a_projection_that_is_none(proj_size):
    with pytest.raises(
        ValueError, match=rf"^proj_size must be at least 0 and less than hidden_size=4, got {proj_size}$"
    ):
        LSTMCell(3, 4, proj_size=proj_size)
