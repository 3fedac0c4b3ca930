"""RNN, LSTM, GRU and their cells in the hands of tools that know torch.nn's."""

import copy
import io

import onnxruntime
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.onnx._internal.exporter._flags import set_onnx_exporting_flag

import seqmodels
from seqmodels.cells import GRUCell, LSTMCell, RNNCell
from seqmodels.layers import Recurrent, recurrent_stack
from tests.layers.tools import Holder, WithLengths

pytestmark = [
    pytest.mark.usefixtures("_unannotated"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore:`torch.jit.\\w+` is (deprecated|not supported):DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.ao.quantization is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning"),
]
kinds = pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
X = torch.randn(3, 5, 4)


def pair(kind, **options):
    ours, theirs = (getattr(library, kind)(4, 6, **options) for library in (seqmodels, nn))
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs


@kinds
def test_torchs_own_layer_shares_the_parameters(kind):
    layer, _ = pair(kind, num_layers=2, bidirectional=True)
    own = layer.as_torch()
    assert type(own) is getattr(nn, kind)
    assert all(a is b for a, b in zip(own.parameters(), layer.parameters(), strict=True))
    torch.testing.assert_close(own(X), layer(X))
    own.double()
    assert type(layer) is getattr(seqmodels, kind)
    assert not {name for name in vars(own) if name not in vars(getattr(nn, kind)(4, 6))}


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_torchs_own_layer_is_quantised(kind):
    model = Holder(pair(kind)[0].as_torch())
    converted = torch.ao.quantization.quantize_dynamic(model, {getattr(nn, kind)}, dtype=torch.qint8)
    assert "quantized" in type(converted.rnn).__module__
    torch.testing.assert_close(converted(X), model(X), rtol=0.1, atol=0.1)


@kinds
def test_cells_are_recorded_as_torchs(kind):
    cell, x = getattr(seqmodels, kind + "Cell")(4, 6), torch.randn(3, 4)
    for record in (lambda cell: torch.jit.trace(cell, x), torch.jit.script):
        torch.testing.assert_close(record(copy.deepcopy(cell))(x[:2]), cell(x[:2]))
    graph = torch.fx.symbolic_trace(nn.Sequential(cell))
    torch.testing.assert_close(graph(x), cell(x))
    assert [node.op for node in graph.graph.nodes] == ["placeholder", "call_module", "output"]


@pytest.mark.parametrize("engine", ["auto", "loop", "vendor"])
@kinds
def test_one_step_is_no_program_for_one_step(kind, engine):
    layer = getattr(seqmodels, kind)(4, 6, engine=engine)
    program = torch.jit.trace(layer, X[:1])
    torch.testing.assert_close(program(X), layer(X))


@pytest.mark.parametrize("cell", [RNNCell, LSTMCell, GRUCell])
def test_lengths_are_recorded_for_one_number_of_steps(cell):
    model = WithLengths(Recurrent(cell(4, 6)))
    program, other = torch.jit.trace(model, (X, torch.tensor([5, 2, 0]))), torch.tensor([1, 5, 3])
    torch.testing.assert_close(program(X, other), model(X, other))


@pytest.mark.parametrize("suffix", ["", "Cell"])
@kinds
def test_a_file_names_one_class(kind, suffix):
    module = getattr(seqmodels, kind + suffix)(4, 6, engine="loop")
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    with torch.serialization.safe_globals([type(module)]):
        loaded = torch.load(file, weights_only=True)
    assert loaded.engine == "loop"
    x = X if not suffix else X[0]
    torch.testing.assert_close(loaded(x), module(x))


@pytest.mark.parametrize("steps", [1, 5])
@pytest.mark.parametrize("whole", [True, False])
@kinds
def test_assigned_flat_weights_count(kind, whole, steps):
    """As recipes of weight dropout assign them; until a parameter is replaced, as in torch.nn."""
    results = []
    for layer in pair(kind):
        torch.manual_seed(0)
        dropped = [torch.nn.functional.dropout(weight, 0.5) for weight in layer._flat_weights]
        if whole:
            layer._flat_weights = dropped
        else:
            layer._flat_weights[1] = dropped[1]
        results.append([layer(X[:steps])])
        results[-1].append(torch.autograd.grad(results[-1][0][0].sum(), list(layer.parameters())[:2]))
        layer.weight_hh_l0 = nn.Parameter(torch.ones_like(layer.weight_hh_l0))
        results[-1].append(layer(X[:steps]))
        layer._flat_weights = dropped
        results[-1].append(layer(X[:steps]))
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"bidirectional": True}], ids=str)
@kinds
def test_dropout_draws_torchs_numbers(kind, options):
    results, x = [], torch.randn(5, 5, 4)
    packed = pack_padded_sequence(x, [5, 1, 3, 3, 2], enforce_sorted=False)
    for layer in pair(kind, num_layers=3, dropout=0.5, **options):
        torch.manual_seed(0)
        results.append((layer(packed), layer(x)))
    torch.testing.assert_close(*results)


def drop_in(kind):
    return pair(kind, num_layers=2, bidirectional=True, batch_first=True)[0]


def stack(kind):
    return recurrent_stack({"RNN": RNNCell, "LSTM": LSTMCell, "GRU": GRUCell}[kind], 4, 6)


@kinds
@pytest.mark.parametrize("build", [drop_in, stack])
@pytest.mark.filterwarnings("ignore")  # of sizes, as for torch.nn's layers, and of the exporter itself
def test_runs_in_onnx_for_any_batch_and_time(kind, build, tmp_path):
    axes = {"x": {0: "batch", 1: "time"}}
    model = Holder(build(kind)).eval()
    torch.onnx.export(model, (X,), tmp_path / "m", input_names=["x"], dynamo=False, dynamic_axes=axes)
    for sizes in ((2, 7), (1, 1)):
        assert_runs(tmp_path / "m", model, torch.randn(*sizes, 4))


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "build"), [("RNN", drop_in), ("LSTM", drop_in), ("GRU", stack)])
@pytest.mark.filterwarnings("ignore")  # what torch deprecates is used by its exporter
def test_runs_in_onnx_for_any_batch(kind, build, tmp_path):
    model = Holder(build(kind)).eval()
    torch.onnx.export(model, (X,), tmp_path / "m", dynamo=True, verbose=False, dynamic_shapes={"x": {0: "batch"}})
    for batch in (2, 5):
        assert_runs(tmp_path / "m", model, torch.randn(batch, 5, 4))


def assert_runs(path, model, x):
    """A converted model gives the outputs of the model."""
    (y,) = onnxruntime.InferenceSession(path).run(None, {"x": x.numpy()})
    torch.testing.assert_close(torch.tensor(y), model(x).detach(), rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*_flat_weights:UserWarning")  # torch.nn's own
def test_torchs_operators_are_recorded_from_bytecode_too():
    export = set_onnx_exporting_flag(torch.export.export)
    program = export(Holder(seqmodels.GRU(4, 6)), (X,), strict=True)
    assert any("gru" in str(node.target) for node in program.graph.nodes)
    assert not any("seqmodels" in str(node.target) for node in program.graph.nodes)
