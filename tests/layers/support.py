"""The rows and columns of the table in `docs/support.md`: layers, and functions that fail where a use does not work."""

import copy
import pickle
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.autograd import gradcheck, gradgradcheck
from torch.func import functional_call, grad, jvp, vmap
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqmodels.benchmark.user_cells import PeepholeLSTMCell
from seqmodels.cells import ChoGRUCell, GRUCell, LSTMCell, MinGRUCell, RNNCell
from seqmodels.layers import Bidirectional, Recurrent, Stack, recurrent_stack
from seqmodels.layers.drop_in import GRU, LSTM, RNN


class Row(NamedTuple):
    """A layer that takes (batch, time, 2), perhaps with lengths."""

    build: Callable[..., nn.Module]
    ragged: bool = False


def recurrent(cell):
    """One direction of a cell."""
    return Row(lambda **options: Recurrent(cell(2, 3), **options))


def drop_in(kind):
    """In the place of torch.nn's, two layers in both directions."""
    return Row(lambda **o: kind(2, 3, num_layers=2, bidirectional=True, dropout=1.0, batch_first=True, **o), True)


def both_ways(**options):
    """Two cells of different kinds."""
    return Bidirectional(Recurrent(LSTMCell(2, 3), **options), Recurrent(GRUCell(2, 3), **options))


def dropping(**options):
    """With a dropout that lets nothing pass: whatever leaves it out is found out, and there is nothing random."""
    return Stack([Recurrent(LSTMCell(2, 3), **options), Recurrent(GRUCell(3, 3), **options)], dropout=1.0)


ROWS = {
    "`Recurrent(RNNCell)`": recurrent(RNNCell),
    "`Recurrent(LSTMCell)`": recurrent(LSTMCell),
    "`Recurrent(GRUCell)`": recurrent(GRUCell),
    "`Recurrent(ChoGRUCell)`": recurrent(ChoGRUCell),
    "`Recurrent(MinGRUCell)`": recurrent(MinGRUCell),
    "`Recurrent` of a cell of one's own": recurrent(PeepholeLSTMCell),
    "`Bidirectional`": Row(both_ways),
    "`Stack` with dropout": Row(dropping),
    "`recurrent_stack` with lengths": Row(
        lambda **o: recurrent_stack(GRUCell, 2, 3, num_layers=2, bidirectional=True, **o), ragged=True
    ),
    "drop-in `RNN`": drop_in(RNN),
    "drop-in `LSTM`": drop_in(LSTM),
    "drop-in `GRU`": drop_in(GRU),
}


DROP_INS = [name for name in ROWS if name.startswith("drop-in")]


def inputs(row, batch=3, time=5, dtype=torch.float32):
    """A batch, and lengths where the row has them."""
    lengths = torch.randint(0, time + 1, (batch,)) if row.ragged else None
    return torch.randn(batch, time, 2, dtype=dtype), lengths


def call(layer, x, lengths=None):
    """The outputs."""
    return layer(x, lengths=lengths)[0]


def outcome(layer, x, lengths, run=None):
    """Outputs and gradients."""
    x = x.detach().requires_grad_()
    y = call(layer if run is None else run, x, lengths)
    wanted = [x, *layer.parameters()]
    return y, torch.autograd.grad(y.square().sum(), wanted, allow_unused=True, materialize_grads=True)


def compiled_in_evaluation(row, backend="aot_eager"):
    """one graph for any batch and time gives the same outputs."""
    layer = row.build().eval()
    run = torch.compile(layer, fullgraph=True, dynamic=True, backend=backend)
    with torch.no_grad():
        for sizes in ((3, 5), (4, 7)):
            given = inputs(row, *sizes)
            torch.testing.assert_close(call(run, *given), call(layer, *given))


def compiled_in_training(row, backend="aot_eager"):
    """one graph for any batch and time gives the same outputs and gradients, and drops what dropout drops."""
    layer = row.build()
    run = torch.compile(layer, fullgraph=True, dynamic=True, backend=backend)
    for sizes in ((3, 5), (4, 7)):
        given = inputs(row, *sizes)
        torch.testing.assert_close(outcome(layer, *given, run), outcome(layer, *given))


def exported(row):
    """one program for any batch and time gives the same outputs."""
    layer, (x, lengths) = row.build().eval(), inputs(row)
    batch, time = torch.export.Dim("batch", min=2), torch.export.Dim("time", min=2)
    shapes = {"x": {0: batch, 1: time}, "lengths": {0: batch} if row.ragged else None}
    module = torch.export.export(_Outputs(layer), (x, lengths), dynamic_shapes=shapes).module()
    for sizes in ((4, 9), (2, 3)):
        given = inputs(row, *sizes)
        torch.testing.assert_close(module(*given), call(layer, *given))


class _Outputs(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, lengths):
        return self.layer(x, lengths=lengths)[0]


def mapped(row):
    """over a further dimension."""
    layer, samples = row.build(), [inputs(row) for _ in range(3)]
    columns = [None if part[0] is None else torch.stack(part) for part in zip(*samples, strict=True)]
    dims = tuple(None if part is None else 0 for part in columns)
    y = vmap(lambda x, lengths: call(layer, x, lengths), in_dims=dims, randomness="different")(*columns)
    torch.testing.assert_close(y, torch.stack([call(layer, *sample) for sample in samples]))


def per_sample(row):
    """of all parameters for each row, by `vmap` of `grad`."""
    layer, (x, lengths) = row.build(), inputs(row)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(parameters, x, lengths):
        more = {} if lengths is None else {"lengths": lengths.unsqueeze(0)}
        return functional_call(layer, parameters, (x.unsqueeze(0),), more)[0].square().sum()

    dims = (None, 0, None if lengths is None else 0)
    found = vmap(grad(loss), in_dims=dims, randomness="different")(parameters, x, lengths)
    for k in range(len(x)):
        expected = outcome(layer, x[k : k + 1], None if lengths is None else lengths[k : k + 1])[1][1:]
        torch.testing.assert_close([part[k] for part in found.values()], list(expected))


def forward_mode(row):
    """`torch.func.jvp`."""
    layer, (x, lengths) = row.build().double(), inputs(row, dtype=torch.float64)
    tangent = torch.randn_like(x)
    y, dy = jvp(lambda x: call(layer, x, lengths), (x,), (tangent,))
    x.requires_grad_()
    (dx,) = torch.autograd.grad(call(layer, x, lengths), x, torch.ones_like(y))
    torch.testing.assert_close(dy.sum(), (dx * tangent).sum())


def second_derivatives(row):
    """`gradgradcheck` over the input and all parameters."""
    layer, (x, lengths) = row.build().double(), inputs(row, 2, 3, torch.float64)
    x.requires_grad_()
    assert gradgradcheck(lambda x, *_: call(layer, x, lengths), (x, *layer.parameters()), fast_mode=True)


def over_other_parameters(row):
    """other parameters are used and get their gradients, also behind the call."""
    layer, other, (x, lengths) = row.build(), row.build(), inputs(row)
    parameters = {name: p.detach().clone().requires_grad_() for name, p in other.named_parameters()}
    y, _ = functional_call(layer, parameters, (x,), {"lengths": lengths})
    expected, grads = outcome(other, x, lengths)
    found = torch.autograd.grad(y.square().sum(), list(parameters.values()), allow_unused=True, materialize_grads=True)
    torch.testing.assert_close((y, list(found)), (expected, list(grads[1:])))


def under_autocast(row):
    """to bfloat16, with the way back outside of it."""
    layer, (x, lengths) = row.build(), inputs(row)
    expected, grads = outcome(layer, x, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        y, found = outcome(layer, x, lengths)
    torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)
    torch.testing.assert_close(found, grads, rtol=0.1, atol=0.1)


def in_float64(row):
    """`gradcheck` over the input and all parameters."""
    layer, (x, lengths) = row.build().double(), inputs(row, 2, 3, torch.float64)
    x.requires_grad_()
    assert call(layer, x, lengths).dtype == torch.float64
    assert gradcheck(lambda x, *_: call(layer, x, lengths), (x, *layer.parameters()), fast_mode=True)


def in_bfloat16(row):
    """outputs and gradients."""
    layer, (x, lengths) = row.build(), inputs(row)
    expected, grads = outcome(layer, x, lengths)
    y, found = outcome(layer.bfloat16(), x.bfloat16(), lengths)
    assert {part.dtype for part in (y, *found)} == {torch.bfloat16}
    torch.testing.assert_close(y.float(), expected, rtol=0.05, atol=0.05)
    torch.testing.assert_close([part.float() for part in found], list(grads), rtol=0.1, atol=0.15)


def copied(row):
    """`copy.deepcopy` and `pickle` give a layer with the same outputs and gradients."""
    layer, given = row.build(), inputs(row)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        torch.testing.assert_close(outcome(other, *given), outcome(layer, *given))


def checkpointed(row):
    """stored every two steps, the same outputs and gradients."""
    layer, plain, given = row.build(checkpoint_every=2), row.build(), inputs(row)
    plain.load_state_dict(layer.state_dict())
    torch.testing.assert_close(outcome(layer, *given), outcome(plain, *given))


def packed(row):
    """in and out."""
    layer, x, lengths = row.build(), torch.randn(3, 5, 2), torch.tensor([2, 5, 3])
    expected = call(layer, x, lengths)
    y, _ = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
    torch.testing.assert_close(pad_packed_sequence(y, batch_first=True)[0], expected)


COLUMNS: dict[str, Callable[[Row], None]] = {
    "compile, evaluation": compiled_in_evaluation,
    "compile, training": compiled_in_training,
    "export": exported,
    "vmap": mapped,
    "gradients per sample": per_sample,
    "forward mode": forward_mode,
    "second derivatives": second_derivatives,
    "functional_call": over_other_parameters,
    "autocast": under_autocast,
    "float64": in_float64,
    "bfloat16": in_bfloat16,
    "copies": copied,
    "checkpoint_every": checkpointed,
    "PackedSequence": packed,
}
