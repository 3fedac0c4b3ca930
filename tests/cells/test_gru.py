"""Both forms of the gated recurrent unit against transcriptions gate by gate, one of them against torch's."""

import math

import pytest
import torch
from torch import nn

from seqmodels.cells import ChoGRUCell, GRUCell, GRUState

pytestmark = pytest.mark.usefixtures("_double")


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def dot(w, v):
    return sum(a * b for a, b in zip(w, v, strict=True))


def blocks(parameter, size):
    rows = parameter.tolist()
    return rows[:size], rows[size : 2 * size], rows[2 * size :]


def torchs_form(cell, x, h):
    """One row, plain numbers: the reset gate multiplies W_hn h + b_hn."""
    n = cell.hidden_size
    (W_xr, W_xz, W_xn), (W_hr, W_hz, W_hn) = blocks(cell.weight_ih, n), blocks(cell.weight_hh, n)
    (b_xr, b_xz, b_xn), (b_hr, b_hz, b_hn) = blocks(cell.bias_ih, n), blocks(cell.bias_hh, n)
    h_t = []
    for k in range(n):
        r = sigmoid(dot(W_xr[k], x) + b_xr[k] + dot(W_hr[k], h) + b_hr[k])
        z = sigmoid(dot(W_xz[k], x) + b_xz[k] + dot(W_hz[k], h) + b_hz[k])
        candidate = math.tanh(dot(W_xn[k], x) + b_xn[k] + r * (dot(W_hn[k], h) + b_hn[k]))
        h_t.append((1 - z) * candidate + z * h[k])
    return h_t


def papers_form(cell, x, h):
    """One row, plain numbers: the reset gate multiplies the state before W_hn does."""
    n = cell.hidden_size
    (W_xr, W_xz, W_xn), (W_hr, W_hz, W_hn) = blocks(cell.weight_ih, n), blocks(cell.weight_hh, n)
    b_r, b_z, b_n = blocks(cell.bias_ih, n)
    r = [sigmoid(dot(W_xr[k], x) + b_r[k] + dot(W_hr[k], h)) for k in range(n)]
    z = [sigmoid(dot(W_xz[k], x) + b_z[k] + dot(W_hz[k], h)) for k in range(n)]
    kept = [r[k] * h[k] for k in range(n)]
    candidate = [math.tanh(dot(W_xn[k], x) + b_n[k] + dot(W_hn[k], kept)) for k in range(n)]
    return [(1 - z[k]) * candidate[k] + z[k] * h[k] for k in range(n)]


@pytest.mark.parametrize(("kind", "transcription"), [(GRUCell, torchs_form), (ChoGRUCell, papers_form)])
def test_is_the_equations_gate_by_gate(kind, transcription):
    cell = kind(3, 4)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    y, state = cell(x, GRUState(h))
    expected = torch.tensor([transcription(cell, x[row].tolist(), h[row].tolist()) for row in range(2)])
    torch.testing.assert_close(state.h, expected)
    assert torch.equal(y, state.h)


@pytest.mark.parametrize("bias", [True, False])
def test_equals_torch(bias, device, gradients):
    ours, theirs = GRUCell(3, 4, bias=bias, device=device), nn.GRUCell(3, 4, bias=bias, device=device)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x, h = (torch.randn(2, size, device=device, requires_grad=True) for size in (3, 4))
    y, _ = ours(x, GRUState(h))
    expected = theirs(x, h)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(
        gradients(y, [x, h, *ours.parameters()]), gradients(expected, [x, h, *theirs.parameters()])
    )
    torch.testing.assert_close(ours(x)[0], theirs(x))


def test_the_two_forms_differ_by_where_the_reset_gate_stands():
    ours, papers = GRUCell(3, 4, bias=False), ChoGRUCell(3, 4, bias=False)
    papers.load_state_dict(ours.state_dict(), strict=True)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    assert not torch.allclose(ours(x, GRUState(h))[0], papers(x, GRUState(h))[0])
    torch.testing.assert_close(ours(x)[0], papers(x)[0])  # from h = 0 it makes no difference
