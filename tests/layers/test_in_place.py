"""What comes out may be changed in place wherever torch.nn's may, and the gradients are those of a copy."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from seqmodels.cells import ChoGRUCell, GRUCell, LSTMCell, MinGRUCell, RNNCell
from seqmodels.layers import Bidirectional, Recurrent, Stack
from seqmodels.layers.drop_in import GRU, LSTM, RNN
from tests.layers.executions import RUNS

pytestmark = pytest.mark.filterwarnings("ignore:RNN module weights are not part of single contiguous chunk")
CELLS = {cell.__name__: cell for cell in (RNNCell, LSTMCell, GRUCell, ChoGRUCell, MinGRUCell)}
PAIRS = [(engine, name) for engine in ("loop", *RUNS) for name in CELLS if engine == "loop" or name in RUNS[engine]]
lengths_or_none = pytest.mark.parametrize("lengths", [None, [5, 2, 0]], ids=["whole", "lengths"])
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def outputs(layer, x, **options):
    y, state = layer(x, **options)
    return [y.data if isinstance(y, PackedSequence) else y, *leaves(state)]


def leaves(state):
    return [state] if isinstance(state, torch.Tensor) else [leaf for part in state for leaf in leaves(part)]


def gradients(layer, x, change, which, **options):
    x = x.detach().requires_grad_()
    parts = outputs(layer, x, **options)
    changed = [change(part) if number == which else part for number, part in enumerate(parts)]
    return torch.autograd.grad(sum(part.square().sum() for part in changed), [x, *layer.parameters()])


def add_in_place(part):
    part += 1.5
    part *= part.detach().clone()
    return part


def add(part):
    part = part + 1.5
    return part * part.detach()


def check(layer, x, **options):
    for which in range(len(outputs(layer, x, **options))):
        found = gradients(layer, x, add_in_place, which, **options)
        torch.testing.assert_close(found, gradients(layer, x, add, which, **options))


@pytest.mark.parametrize(("engine", "name"), PAIRS)
@pytest.mark.usefixtures("_compiled")
@lengths_or_none
def test_of_every_engine(engine, name, lengths):
    check(Recurrent(CELLS[name](3, 4), engine), torch.randn(3, 5, 3), lengths=lengths)


@lengths_or_none
@pytest.mark.parametrize("steps", [0, 1, 5])
def test_of_what_holds_layers(lengths, steps):
    lengths = lengths and [min(length, steps) for length in lengths]
    for cell in CELLS.values():
        both = Bidirectional(Recurrent(cell(3, 4)), Recurrent(cell(3, 4)))
        check(Stack([both, Recurrent(cell(8, 4))]), torch.randn(3, steps, 3), lengths=lengths)


OPTIONS = [{}, {"batch_first": True}, {"num_layers": 2}, {"bidirectional": True}]


@pytest.mark.parametrize(("ours", "theirs"), [(RNN, nn.RNN), (LSTM, nn.LSTM), (GRU, nn.GRU)])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("steps", [1, 5])
@dtypes
def test_wherever_torchs_may(ours, theirs, options, steps, dtype):
    x, layer, other = torch.randn(steps, 3, 3, dtype=dtype), ours(3, 4, **options).to(dtype), theirs(3, 4, **options)
    other.to(dtype).load_state_dict(layer.state_dict())
    for which in range(len(outputs(other, x))):
        try:
            expected = gradients(other, x, add_in_place, which)
        except RuntimeError as error:  # torch's own LSTM by oneDNN saves its outputs
            assert "modified by an inplace operation" in str(error)  # noqa: PT017 (it need not be raised)
            continue
        torch.testing.assert_close(gradients(layer, x, add_in_place, which), expected)


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_of_ragged_batches(kind, options):
    layer = kind(3, 4, **options)
    check(layer, torch.randn(5, 5, 3), lengths=[5, 2, 0, 1, 3])
    packed = pack_padded_sequence(torch.randn(5, 3, 3), [5, 2, 1]).data.detach()
    sizes = pack_padded_sequence(torch.randn(5, 3, 3), [5, 2, 1]).batch_sizes
    check(Packed(layer, sizes), packed)


class Packed(nn.Module):
    def __init__(self, layer, sizes):
        super().__init__()
        self.layer, self.sizes = layer, sizes

    def forward(self, data):
        return self.layer(PackedSequence(data, self.sizes))


def test_nothing_is_copied_where_no_gradient_is_recorded(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "clone", lambda *_: pytest.fail("a copy"))
    layer = Recurrent(GRUCell(3, 4), "loop")
    with torch.no_grad():
        layer(torch.randn(2, 5, 3))


@pytest.mark.parametrize("steps", [1, 5])
@lengths_or_none
@torch.no_grad()
def test_outputs_and_states_share_no_memory(lengths, steps):
    lengths = lengths and [min(length, steps) for length in lengths]
    x = torch.randn(3, steps, 3)
    layers = [Recurrent(CELLS[name](3, 4), engine) for engine, name in PAIRS if engine != "native"]
    layers += [kind(3, 4, batch_first=True, num_layers=n) for kind in (RNN, LSTM, GRU) for n in (1, 2)]
    for layer in layers:
        for which, _ in enumerate(outputs(layer, x)):
            found, expected = outputs(layer, x, lengths=lengths), outputs(layer, x, lengths=lengths)
            found[which].fill_(7.0)
            for number, parts in enumerate(zip(found, expected, strict=True)):
                assert number == which or torch.equal(*parts)
