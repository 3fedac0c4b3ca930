"""Elman's cell against a transcription unit by unit, and against torch's."""

import math

import pytest
import torch
from torch import nn

from seqmodels.cells import RNNCell, RNNState

pytestmark = pytest.mark.usefixtures("_double")


@pytest.mark.parametrize(("nonlinearity", "f"), [("tanh", math.tanh), ("relu", lambda a: max(a, 0.0))])
def test_is_the_equation_unit_by_unit(nonlinearity, f):
    cell = RNNCell(3, 4, nonlinearity=nonlinearity)
    x, h = torch.randn(2, 3), torch.randn(2, 4)
    y, state = cell(x, RNNState(h))
    for row in range(2):
        for unit in range(4):
            a = cell.bias_hh[unit].item() + cell.bias_ih[unit].item()
            a += sum(cell.weight_hh[unit, k].item() * h[row, k].item() for k in range(4))
            a += sum(cell.weight_ih[unit, k].item() * x[row, k].item() for k in range(3))
            assert state.h[row, unit].item() == pytest.approx(f(a), abs=1e-13)
    assert torch.equal(y, state.h)


def test_takes_any_function():
    cell = RNNCell(3, 4, nonlinearity=torch.sin)
    cell_tanh = RNNCell(3, 4)
    cell_tanh.load_state_dict(cell.state_dict())
    x = torch.randn(2, 3)
    torch.testing.assert_close(cell(x)[0], cell_tanh(x)[0].atanh().sin())


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_equals_torch(nonlinearity, bias, device, gradients):
    ours = RNNCell(3, 4, nonlinearity=nonlinearity, bias=bias, device=device)
    theirs = nn.RNNCell(3, 4, nonlinearity=nonlinearity, bias=bias, device=device)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    x, h = (torch.randn(2, size, device=device, requires_grad=True) for size in (3, 4))
    y, state = ours(x, RNNState(h))
    expected = theirs(x, h)
    torch.testing.assert_close((y, state.h), (expected, expected))
    torch.testing.assert_close(
        gradients(y, [x, h, *ours.parameters()]), gradients(expected, [x, h, *theirs.parameters()])
    )
    torch.testing.assert_close(ours(x)[0], theirs(x))


def test_refuses_an_unknown_nonlinearity():
    with pytest.raises(ValueError, match=r"^nonlinearity must be \"tanh\", \"relu\" or a function, got 'tan'$"):
        RNNCell(3, 4, nonlinearity="tan")


def test_a_module_as_nonlinearity_is_registered_once():
    cell = RNNCell(2, 3, nonlinearity=torch.nn.PReLU())
    assert [name for name in cell.state_dict() if "nonlinearity" in name] == ["nonlinearity.weight"]
    assert not any(name.startswith("f.") for name in cell.state_dict())
