"""The loop over time, and the turning around of rows."""

import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from seqmodels.cells import GRUCell, LSTMCell
from seqmodels.layers import reverse, scan
from seqmodels.layers.scan import last_valid
from seqmodels.types import map_state

pytestmark = pytest.mark.usefixtures("_double")


def random_state(cell, x):
    return map_state(torch.randn_like, cell.initial_state(x))


def test_is_stepping(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 5, 2)
    state = random_state(cell, x)
    y, last = scan(cell, x, state)
    for step in range(5):
        y_t, state = cell(x[:, step], state)
        torch.testing.assert_close(y[:, step], y_t)
    torch.testing.assert_close(last, state)


def test_two_chunks_are_the_whole(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 7, 2)
    whole = scan(cell, x)
    first, between = scan(cell, x[:, :3])
    second, last = scan(cell, x[:, 3:], between)
    torch.testing.assert_close((torch.cat([first, second], dim=1), last), whole)


def test_full_lengths_change_nothing(build_cell):
    cell, x = build_cell(2, 3), torch.randn(4, 5, 2)
    torch.testing.assert_close(scan(cell, x, lengths=torch.full((4,), 5)), scan(cell, x))


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_derivatives_with_lengths(build_cell, check):
    cell, x = build_cell(1, 3), torch.randn(3, 2, 1, requires_grad=True)
    state = map_state(lambda part: part.requires_grad_(), random_state(cell, x))
    names = [name for name, _ in cell.named_parameters()]

    def run(x, *rest):
        before = type(state)(*rest[: len(state)])
        view = cell.bind(**dict(zip(names, rest[len(state) :], strict=True)))
        y, last = scan(view, x, before, lengths=torch.tensor([1, 2, 0]))
        return y, *last

    assert check(run, (x, *state, *cell.parameters()), fast_mode=True)


@pytest.mark.parametrize("lengths", [None, torch.zeros(4, dtype=torch.int64)])
def test_no_time_leaves_the_state(build_cell, lengths):
    cell, x = build_cell(2, 3), torch.randn(4, 0, 2)
    state = random_state(cell, x)
    y, last = scan(cell, x, state, lengths=lengths)
    assert y.shape == (4, 0, cell.output_size)
    torch.testing.assert_close(last, state, rtol=0, atol=0)


def test_no_rows(build_cell):
    cell = build_cell(2, 3)
    y, last = scan(cell, torch.randn(0, 5, 2), lengths=torch.zeros(0, dtype=torch.int64))
    assert y.shape == (0, 5, cell.output_size)
    assert all(part.shape[0] == 0 for part in last)


def test_a_growing_recurrence_stays_finite_in_the_padding(gradients):
    """Running on through the padding would overflow here, and poison the gradient."""
    cell = GRUCell(2, 3)
    with torch.no_grad():
        cell.weight_hh.mul_(1e3)
    x = torch.full((2, 300, 2), 1e3, requires_grad=True)
    y, last = scan(cell, x, lengths=torch.tensor([300, 1]))
    assert all(gradient.isfinite().all() for gradient in gradients((y, last), [x, *cell.parameters()]))


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64])
def test_lengths_may_be_any_integer(dtype, device):
    cell, x = LSTMCell(2, 3, device=device), torch.randn(3, 4, 2, device=device)
    expected = scan(cell, x, lengths=torch.tensor([4, 0, 2], device=device))
    torch.testing.assert_close(scan(cell, x, lengths=torch.tensor([4, 0, 2], dtype=dtype)), expected)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("shape", [(5, 2), (4, 5, 3), (4, 5, 2, 1)])
def test_names_the_shape_it_expects(shape):
    message = f"expected an input of shape (batch, time, 2), got {shape}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        scan(LSTMCell(2, 3), torch.randn(shape))


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("lengths", [torch.ones(3, dtype=torch.int64), torch.ones(4), torch.ones(4, 1).long()])
def test_names_the_lengths_it_expects(lengths):
    message = f"expected one integer length for each of 4 rows, got {lengths.dtype} of shape {tuple(lengths.shape)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        scan(LSTMCell(2, 3), torch.randn(4, 5, 2), lengths=lengths)


rows = st.lists(st.integers(0, 5), min_size=1, max_size=4)


@given(rows)
def test_reverse_turns_valid_steps_and_leaves_padding(lengths):
    x = torch.arange(len(lengths) * 5).view(len(lengths), 5)
    turned = reverse(x, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        values = x[row].tolist()
        assert turned[row].tolist() == values[:length][::-1] + values[length:]


@given(rows, st.integers(0, 3))
def test_reverse_twice_is_nothing(lengths, features):
    x = torch.randn(len(lengths), 5, features)
    assert torch.equal(reverse(reverse(x, torch.tensor(lengths)), torch.tensor(lengths)), x)
    assert torch.equal(reverse(x), reverse(x, torch.full((len(lengths),), 5)))


@given(rows)
def test_last_valid_is_the_last_or_zero(lengths):
    x = torch.randn(len(lengths), 5, 2)
    for row, (length, value) in enumerate(zip(lengths, last_valid(x, torch.tensor(lengths)), strict=True)):
        assert torch.equal(value, x[row, length - 1] if length else torch.zeros(2))
