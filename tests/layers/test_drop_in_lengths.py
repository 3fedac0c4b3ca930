"""Lengths in RNN, LSTM and GRU: torch's packed result, without packing, and for rows torch refuses."""

import math
import re

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils import _pytree as pytree

from seqmodels.layers.drop_in import GRU, LSTM, RNN

pytestmark = pytest.mark.usefixtures("_double")

KINDS = {
    "RNN": (RNN, nn.RNN, {"nonlinearity": "relu"}),
    "LSTM": (LSTM, nn.LSTM, {}),
    "LSTM-projected": (LSTM, nn.LSTM, {"proj_size": 2}),
    "GRU": (GRU, nn.GRU, {"bias": False}),
}
kinds = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
engines = pytest.mark.parametrize("engine", ["loop", "auto", "vendor"])
TIME = 5


def pair(kind, engine, **options):
    ours = kind[0](3, 4, num_layers=2, **kind[2], **options, engine=engine)
    theirs = kind[1](3, 4, num_layers=2, **kind[2], **options)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    return ours, theirs


def random_states(layer, rows, device=None):
    depth = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or 4, 4] if isinstance(layer, nn.LSTM) else [4]
    states = tuple(torch.randn(depth, rows, size, device=device, requires_grad=True) for size in sizes)
    return states if len(states) > 1 else states[0]


def by_packing(layer, x, hx, lengths):
    packed = pack_padded_sequence(x, lengths, batch_first=layer.batch_first, enforce_sorted=False)
    y, last = layer(packed, hx)
    return pad_packed_sequence(y, batch_first=layer.batch_first, total_length=TIME)[0], last


@kinds
@engines
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_is_torchs_packed_result(kind, batch_first, bidirectional, engine, device, gradients):
    ours, theirs = pair(kind, engine, batch_first=batch_first, bidirectional=bidirectional, device=device)
    shape = (4, TIME, 3) if batch_first else (TIME, 4, 3)
    x, hx = torch.randn(shape, device=device, requires_grad=True), random_states(ours, 4, device)
    lengths = torch.tensor([2, 5, 1, 2])
    results = ours(x, hx, lengths=lengths), by_packing(theirs, x, hx, lengths)
    torch.testing.assert_close(*results, check_stride=False)
    leaves = [x, *pytree.tree_leaves(hx)]
    torch.testing.assert_close(
        gradients(results[0], [*leaves, *ours.parameters()]),
        gradients(results[1], [*leaves, *theirs.parameters()]),
    )
    torch.testing.assert_close(
        ours(x, lengths=lengths.to(device)), by_packing(theirs, x, None, lengths), check_stride=False
    )


@kinds
@engines
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_row_is_what_it_is_alone(kind, bidirectional, engine):
    ours, theirs = pair(kind, engine, bidirectional=bidirectional, batch_first=True)
    x, hx, lengths = torch.randn(5, TIME, 3), random_states(ours, 5), [0, 3, 5, 0, 1]
    for row, length in enumerate(lengths):
        x[row, length:] = math.nan
    y, last = ours(x, hx, lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        own_state = pytree.tree_map(lambda part, row=row: part[:, row : row + 1].contiguous(), hx)
        mine = pytree.tree_map(lambda part, row=row: part[:, row : row + 1], last)
        assert not y[row, length:].any()
        if length == 0:
            torch.testing.assert_close(mine, own_state, rtol=0, atol=0)
            continue
        expected_y, expected_last = theirs(x[row : row + 1, :length], own_state)
        torch.testing.assert_close(y[row : row + 1, :length], expected_y)
        torch.testing.assert_close(mine, expected_last)


@engines
def test_nothing_flows_from_the_padding(engine, gradients):
    layer, _ = pair(KINDS["LSTM"], engine, bidirectional=True, batch_first=True)
    x = torch.full((2, TIME, 3), math.inf)
    x[0], x[1, :2] = torch.randn(TIME, 3), torch.randn(2, 3)
    x.requires_grad_()
    of_x, *of_parameters = gradients(layer(x, lengths=torch.tensor([TIME, 2])), [x, *layer.parameters()])
    assert not of_x[1, 2:].any()
    assert all(gradient.isfinite().all() for gradient in (of_x, *of_parameters))


@pytest.mark.parametrize("engine", ["loop", "auto"])
def test_no_time_leaves_the_state(engine):
    layer, _ = pair(KINDS["LSTM"], engine, bidirectional=True)
    hx = random_states(layer, 2)
    y, last = layer(torch.randn(0, 2, 3), hx, lengths=torch.zeros(2, dtype=torch.int64))
    assert y.shape == (0, 2, 8)
    torch.testing.assert_close(last, hx, rtol=0, atol=0)


def test_an_empty_input_is_not_for_the_vendor():
    layer, _ = pair(KINDS["GRU"], "vendor")
    message = 'engine="vendor" cannot run here: torch\'s kernels take no empty input'
    with pytest.raises(ValueError, match=f"^{message}$"):
        layer(torch.randn(0, 2, 3), lengths=torch.zeros(2, dtype=torch.int64))


def test_the_arguments_exclude_each_other():
    layer, _ = pair(KINDS["GRU"], "auto")
    packed = pack_padded_sequence(torch.randn(TIME, 2, 3), torch.tensor([5, 2]))
    message = "a PackedSequence has its own lengths, got lengths=[5, 2] besides"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer(packed, lengths=torch.tensor([5, 2]))
    message = f"lengths need a batch: expected a 3-D input, got one of shape {(TIME, 3)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer(torch.randn(TIME, 3), lengths=torch.tensor([5]))


@pytest.mark.usefixtures("_unannotated")
@engines
def test_names_the_lengths_it_expects(engine):
    layer, _ = pair(KINDS["GRU"], engine)
    message = "expected one integer length for each of 2 rows, got torch.int64 of shape (3,)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer(torch.randn(TIME, 2, 3), lengths=torch.tensor([1, 2, 3]))


@kinds
def test_a_wrong_state_is_called_so_in_torchs_words(kind):
    ours, theirs = pair(kind, "auto")
    x, hx = torch.randn(TIME, 2, 3), random_states(ours, 3)
    with pytest.raises(RuntimeError) as expected:
        theirs(x, hx)
    with pytest.raises(RuntimeError, match=f"^{re.escape(str(expected.value))}$"):
        ours(x, hx, lengths=torch.tensor([5, 2]))


@pytest.mark.parametrize("lengths", [None, torch.tensor([5, 2])], ids=["whole", "lengths"])
def test_dropout_acts_between_layers_and_in_training_only(lengths):
    layer = LSTM(3, 4, num_layers=2, dropout=1.0, bias=False, engine="loop")
    x = torch.randn(TIME, 2, 3)
    y, (h_n, _) = layer(x, lengths=lengths)
    assert not y.any()
    assert h_n[0].any()
    assert not h_n[1].any()
    plain = LSTM(3, 4, num_layers=2, bias=False, engine="loop")
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer.eval()(x, lengths=lengths), plain(x, lengths=lengths))
