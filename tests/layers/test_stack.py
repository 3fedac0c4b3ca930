"""Layers on top of each other."""

import re
from functools import partial

import pytest
import torch

from seqmodels.cells import ChoGRUCell, GRUCell, LSTMCell, MinGRUCell, RNNCell, init
from seqmodels.layers import (
    Bidirectional,
    Recurrent,
    Stack,
    recurrent_stack,
)
from seqmodels.layers.engines import Choice

pytestmark = pytest.mark.usefixtures("_double")
LENGTHS = torch.tensor([5, 0, 3, 1])


def both_ways(build, input_size=2):
    return Bidirectional(Recurrent(build(input_size, 3)), Recurrent(build(input_size, 3)))


def test_stack_is_layer_after_layer(build_cell):
    below = both_ways(build_cell)
    above = Recurrent(build_cell(below.output_size, 3))
    x = torch.randn(4, 5, 2)
    y_below, state_below = below(x, lengths=LENGTHS)
    y_above, state_above = above(y_below, lengths=LENGTHS)
    stack = Stack([below, above])
    torch.testing.assert_close(stack(x, lengths=LENGTHS), (y_above, (state_below, state_above)))
    assert (stack.input_size, stack.output_size) == (2, above.output_size)


def test_stack_goes_on_from_its_state(build_cell):
    stack, x = Stack([Recurrent(build_cell(2, 3))]), torch.randn(4, 7, 2)
    stack.layers.append(Recurrent(build_cell(stack.output_size, 3)))
    whole, last = stack(x)
    first, between = stack(x[:, :3])
    second, end = stack(x[:, 3:], between)
    torch.testing.assert_close((torch.cat([first, second], dim=1), end), (whole, last))


def test_dropout_acts_between_layers_and_in_training_only():
    x = torch.randn(4, 5, 2)
    stack = recurrent_stack(partial(GRUCell, bias=False), 2, 3, num_layers=2, dropout=1.0)
    assert not stack(x)[0].any()
    assert stack.eval()(x)[0].any()
    single = recurrent_stack(partial(GRUCell, bias=False), 2, 3, dropout=1.0)
    assert single(x)[0].any()


def test_dropout_drops_that_share():
    stack = recurrent_stack(RNNCell, 2, 400, num_layers=2, dropout=0.3)
    seen = []
    stack.layers[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    stack(torch.randn(4, 5, 2))
    assert (seen[0] == 0).double().mean().item() == pytest.approx(0.3, abs=0.03)


@pytest.mark.parametrize("engine", ["loop", "vendor"])
def test_says_which_engines_run(engine):
    stack = recurrent_stack(LSTMCell, 2, [3, 4], bidirectional=True, engine=engine)
    assert stack.explain_engine(torch.randn(4, 5, 2)) == [Choice(engine, "asked for")] * 4


def test_says_it_from_the_input_upwards():
    ways = Bidirectional(Recurrent(ChoGRUCell(2, 3)), Recurrent(RNNCell(2, 3), "loop"))
    mixed = Stack([ways, Recurrent(MinGRUCell(6, 3))])
    for lengths in (None, LENGTHS):
        chosen = mixed.explain_engine(torch.randn(4, 5, 2), lengths=lengths)
        assert [choice.engine for choice in chosen] == ["fused", "loop", "parallel"]


@pytest.mark.parametrize(
    ("options", "inputs", "outputs", "size"),
    [
        ({"hidden_size": 3}, [2], [3], 3),
        ({"hidden_size": 3, "num_layers": 3}, [2, 3, 3], [3, 3, 3], 3),
        ({"hidden_size": [4, 3]}, [2, 4], [4, 3], 3),
        ({"hidden_size": (4, 3), "num_layers": 2, "bidirectional": True}, [2, 8], [8, 6], 6),
    ],
)
def test_builds_the_common_case(options, inputs, outputs, size):
    stack = recurrent_stack(LSTMCell, 2, **options)
    assert [layer.input_size for layer in stack.layers] == inputs
    assert [layer.output_size for layer in stack.layers] == outputs
    assert stack(torch.randn(4, 5, 2), lengths=LENGTHS)[0].shape == (4, 5, size)


def test_layers_above_a_projection_read_the_projection():
    stack = recurrent_stack(partial(LSTMCell, proj_size=2), 5, 3, num_layers=2, bidirectional=True)
    assert [layer.input_size for layer in stack.layers] == [5, 4]
    assert stack(torch.randn(4, 5, 5))[0].shape == (4, 5, 4)


def test_no_two_cells_share_parameters():
    stack = recurrent_stack(GRUCell, 3, 3, num_layers=2, bidirectional=True)
    cells = [module for module in stack.modules() if isinstance(module, GRUCell)]
    assert len(cells) == 4
    assert len({cell.weight_hh.data_ptr() for cell in cells}) == 4


def test_init_reaches_every_cell():
    stack = recurrent_stack(LSTMCell, 2, 3, num_layers=2, bidirectional=True, init=init.orthogonal)
    cells = [module for module in stack.modules() if isinstance(module, LSTMCell)]
    assert [cell.bias_ih[3:6].tolist() for cell in cells] == [[1.0] * 3] * 4


@pytest.mark.parametrize(("hidden_size", "num_layers"), [(3, 0), (3, -1), ([3, 4], 3), ([], 1), ([3, 4], 0)])
def test_refuses_contradictory_sizes(hidden_size, num_layers):
    message = f"num_layers={num_layers} contradicts hidden_size={hidden_size!r}"
    if hidden_size == []:
        message = "hidden_size must be at least 1, got []"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        recurrent_stack(GRUCell, 2, hidden_size, num_layers=num_layers)


def test_refuses_layers_that_do_not_fit():
    with pytest.raises(ValueError, match=r"^a layer of input size 4 lies on one of output 3$"):
        Stack([Recurrent(GRUCell(2, 3)), Recurrent(GRUCell(4, 3))])
    with pytest.raises(ValueError, match=r"^a stack needs at least one layer, got none$"):
        Stack([])
