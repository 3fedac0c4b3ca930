"""Lengths mean the same in every integer type and container, wherever they are taken."""

import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmodels.cells import GRUCell, LSTMCell, MinGRUCell, RNNCell
from seqmodels.layers import Bidirectional, Recurrent, Stack, recurrent_stack, reverse, scan
from seqmodels.layers.attention import Additive
from seqmodels.layers.drop_in import GRU, LSTM, RNN
from seqmodels.layers.head import Head
from seqmodels.layers.lengths import read_lengths
from seqmodels.layers.pooling import Attention, Last, Max, Mean
from seqmodels.layers.scan import last_valid

pytestmark = pytest.mark.usefixtures("_double")
TIME = 4
TENSOR_TYPES = [
    *(torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.uint8, torch.uint16, torch.uint32, torch.uint64),
]
ARRAY_TYPES = [*(f"{kind}{size}" for kind in "iu" for size in (1, 2, 4, 8)), ">i4", ">u2"]
WAYS = {
    **{str(dtype): lambda values, dtype=dtype: torch.tensor(values).to(dtype) for dtype in TENSOR_TYPES},
    **{f"array of {dtype}": lambda values, dtype=dtype: np.array(values, dtype) for dtype in ARRAY_TYPES},
    "list": list,
    "tuple": tuple,
    "list of scalars of NumPy": lambda values: list(np.array(values, "u1")),
    "list of tensors": lambda values: list(torch.tensor(values).to(torch.uint8)),
    "array that is not contiguous": lambda values: np.repeat(np.array(values), 2)[::2],
    "array that is read only": lambda values: np.frombuffer(np.array(values).tobytes(), np.int64),
}
ways = st.sampled_from(list(WAYS))
rows = st.lists(st.integers(0, TIME), min_size=1, max_size=4)


def by_engine(cell, engine):
    return Recurrent(cell(2, 3), engine)


class TimeFirst(LSTM):
    def __init__(self):
        super().__init__(2, 3)

    def forward(self, x, hx=None, *, lengths=None):
        return super().forward(x.transpose(0, 1), hx, lengths=lengths)


LAYERS = {
    "RNN": lambda: RNN(2, 3, batch_first=True),
    "LSTM": lambda: LSTM(2, 3, num_layers=2, bidirectional=True, batch_first=True),
    "LSTM-time-first": TimeFirst,
    "GRU": lambda: GRU(2, 3, batch_first=True),
    "Bidirectional": lambda: Bidirectional(Recurrent(GRUCell(2, 3)), Recurrent(RNNCell(2, 3))),
    "Stack": lambda: Stack([Recurrent(LSTMCell(2, 3)), Recurrent(MinGRUCell(3, 3))]),
    "checkpointed": lambda: recurrent_stack(GRUCell, 2, 3, checkpoint_every=2),
    **{f"{e}-{c.__name__}": lambda e=e, c=c: by_engine(c, e) for e in ("loop", "fused", "vendor", "derived", "auto")
       for c in (RNNCell, LSTMCell, GRUCell)},
    "parallel": lambda: by_engine(MinGRUCell, "parallel"),
}  # fmt: skip


@pytest.mark.parametrize("build", LAYERS.values(), ids=LAYERS)
def test_layers_take_them_all_alike(build):
    layer = build()

    @settings(max_examples=8)
    @given(rows, ways)
    def check(lengths, way):
        x = torch.randn(len(lengths), TIME, 2)
        given = layer(x, lengths=WAYS[way](lengths)), layer(x, lengths=torch.tensor(lengths))
        torch.testing.assert_close(*given, rtol=0, atol=0)

    check()


def looked_up(y, lengths):
    attention = Additive(3, 3)
    torch.nn.init.ones_(attention.key.weight)
    return attention.remember(y, lengths).valid


def same_each_time(module):
    for parameter in module.parameters():
        torch.nn.init.constant_(parameter, 0.5)
    return module


LAYER = Recurrent(GRUCell(2, 3))
REDUCTIONS = {
    "scan": lambda x, lengths: scan(LAYER.cell.double(), x[..., :2], lengths=lengths),
    "reverse": reverse,
    "last_valid": last_valid,
    "summary of a stack": lambda y, lengths: Stack([LAYER]).summary(y, lengths),
    "summary of both directions": lambda y, lengths: Bidirectional(Recurrent(GRUCell(2, 1)), Recurrent(GRUCell(2, 2)))
    .summary(y, lengths),
    "attention": looked_up,
    "pooling.Last": Last(LAYER),
    "pooling.Mean": Mean(LAYER),
    "pooling.Max": Max(LAYER),
    "pooling.Attention": same_each_time(Attention(LAYER)).double(),
    "head": same_each_time(Head(3, 2, pooling=Mean(LAYER))).double(),
}  # fmt: skip


@pytest.mark.parametrize("reduce", REDUCTIONS.values(), ids=REDUCTIONS)
@settings(max_examples=10)
@given(lengths=rows, way=ways)
def test_what_reads_outputs_takes_them_all_alike(reduce, lengths, way):
    y = torch.randn(len(lengths), TIME, 3)
    given = reduce(y, WAYS[way](lengths)), reduce(y, torch.tensor(lengths))
    torch.testing.assert_close(*given, rtol=0, atol=0)


WRONG = {
    "floats": (torch.tensor([1.0, 2.0]), "expected one integer length for each of 2 rows, got torch.float32 of shape"),
    "flags": (torch.tensor([True, True]), "expected one integer length for each of 2 rows, got torch.bool of shape"),
    "complex": (torch.ones(2) * 1j, "expected one integer length for each of 2 rows, got torch.complex64 of shape"),
    "two dimensions": (
        torch.ones(2, 1).long(),
        "expected one integer length for each of 2 rows, got torch.int64 of shape (2, 1)",
    ),
    "a number": (torch.tensor(2), "expected one integer length for each of 2 rows, got torch.int64 of shape ()"),
    "too many": (torch.ones(3).long(), "expected one integer length for each of 2 rows, got torch.int64 of shape (3,)"),
    "array of floats": (np.ones(2), "expected one integer length for each of 2 rows, got float64 of shape (2,)"),
    "array of flags": (np.ones(2, bool), "expected one integer length for each of 2 rows, got bool of shape (2,)"),
    "short array": (np.ones(1, int), "expected one integer length for each of 2 rows, got int64 of shape (1,)"),
    "list of floats": ([1, 2.0], "expected one integer length for each of 2 rows, got float 2.0 among them"),
    "list of flags": ([1, True], "expected one integer length for each of 2 rows, got bool True among them"),
    "list of texts": (["1", 2], "expected one integer length for each of 2 rows, got str '1' among them"),
    "list of lists": ([[1], [2]], "expected one integer length for each of 2 rows, got list [1] among them"),
    "short list": ([1], "expected one integer length for each of 2 rows, got 1"),
    "no list": ([], "expected one integer length for each of 2 rows, got 0"),
    "negative": ([1, -1], "lengths must lie between 0 and 4, got -1 to 1"),
    "too long": (np.array([1, 5], "u1"), "lengths must lie between 0 and 4, got 1 to 5"),
    "too long for a byte": (
        torch.tensor([1, 255], dtype=torch.uint8),
        "lengths must lie between 0 and 4, got 1 to 255",
    ),
}


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize(("lengths", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("take", [lambda x, n: LSTM(2, 3, batch_first=True)(x, lengths=n),
                                  lambda x, n: Recurrent(GRUCell(2, 3))(x, lengths=n),
                                  Mean(LAYER)], ids=["LSTM", "Recurrent", "Mean"])  # fmt: skip
def test_wrong_ones_are_named(lengths, message, take):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        take(torch.randn(2, TIME, 2), lengths)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("lengths", [3, "34", {3, 4}, iter([3, 4])])
def test_what_is_no_sequence_is_named(lengths):
    message = f"expected lengths as a tensor, array, list or tuple, got {type(lengths).__name__}"
    with pytest.raises(TypeError, match=f"^{message}$"):
        GRU(2, 3, batch_first=True)(torch.randn(2, TIME, 2), lengths=lengths)


def test_int64_is_taken_as_it_is():
    lengths = torch.tensor([3, 1])
    assert read_lengths(lengths, torch.zeros(2, 3, 1)) is lengths
    assert read_lengths(None, torch.zeros(2, 3, 1)) is None


def test_nothing_is_given_for_no_rows():
    assert read_lengths([], torch.zeros(0, 3, 1)).shape == (0,)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("dtype", TENSOR_TYPES[:5])
def test_a_graph_takes_any_integer_type(dtype):
    torch.compiler.reset()
    layer, x = Recurrent(GRUCell(2, 3)), torch.randn(3, TIME, 2)
    run = torch.compile(layer, fullgraph=True, backend="aot_eager")
    lengths = torch.tensor([4, 0, 2])
    torch.testing.assert_close(run(x, lengths=lengths.to(dtype)), layer(x, lengths=lengths))


@pytest.mark.parametrize("dtype", TENSOR_TYPES[:5])
def test_a_transform_takes_any_integer_type(dtype):
    layer, x = Recurrent(LSTMCell(2, 3)), torch.randn(2, 3, TIME, 2)
    lengths = torch.tensor([[4, 0, 2], [1, 2, 3]])
    mapped = torch.vmap(lambda x, lengths: layer(x, lengths=lengths)[0])(x, lengths.to(dtype))
    expected = [layer(part, lengths=n)[0] for part, n in zip(x, lengths, strict=True)]
    torch.testing.assert_close(mapped, torch.stack(expected))
