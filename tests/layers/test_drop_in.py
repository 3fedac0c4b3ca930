"""RNN, LSTM and GRU are torch.nn's by every engine."""

import itertools
import re

import pytest
import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence
from torch.utils import _pytree as pytree

from seqmodels.layers.drop_in import GRU, LSTM, RNN

pytestmark = pytest.mark.usefixtures("_double")

KINDS = {
    "RNN": (RNN, nn.RNN, {}),
    "RNN-relu": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (LSTM, nn.LSTM, {}),
    "LSTM-projected": (LSTM, nn.LSTM, {"proj_size": 2}),
    "GRU": (GRU, nn.GRU, {}),
}
SWITCHES = [
    {"batch_first": first, "bidirectional": both, "num_layers": layers, "bias": bias}
    for first, both, layers, bias in itertools.product([False, True], [False, True], [1, 2], [True, False])
]
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
engines = pytest.mark.parametrize("engine", ["auto", "loop"])


def pair(kind, engine="loop", device="cpu", **options):
    """Ours and theirs with the same parameters."""
    ours_class, theirs_class, own = kind
    ours = ours_class(3, 4, **own, **options, engine=engine, device=device)
    theirs = theirs_class(3, 4, **own, **options, device=device)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def inputs_for(layer, batch=2, time=5):
    """A random input and random states in the layer's own layout; without a batch if `batch` is None."""
    rows = () if batch is None else (batch,)
    device = layer.weight_ih_l0.device
    shape = (*rows, time, 3) if layer.batch_first or batch is None else (time, *rows, 3)
    depth = layer.num_layers * (2 if layer.bidirectional else 1)
    x = torch.randn(shape, device=device, requires_grad=True)
    sizes = [layer.proj_size or 4, 4] if isinstance(layer, nn.LSTM) else [4]
    states = tuple(torch.randn(depth, *rows, size, device=device, requires_grad=True) for size in sizes)
    return x, states if len(states) > 1 else states[0]


def assert_same(ours, theirs, inputs, gradients):
    """Same outputs, structure and gradients."""
    results = ours(*inputs), theirs(*inputs)
    assert [type(part) for part in results[0]] == [type(part) for part in results[1]]
    torch.testing.assert_close(*results, check_stride=False)
    leaves = [tensor for tensor in pytree.tree_leaves(inputs) if tensor is not None and tensor.requires_grad]
    derivatives = [
        gradients(result, [*leaves, *module.parameters()])
        for result, module in zip(results, (ours, theirs), strict=True)
    ]
    torch.testing.assert_close(*derivatives)


@kinds
@engines
@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "-".join(k for k, v in s.items() if v not in (False, 1)))
def test_equals_torch(kind, switches, engine, device, gradients):
    ours, theirs = pair(kind, engine, device, **switches)
    x, hx = inputs_for(ours)
    assert_same(ours, theirs, (x, hx), gradients)
    torch.testing.assert_close(ours(x), theirs(x))


@kinds
@engines
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_equals_torch_without_a_batch(kind, batch_first, bidirectional, engine, gradients):
    ours, theirs = pair(kind, engine, batch_first=batch_first, bidirectional=bidirectional, num_layers=2)
    x, hx = inputs_for(ours, batch=None)
    assert_same(ours, theirs, (x, hx), gradients)
    torch.testing.assert_close(ours(x), theirs(x))


@kinds
@engines
@pytest.mark.parametrize(("batch_first", "bidirectional"), [(False, False), (True, True)])
@pytest.mark.parametrize("lengths", [[5, 3, 3, 1], [2, 5, 1, 2]], ids=["sorted", "unsorted"])
def test_equals_torch_on_packed_sequences(kind, lengths, batch_first, bidirectional, engine, gradients):
    ours, theirs = pair(kind, engine, batch_first=batch_first, bidirectional=bidirectional, num_layers=2)
    x, hx = inputs_for(ours, batch=4)
    packed = pack_padded_sequence(
        x, torch.tensor(lengths), batch_first=batch_first, enforce_sorted=lengths == sorted(lengths)[::-1]
    )
    results = ours(packed, hx), theirs(packed, hx)
    assert isinstance(results[0][0], PackedSequence)
    for mine, other in zip(*(result[0] for result in results), strict=True):
        assert mine is other or torch.allclose(mine, other)
    torch.testing.assert_close(results[0][1], results[1][1])
    states = pytree.tree_leaves(hx)
    derivatives = [
        gradients((y.data, last), [x, *states, *module.parameters()])
        for (y, last), module in zip(results, (ours, theirs), strict=True)
    ]
    torch.testing.assert_close(*derivatives)
    torch.testing.assert_close(ours(packed)[0].data, theirs(packed)[0].data)


@engines
def test_a_packed_list_comes_back_packed(engine):
    ours, theirs = pair(KINDS["GRU"], engine)
    packed = pack_sequence([torch.randn(length, 3) for length in (2, 4, 1)], enforce_sorted=False)
    y, h_n = ours(packed)
    torch.testing.assert_close((y.data, h_n), (theirs(packed)[0].data, theirs(packed)[1]))


@kinds
@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_derivatives_by_the_loop(kind, check):
    layer, _ = pair(kind, num_layers=2, bidirectional=True)
    x, hx = inputs_for(layer, batch=1, time=2)

    def run(x, *_):
        y, last = layer(x, hx)
        return y, *pytree.tree_leaves(last)

    assert check(run, (x, *pytree.tree_leaves(hx), *layer.parameters()), fast_mode=True)


@engines
def test_the_output_of_a_time_first_layer_is_contiguous_as_torchs(engine):
    ours, theirs = pair(KINDS["GRU"], engine, bidirectional=True)
    x, _ = inputs_for(ours)
    assert ours(x)[0].is_contiguous()
    assert theirs(x)[0].is_contiguous()


@engines
def test_states_may_come_in_a_list(engine):
    ours, theirs = pair(KINDS["LSTM"], engine)
    x, hx = inputs_for(ours)
    torch.testing.assert_close(ours(x, list(hx)), theirs(x, list(hx)))
    torch.testing.assert_close(ours(x, list(hx), lengths=torch.tensor([5, 5])), theirs(x, hx))


def outcome(module, *inputs):
    """The kind and the words of the error that a call raises."""
    with pytest.raises((ValueError, RuntimeError, IndexError)) as raised:
        module(*inputs)
    return raised.type, str(raised.value)


@kinds
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("shape", [(3,), (2, 5, 4), (5, 4), (1, 2, 5, 3), (0, 2, 3), (2, 0, 3), (0, 3)], ids=str)
def test_a_wrong_input_is_called_so_in_torchs_words(kind, shape, batch_first):
    ours, theirs = pair(kind, "loop", batch_first=batch_first)
    x = torch.randn(shape)
    if shape in ((0, 2, 3), (2, 0, 3)) and shape[0 if batch_first else 1] == 0:
        torch.testing.assert_close(ours(x), theirs(x))  # no rows is no mistake
        return
    assert outcome(ours, x) == outcome(theirs, x)


@kinds
@pytest.mark.parametrize(
    ("x", "state"),
    [
        ((5, 2, 3), (1, 3)),
        ((5, 2, 3), (3, 2)),
        ((5, 2, 3), (1,)),
        ((5, 3), (1, 2)),
        ((5, 3), (3,)),
        ((5, 3), ()),
    ],
    ids=str,
)
def test_a_wrong_state_is_called_so_in_torchs_words(kind, x, state):
    ours, theirs = pair(kind, "loop")
    h, c = torch.randn(*state, ours.proj_size or 4), torch.randn(*state, 4)
    hx = (h, c) if isinstance(ours, nn.LSTM) else h
    assert outcome(ours, torch.randn(x), hx) == outcome(theirs, torch.randn(x), hx)


@kinds
def test_a_wrong_dtype_is_called_so_in_torchs_words(kind):
    ours, theirs = pair(kind, "loop")
    x = torch.randn(5, 2, 3, dtype=torch.float32)
    assert outcome(ours, x) == outcome(theirs, x)


def test_no_rows_are_no_mistake_with_lengths():
    layer = LSTM(3, 4, num_layers=2, bidirectional=True)
    y, (h_n, c_n) = layer(torch.randn(5, 0, 3), lengths=torch.zeros(0, dtype=torch.int64))
    assert (y.shape, h_n.shape, c_n.shape) == ((5, 0, 8), (4, 0, 4), (4, 0, 4))


def test_the_vendor_is_torch():
    ours, theirs = pair(KINDS["LSTM"], "vendor")
    x, hx = inputs_for(ours)
    torch.testing.assert_close(ours(x, hx), theirs(x, hx), rtol=0, atol=0)


@pytest.mark.usefixtures("_unannotated")
def test_names_the_engines_there_are():
    with pytest.raises(ValueError, match=r"^engine must be one of auto, loop, .*, got 'cudnn'$"):
        LSTM(3, 4, engine="cudnn")(torch.randn(5, 2, 3))


def test_the_constructor_is_torchs():
    with pytest.raises(ValueError, match="proj_size argument is only supported for LSTM"):
        GRU(3, 4, proj_size=2)
    with pytest.raises(ValueError, match=re.escape("Unknown nonlinearity 'tan'")):
        RNN(3, 4, 1, "tan")
    assert RNN(3, 4, 1, "relu", False, True).batch_first
    with pytest.warns(UserWarning, match="dropout option adds dropout"):
        LSTM(3, 4, dropout=0.5)
