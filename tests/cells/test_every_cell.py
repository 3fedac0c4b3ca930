"""What holds for every cell."""

import math
import re

import pytest
import torch
from jaxtyping import TypeCheckError
from torch.autograd import gradcheck, gradgradcheck

from seqmodels.cells import LSTMCell
from seqmodels.types import map_state

pytestmark = pytest.mark.usefixtures("_double")


def as_function(cell):
    """A function of tensors alone: input, state parts, parameters."""
    x = torch.randn(2, cell.input_size, requires_grad=True)
    state = map_state(lambda part: torch.randn_like(part, requires_grad=True), cell.initial_state(x))
    names = [name for name, _ in cell.named_parameters()]

    def step(x, *rest):
        parts, parameters = rest[: len(state)], rest[len(state) :]
        y, after = cell.bind(**dict(zip(names, parameters, strict=True)))(x, type(state)(*parts))
        return y, *after

    return step, (x, *state, *cell.parameters())


def test_first_derivatives(build_cell):
    function, inputs = as_function(build_cell(2, 3))
    assert gradcheck(function, inputs)


def test_second_derivatives(build_cell):
    function, inputs = as_function(build_cell(2, 3))
    assert gradgradcheck(function, inputs, gen_non_contig_grad_outputs=True)


def test_starts_from_zeros_like_its_input(build_cell):
    cell = build_cell(2, 3)
    state = cell.initial_state(torch.ones(4, 2, dtype=torch.bfloat16))
    for part in state:
        assert part.shape[0] == 4
        assert part.dtype == torch.bfloat16
        assert not part.any()
    y, after = cell(torch.randn(4, 2))
    assert y.shape == (4, cell.output_size)
    assert [part.shape for part in after] == [part.shape for part in state]


def test_no_state_is_the_initial_state(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 2)
    torch.testing.assert_close(cell(x), cell(x, cell.initial_state(x)), rtol=0, atol=0)


def test_forward_is_project_then_step(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 2)
    state = map_state(torch.randn_like, cell.initial_state(x))
    torch.testing.assert_close(cell(x, state), cell.step(cell.project(x), state), rtol=0, atol=0)


def test_projects_a_whole_sequence_at_once(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 5, 2)
    torch.testing.assert_close(cell.project(x)[:, 3], cell.project(x[:, 3]))


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("shape", [(2,), (4, 3), (4, 5, 2)])
def test_names_the_shape_it_expects(build_cell, shape):
    message = f"expected an input of shape (batch, 2), got {shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build_cell(2, 3)(torch.randn(shape))


def test_draws_parameters_from_torchs_distribution(build_cell):
    cell, k = build_cell(40, 60), 1 / math.sqrt(60)
    for parameter in cell.parameters():
        assert parameter.abs().max() <= k
    weights = cell.weight_ih.flatten()
    assert weights.std().item() == pytest.approx(k / math.sqrt(3), rel=0.05)
    assert weights.mean().item() == pytest.approx(0, abs=0.05 * k)


def test_takes_device_and_dtype(build_cell):
    cell = build_cell(2, 3).__class__(2, 3, device="meta", dtype=torch.float16)
    assert {(p.device.type, p.dtype) for p in cell.parameters()} == {("meta", torch.float16)}


def test_shows_its_sizes(build_cell):
    assert "(2, 3)" in repr(build_cell(2, 3))


def test_bind_is_a_view_over_other_tensors():
    cell, x = LSTMCell(2, 3), torch.randn(4, 2)
    doubled = {name: 2 * parameter for name, parameter in cell.named_parameters()}
    view = cell.bind(**doubled)
    other = LSTMCell(2, 3)
    other.load_state_dict({name: tensor.detach() for name, tensor in doubled.items()})
    before = cell(x)
    torch.testing.assert_close(view(x), other(x))
    torch.testing.assert_close(cell(x), before, rtol=0, atol=0)
    assert all(isinstance(parameter, torch.nn.Parameter) for parameter in cell.parameters())
    (gradient,) = torch.autograd.grad(view(x)[0].sum(), cell.weight_hh, allow_unused=True, materialize_grads=True)
    assert gradient.shape == cell.weight_hh.shape


def test_bind_leaves_what_is_not_named():
    cell, x = LSTMCell(2, 3), torch.randn(4, 2)
    view = cell.bind(bias_hh=torch.zeros(12))
    assert view.weight_ih is cell.weight_ih
    without = LSTMCell(2, 3)
    without.load_state_dict({**cell.state_dict(), "bias_hh": torch.zeros(12)})
    torch.testing.assert_close(view(x), without(x))


def test_shape_annotations_are_executed(build_cell):
    cell = build_cell(2, 3)
    with pytest.raises(TypeCheckError, match="drive"):
        cell.step(torch.randn(4), cell.initial_state(torch.randn(4, 2)))
