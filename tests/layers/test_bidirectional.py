"""A sequence from both ends."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from seqmodels.cells import GRUCell
from seqmodels.layers import (
    Bidirectional,
    BidirectionalState,
    Recurrent,
    Stack,
    reverse,
    scan,
)

pytestmark = pytest.mark.usefixtures("_double")
LENGTHS = torch.tensor([5, 0, 3, 1])


def both_ways(build, input_size=2):
    return Bidirectional(Recurrent(build(input_size, 3)), Recurrent(build(input_size, 3)))


def test_backward_half_is_the_turned_around_sequence(build_cell):
    layer, x = both_ways(build_cell), torch.randn(4, 5, 2)
    y, last = layer(x, lengths=LENGTHS)
    size = layer.forward_layer.output_size
    ahead, behind = layer.forward_layer.cell, layer.backward_layer.cell
    expected_ahead, state_ahead = scan(ahead, x, lengths=LENGTHS)
    expected_behind, state_behind = scan(behind, reverse(x, LENGTHS), lengths=LENGTHS)
    torch.testing.assert_close(y[..., :size], expected_ahead)
    torch.testing.assert_close(reverse(y[..., size:], LENGTHS), expected_behind)
    torch.testing.assert_close(last, BidirectionalState(state_ahead, state_behind))


def test_bidirectional_summary_has_seen_the_whole_row_both_ways(build_cell):
    layer, x = both_ways(build_cell), torch.randn(4, 5, 2)
    y, last = layer(x, lengths=LENGTHS)
    expected = torch.cat([last.forward.h, last.backward.h], dim=-1)
    torch.testing.assert_close(layer.summary(y, LENGTHS), expected, rtol=0, atol=0)
    torch.testing.assert_close(Stack([layer]).summary(y, LENGTHS), expected, rtol=0, atol=0)


def test_bidirectional_starts_each_direction_from_its_state(build_cell):
    layer, x = both_ways(build_cell), torch.randn(4, 5, 2)
    _, between = layer(x)
    y, _ = layer(x, between)
    size = layer.forward_layer.output_size
    torch.testing.assert_close(y[..., :size], scan(layer.forward_layer.cell, x, between.forward)[0])
    turned = scan(layer.backward_layer.cell, x.flip(1), between.backward)[0]
    torch.testing.assert_close(y[..., size:], turned.flip(1))


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_bidirectional_derivatives(build_cell, check):
    layer, x = both_ways(build_cell, 1), torch.randn(2, 2, 1, requires_grad=True)

    def run(x, *_):
        y, last = layer(x, lengths=torch.tensor([2, 1]))
        return y, *last.forward, *last.backward

    assert check(run, (x, *layer.parameters()), fast_mode=True)


def test_refuses_directions_that_read_different_inputs():
    message = "both directions read the same input, got input sizes 2 and 4"
    with pytest.raises(ValueError, match=f"^{message}$"):
        Bidirectional(Recurrent(GRUCell(2, 3)), Recurrent(GRUCell(4, 3)))
