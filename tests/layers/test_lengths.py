"""A row's result is its own: whatever else is in the batch, and whatever lies past its end."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmodels.layers import Bidirectional, Recurrent, Stack
from seqmodels.types import map_state

pytestmark = pytest.mark.usefixtures("_double", "_unannotated")
TIME = 4


def recurrent(build, engine):
    return Recurrent(build(2, 3), engine)


def bidirectional(build, engine):
    return Bidirectional(recurrent(build, engine), recurrent(build, engine))


def stacked(build, engine):
    below = bidirectional(build, engine)
    return Stack([below, Recurrent(build(below.output_size, 3), engine)])


def weighted(outputs):
    """A loss whose terms do not depend on where in a batch or how far from the end a value stands."""
    y, last = outputs
    return sum((part * torch.linspace(0.5, 1.5, part.shape[-1])).sum() for part in [y, *leaves(last)])


def leaves(state):
    found = []
    map_state(lambda part: found.append(part) or part, state)
    return found


def with_gradients(layer, x, state, lengths=None):
    """Outputs, final state, and the gradients of the input, of the state and of the parameters."""
    x = x.detach().requires_grad_()
    state = map_state(lambda part: part.detach().requires_grad_(), state)
    y, last = layer(x, state, lengths=lengths)
    wanted = [x, *leaves(state), *layer.parameters()]
    of_x, *rest = torch.autograd.grad(weighted((y, last)), wanted, materialize_grads=True)
    parts = len(leaves(state))
    return y, leaves(last), of_x, rest[:parts], rest[parts:]


@pytest.mark.parametrize("engine", ["loop", "auto"])
@pytest.mark.parametrize("build_layer", [recurrent, bidirectional, stacked])
def test_a_row_is_its_own(build_cell, build_layer, engine):
    layer, by_itself = build_layer(build_cell, engine), build_layer(build_cell, "loop")
    by_itself.load_state_dict(layer.state_dict())

    @settings(max_examples=5)
    @given(
        st.lists(st.integers(0, TIME), min_size=1, max_size=4),
        st.sampled_from([math.nan, math.inf, -math.inf, 1e300, 7.0]),
    )
    def check(lengths, garbage):
        x = torch.randn(len(lengths), TIME, 2)
        state = map_state(torch.randn_like, layer(x)[1])
        for row, length in enumerate(lengths):
            x[row, length:] = garbage
        y, last, of_x, of_state, of_parameters = with_gradients(layer, x, state, torch.tensor(lengths))
        total = [torch.zeros_like(parameter) for parameter in layer.parameters()]
        for row, length in enumerate(lengths):
            mine = slice(row, row + 1)
            own = with_gradients(by_itself, x[mine, :length], map_state(lambda part, mine=mine: part[mine], state))
            in_batch = y[mine, :length], [part[mine] for part in last]
            in_batch += of_x[mine, :length], [part[mine] for part in of_state]
            torch.testing.assert_close(in_batch, own[:4])
            assert not y[row, length:].any()
            assert not of_x[row, length:].any()
            total = [a + b for a, b in zip(total, own[4], strict=True)]
        torch.testing.assert_close(of_parameters, total)

    check()


@pytest.mark.parametrize("engine", ["loop", "auto"])
@pytest.mark.parametrize("build_layer", [recurrent, bidirectional, stacked])
@given(order=st.permutations(range(4)))
@settings(max_examples=4)
def test_the_order_of_rows_is_of_no_account(build_cell, build_layer, engine, order):
    layer = build_layer(build_cell, engine)
    x, lengths = torch.randn(4, TIME, 2), torch.tensor([2, 4, 0, 2])
    y, last = layer(x, lengths=lengths)
    y_turned, last_turned = layer(x[order], lengths=lengths[order])
    torch.testing.assert_close(y_turned, y[order])
    torch.testing.assert_close(leaves(last_turned), [part[order] for part in leaves(last)])


@pytest.mark.parametrize("build_layer", [recurrent, bidirectional, stacked])
def test_more_padding_is_of_no_account(build_cell, build_layer):
    layer = build_layer(build_cell, "auto")
    x, lengths = torch.randn(3, TIME, 2), torch.tensor([2, 4, 0])
    y, last = layer(x, lengths=lengths)
    y_longer, last_longer = layer(torch.cat([x, torch.full((3, 3, 2), math.nan)], dim=1), lengths=lengths)
    torch.testing.assert_close(y_longer[:, :TIME], y)
    assert not y_longer[:, TIME:].any()
    torch.testing.assert_close(leaves(last_longer), leaves(last))
