"""Computing again on the way back gives the same for less memory."""

import copy

import pytest
import torch
from torch import nn
from torch.autograd import gradgradcheck
from torch.func import functional_call

from seqmodels.benchmark.user_cells import PeepholeLSTMCell
from seqmodels.cells import GRUCell, LSTMCell, RNNCell
from seqmodels.layers import Recurrent, recurrent_stack
from seqmodels.layers.engines import AT_ONCE, run
from seqmodels.layers.engines.fused.recurrence import EQUATIONS
from tests.layers.executions import RUNS, every_pair, example, widest

pytestmark = [
    pytest.mark.usefixtures("_compiled"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]
TIME = 7


def layers(cell, every=3, engine="auto"):
    """The same layer with and without storing everything."""
    return Recurrent(cell, engine, checkpoint_every=every), Recurrent(cell, engine)


@every_pair
@pytest.mark.parametrize("every", [1, 3, TIME, TIME + 5])
@pytest.mark.parametrize("lengths", [None, [2, 7, 0, 3]], ids=str)
def test_is_the_whole(engine, name, every, lengths, gradients, assert_same):
    cell, x, state = example(name, widest(engine), time=TIME)
    lengths, outcomes = None if lengths is None else torch.tensor(lengths), []
    for layer in layers(cell, every, engine):
        result = layer(x, state, lengths=lengths)
        outcomes.append((result, gradients(result, [x, *state, *cell.parameters()])))
    assert_same(*outcomes)


@pytest.mark.parametrize(("engine", "name"), [(engine, name) for engine in AT_ONCE for name in RUNS[engine]])
@pytest.mark.parametrize("lengths", [None, [2, 7, 0, 3], [0, 0, 0, 0]], ids=str)
def test_with_known_outputs_no_step_is_taken(engine, name, lengths, gradients, assert_same, monkeypatch):
    cell, x, state = example(name, widest(engine), time=TIME)
    lengths = None if lengths is None else torch.tensor(lengths)
    whole = run(cell, x, state, lengths, engine)
    expected = whole, gradients(whole, [x, *state, *cell.parameters()])
    for equations in EQUATIONS.values():
        monkeypatch.setattr(equations, "forward", None)
    again = run(cell, x, state, lengths, engine, outputs=whole[0].detach())
    assert_same((again, gradients(again, [x, *state, *cell.parameters()])), expected)


@pytest.mark.parametrize("build", [RNNCell, GRUCell])
def test_the_way_forward_is_gone_once_where_outputs_suffice(build, monkeypatch):
    (layer, _), x = layers(build(2, 3)), torch.randn(4, TIME, 2, requires_grad=True)
    y, _ = layer(x)
    for equations in EQUATIONS.values():
        monkeypatch.setattr(equations, "forward", None)
    y.sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize("build", [GRUCell, PeepholeLSTMCell])
def test_padding_is_never_read(build, gradients, assert_same):
    cell, x, lengths = build(2, 3).double(), torch.randn(3, TIME, 2, dtype=torch.float64), torch.tensor([7, 4, 0])
    x[1, 4:], x[2] = torch.nan, torch.nan
    outcomes = []
    for layer in layers(cell):
        result = layer(x.requires_grad_(), lengths=lengths)
        outcomes.append((result, gradients(result, [x, *cell.parameters()])))
    assert_same(*outcomes)
    assert all(part.isfinite().all() for part in outcomes[0][1])


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("dtype", [torch.int32, torch.uint8])
def test_lengths_of_any_integer_type(dtype, assert_same):
    (one, other), x = layers(GRUCell(2, 3)), torch.randn(3, TIME, 2)
    assert_same(one(x, lengths=torch.tensor([1, 7, 4], dtype=dtype)), other(x, lengths=torch.tensor([1, 7, 4])))


@pytest.mark.parametrize("engine", ["auto", "loop", "fused"])
@pytest.mark.parametrize("frozen", [["weight_ih"], ["weight_hh", "bias_hh"], ["bias_ih"]], ids=str)
@pytest.mark.parametrize("needs_x", [True, False])
def test_frozen_parameters_get_no_gradient(engine, frozen, needs_x, assert_same):
    cell, x = GRUCell(2, 3).double(), torch.randn(4, TIME, 2, dtype=torch.float64, requires_grad=needs_x)
    for name in frozen:
        getattr(cell, name).requires_grad_(False)
    grads = []
    for layer in layers(cell, 3, engine):
        layer(x)[0].square().sum().backward()
        grads.append([part.grad for part in (x, *cell.parameters())])
        for part in (x, *cell.parameters()):
            part.grad = None
    assert [grad is None for grad in grads[0]] == [not part.requires_grad for part in (x, *cell.parameters())]
    assert_same(*([grad for grad in one if grad is not None] for one in grads))


@pytest.mark.parametrize("wanted", ["x", "h"])
def test_only_the_input_or_the_state_wants_a_gradient(wanted, assert_same):
    cell, x, state = example("GRUCell", torch.float64, time=TIME)
    cell.requires_grad_(False)
    (state.h if wanted == "x" else x).requires_grad_(False)
    part = x if wanted == "x" else state.h
    found = [torch.autograd.grad(layer(x, state)[0].square().sum(), part) for layer in layers(cell)]
    assert_same(*found)


@pytest.mark.parametrize("build", [LSTMCell, PeepholeLSTMCell])
@pytest.mark.parametrize("lengths", [None, [4, 0, 1]], ids=str)
def test_second_derivatives(build, lengths, assert_same):
    cell, x = build(1, 2).double(), torch.randn(3, 4, 1, dtype=torch.float64, requires_grad=True)
    lengths = None if lengths is None else torch.tensor(lengths)
    one, other = layers(cell, 2)
    assert gradgradcheck(lambda x, *_: one(x, lengths=lengths)[0], (x, *cell.parameters()), fast_mode=True)
    seconds = []
    for layer in (one, other):
        first = torch.autograd.grad(layer(x, lengths=lengths)[0].sum(), [x, *cell.parameters()], create_graph=True)
        seconds.append(torch.autograd.grad(sum(part.square().sum() for part in first), [x, *cell.parameters()]))
    assert_same(*seconds)


class Forgetful(RNNCell):
    """Drops a part of its state at each step."""

    def step(self, drive_t, state):
        """With a new mask."""
        dropped = nn.functional.dropout(state.h, 0.5)
        return super().step(drive_t, state._replace(h=dropped))


@pytest.mark.parametrize("again", [False, True], ids=["once", "second derivative"])
def test_what_is_random_is_drawn_once(again, assert_same):
    cell, x = Forgetful(2, 30).double(), torch.randn(4, TIME, 2, dtype=torch.float64, requires_grad=True)
    outcomes = []
    for layer in layers(cell):
        torch.manual_seed(3)
        y, _ = layer(x)
        torch.rand(5)  # what else happens before the way back
        torch.manual_seed(4)
        grads = torch.autograd.grad(y.square().sum(), [x, *cell.parameters()], create_graph=again)
        outcomes.append((y, grads, torch.rand(1)))
    assert_same(*outcomes)
    assert not torch.equal(layers(cell)[0](x)[0], outcomes[0][0])


@pytest.mark.parametrize("engine", ["auto", "loop"])
def test_parameters_are_those_of_the_way_forward(engine, assert_same):
    cell, x = GRUCell(2, 3), torch.randn(4, TIME, 2)
    found = []
    for layer in layers(cell, 3, engine):
        others = {name: (3 * p.detach()).requires_grad_() for name, p in layer.named_parameters()}
        y, _ = functional_call(layer, others, (x,))
        found.append(torch.autograd.grad(y.square().sum(), list(others.values())))
    assert_same(*found)


def test_a_parameter_changed_in_between_is_noticed():
    layer, _ = layers(GRUCell(2, 3))
    y, _ = layer(torch.randn(4, TIME, 2))
    with torch.no_grad():
        layer.cell.weight_hh.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("build", [GRUCell, PeepholeLSTMCell])
def test_autocast_holds_on_the_way_back(build, assert_same):
    cell, x, found = build(20, 30), torch.randn(4, TIME, 20), []
    for layer in layers(cell, TIME, "loop"):
        with torch.autocast("cpu", torch.bfloat16):
            y, _ = layer(x)
        found.append(torch.autograd.grad(y.float().square().sum(), list(cell.parameters())))
    assert_same(*found, 1e-6)


def test_nothing_is_stored_where_nothing_is_asked_for(assert_same):
    (one, other), x = layers(GRUCell(2, 3)), torch.randn(4, TIME, 2)
    with torch.no_grad():
        found = one(x)
    assert not found[0].requires_grad
    assert_same(found, other(x))


@pytest.mark.parametrize("shape", [(0, 5, 2), (4, 0, 2)])
def test_empty_inputs(shape, gradients, assert_same):
    cell, x, outcomes = GRUCell(2, 3), torch.randn(shape, requires_grad=True), []
    for layer in layers(cell):
        result = layer(x)
        outcomes.append((result, gradients(result, [x, *cell.parameters()])))
    assert_same(*outcomes)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("every", [0, -2])
def test_refuses_less_than_one_step(every):
    with pytest.raises(ValueError, match=f"^checkpoint_every must be at least 1 step, got {every}$"):
        Recurrent(GRUCell(2, 3), checkpoint_every=every)


def test_reaches_every_layer_and_direction(gradients, assert_same):
    options = {"num_layers": 2, "bidirectional": True}
    stack, x = recurrent_stack(GRUCell, 2, 3, checkpoint_every=2, **options).double(), torch.randn(4, TIME, 2).double()
    plain, lengths = recurrent_stack(GRUCell, 2, 3, **options).double(), torch.tensor([7, 2, 0, 5])
    plain.load_state_dict(stack.state_dict())
    assert [m.checkpoint_every for m in stack.modules() if isinstance(m, Recurrent)] == [2] * 4
    outcomes = []
    for layer in (stack, plain):
        result = layer(x, lengths=lengths)
        outcomes.append((result, gradients(result, list(layer.parameters()))))
    assert_same(*outcomes)
    assert_same(copy.deepcopy(stack)(x), plain(x))


def kept_bytes(layer, x):
    """What the graph of a call holds on to, besides its input and its parameters."""
    storages = {}

    def note(tensor):
        storages[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        y, last = layer(x)
    own = {part.untyped_storage().data_ptr() for part in (x, y, *last, *layer.parameters())}
    return sum(size for pointer, size in storages.items() if pointer not in own)


@pytest.mark.parametrize("engine", ["loop", "fused", "vendor"])
def test_keeps_a_fraction(engine):
    cell, x = GRUCell(4, 8), torch.randn(2, 400, 4)
    checkpointed, whole = (kept_bytes(layer, x) for layer in layers(cell, 20, engine))
    assert 0 < checkpointed <= 20 * 2 * 8 * 4  # a state of (2, 8) float32 numbers for each of 20 segments
    assert whole > 8 * checkpointed
