"""A whole sequence in one vector, without a look at the padding."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck

from seqmodels.cells import GRUCell, LSTMCell
from seqmodels.layers import Recurrent, recurrent_stack
from seqmodels.layers.pooling import Attention, Last, Max, Mean

pytestmark = pytest.mark.usefixtures("_double")
POOLINGS = [Last, Mean, Max, Attention]
TIME = 5
any_lengths = st.lists(st.integers(0, TIME), min_size=1, max_size=4)


@pytest.fixture(params=[False, True], ids=["forward", "both ways"])
def layer(request):
    return recurrent_stack(GRUCell, 2, 3, num_layers=2, bidirectional=request.param)


@pytest.mark.parametrize("kind", POOLINGS)
@given(lengths=any_lengths, garbage=st.sampled_from([math.nan, math.inf, -math.inf, 1e300]))
def test_never_reads_the_padding(kind, layer, lengths, garbage):
    pooling = kind(layer)
    y = torch.randn(len(lengths), TIME, layer.output_size)
    lengths = torch.tensor(lengths)
    padding = torch.arange(TIME) >= lengths.unsqueeze(1)
    spoiled = y.masked_fill(padding.unsqueeze(-1), garbage).requires_grad_()
    pooled = pooling(spoiled, lengths)
    torch.testing.assert_close(pooled, pooling(y, lengths))
    wanted = [spoiled, *pooling.parameters()]
    of_y, *others = torch.autograd.grad(pooled.sum(), wanted, materialize_grads=True)
    assert not of_y[padding].any()
    assert all(gradient.isfinite().all() for gradient in (of_y, *others))


@pytest.mark.parametrize("kind", POOLINGS)
@given(lengths=any_lengths)
def test_a_row_is_pooled_as_if_alone(kind, layer, lengths):
    pooling = kind(layer)
    y = torch.randn(len(lengths), TIME, layer.output_size)
    pooled = pooling(y, torch.tensor(lengths))
    assert pooled.shape == (len(lengths), pooling.size)
    for row, length in enumerate(lengths):
        if length == 0:
            assert not pooled[row].any()
        else:
            own = pooling(y[row : row + 1, :length], torch.tensor([length]))
            torch.testing.assert_close(pooled[row : row + 1], own)


def test_mean_and_max_are_what_they_say(layer):
    y, lengths = torch.randn(2, TIME, layer.output_size) - 5, torch.tensor([5, 3])
    torch.testing.assert_close(Mean(layer)(y, lengths)[1], y[1, :3].mean(0))
    torch.testing.assert_close(Max(layer)(y, lengths)[1], y[1, :3].amax(0))


def test_last_takes_each_half_where_it_has_seen_all(layer):
    lengths = torch.tensor([5, 3, 1])
    y, state = layer(torch.randn(3, TIME, 2), lengths=lengths)
    top = state[-1]
    parts = [top.forward.h, top.backward.h] if layer.output_size == 6 else [top.h]
    torch.testing.assert_close(Last(layer)(y, lengths), torch.cat(parts, dim=-1), rtol=0, atol=0)


def test_last_of_a_single_direction_is_the_last_valid_step():
    layer, y = Recurrent(LSTMCell(2, 3)), torch.randn(3, TIME, 3)
    pooled = Last(layer)(y, torch.tensor([5, 2, 0]))
    assert torch.equal(pooled, torch.stack([y[0, 4], y[1, 1], torch.zeros(3)]))


def test_attention_is_its_equation(layer):
    pooling = Attention(layer)
    y = torch.randn(1, TIME, layer.output_size)
    W, b, v = (parameter.detach() for parameter in pooling.parameters())
    e = torch.stack([v[0] @ torch.tanh(W @ y_t + b) for y_t in y[0, :3]])
    a = e.exp() / e.exp().sum()
    torch.testing.assert_close(pooling(y, torch.tensor([3]))[0], sum(a[t] * y[0, t] for t in range(3)))


def test_attention_derivatives(layer):
    pooling = Attention(layer)
    y = torch.randn(3, 3, layer.output_size, requires_grad=True)
    inputs = (y, *pooling.parameters())
    assert gradcheck(lambda y, *_: pooling(y, torch.tensor([3, 1, 0])), inputs, fast_mode=True)


@pytest.mark.parametrize("kind", [Last, Mean, Max])
def test_a_pooling_owns_nothing_of_its_layer(kind, layer):
    assert not list(kind(layer).parameters())
