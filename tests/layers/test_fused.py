"""The whole-sequence operators from inside: blocks, products, what they keep, and torch's rules for operators."""

from importlib import import_module

import pytest
import torch

from seqmodels.layers.engines import fused, gemm
from seqmodels.layers.engines.fused import equations, operators
from seqmodels.layers.scan import scan
from tests.layers.executions import RUNS, by_both, example

recurrence = import_module("seqmodels.layers.engines.fused.recurrence")  # whose name an operator bears as well
every_cell = pytest.mark.parametrize("name", RUNS["fused"])
some_lengths = pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3], [0, 0, 0, 0]], ids=str)


@every_cell
@some_lengths
@pytest.mark.parametrize("block", [1, 100, 500])
def test_blocks_on_the_way_back_change_nothing(name, lengths, block, monkeypatch, gradients, assert_same):
    taken, blocks = [], recurrence.Packing.blocks
    monkeypatch.setattr(recurrence, "BLOCK", block)
    monkeypatch.setattr(recurrence.Packing, "blocks", lambda *args: (taken.append(b) or b for b in blocks(*args)))
    assert_same(*by_both("fused", *example(name, torch.float64), lengths, gradients))
    if block == 1 and lengths != [0, 0, 0, 0]:
        assert [b.last - b.first for b in taken] == [1] * 5


@every_cell
@some_lengths
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
@pytest.mark.parametrize("packs", [1, 100], ids=["laid out", "as it lies"])
def test_every_product_by_onednn_changes_nothing(name, lengths, packs, monkeypatch, gradients, assert_same):
    calls, onednn = [], gemm._onednn
    monkeypatch.setattr(gemm, "WORTH_IT", 1)
    monkeypatch.setattr(gemm, "WORTH_PACKING", packs)
    monkeypatch.setattr(gemm, "_onednn", lambda *args: calls.append(1) or onednn(*args))
    assert_same(*by_both("fused", *example(name, torch.float32), lengths, gradients))
    assert bool(calls) == (lengths != [0, 0, 0, 0])


@pytest.mark.usefixtures("_native")
@pytest.mark.parametrize("at_home", [True, False])
@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell"])
def test_compiled_gradients_of_weights_are_the_same_by_either_library(
    name, at_home, monkeypatch, gradients, assert_same
):
    calls, default = [], equations.weight_gradient
    monkeypatch.setattr(gemm, "MKL_AT_HOME", at_home)
    monkeypatch.setattr(equations, "weight_gradient", lambda *args: calls.append(1) or default(*args))
    assert_same(*by_both("native", *example(name, torch.float32), None, gradients))
    assert bool(calls) == at_home


FEW, NARROW = equations.FEW, equations.NARROW


@pytest.mark.parametrize(
    ("rows", "columns", "beside", "at_home", "by_sigmoid"),
    [
        (4, NARROW + 1, 1, True, True),
        (4, NARROW + 1, 0, True, False),
        (4, NARROW, 1, True, False),
        (3, NARROW + 1, 1, True, False),
        (FEW, 1, 0, False, True),
        (FEW, 1, 0, True, False),
        (FEW - 1, 1, 0, False, False),
    ],
)
def test_the_faster_tanh_is_taken(rows, columns, beside, at_home, by_sigmoid, monkeypatch):
    monkeypatch.setattr(gemm, "MKL_AT_HOME", at_home)
    part = torch.zeros(2 * rows, columns + beside)[:, beside:]
    assert equations.tanh_for(part, rows) is (equations.tanh_by_sigmoid if by_sigmoid else torch.Tensor.tanh_)
    assert equations.tanh_for(part.double(), rows) is torch.Tensor.tanh_


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_tanh_by_a_sigmoid(scale):
    a = scale * torch.randn(50, 100)
    result = equations.tanh_by_sigmoid(a.clone())
    torch.testing.assert_close(result.double(), a.double().tanh(), rtol=0, atol=3e-7)
    special = torch.tensor([torch.inf, -torch.inf, torch.nan])
    expected = torch.tensor([1.0, -1.0, torch.nan])
    torch.testing.assert_close(equations.tanh_by_sigmoid(special), expected, equal_nan=True)


@pytest.mark.parametrize("name", ["RNNCell", "LSTMCell", "GRUCell", "ChoGRUCell"])
def test_wide_layers_are_the_loop(name, gradients, assert_same):
    cell, x, state = example(name, torch.float32, batch=20, time=4, sizes=(3, 150))
    assert equations.FEW < 20 * 150
    assert_same(*by_both("fused", cell, x, state, None, gradients))


def arguments(name, lengths, dtype=torch.float64):
    """What the operator is called with, up to its two options."""
    cell, x, state = example(name, dtype)
    weights = [getattr(cell, part, None) for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")]
    lengths = None if lengths is None else torch.tensor(lengths)
    return fused._equations(cell), x, lengths, state.h, getattr(state, "c", None), *weights


@pytest.mark.slow
@every_cell
@some_lengths
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
def test_operators_keep_torchs_rules(name, lengths):
    given = arguments(name, lengths)
    # Of what is kept for the way back, the rows behind the last valid one are never written, and not the same twice.
    rules = ["test_schema", "test_autograd_registration", "test_faketensor"]
    whole = [*rules, "test_aot_dispatch_dynamic"]
    torch.library.opcheck(operators.recurrence, (*given, True, True), test_utils=whole if lengths is None else rules)
    plain = [part.detach() if isinstance(part, torch.Tensor) else part for part in given]
    torch.library.opcheck(operators.recurrence, (*plain, False, True))
    with torch.no_grad():
        y, h, c, *kept = operators.recurrence(*given, True, True)
    grads = [torch.randn_like(y), torch.randn_like(h), None if given[4] is None else torch.randn_like(c)]
    torch.library.opcheck(operators.recurrence_backward, (*plain, y, *kept, *grads, True))
    torch.library.opcheck(operators.recurrence_backward, (*plain, y, *kept, grads[0], None, None, False))


@every_cell
@some_lengths
def test_the_operator_is_the_function(name, lengths, gradients, assert_same):
    given = arguments(name, lengths)
    inputs = [part for part in given if isinstance(part, torch.Tensor) and part.requires_grad]
    outcomes = []
    for run in (operators.recurrence, operators.Recurrence.apply):
        found = run(*given, True, run is operators.recurrence)[: 2 if given[4] is None else 3]
        outcomes.append((found, gradients(found, inputs)))
    assert_same(*outcomes)


@every_cell
@some_lengths
def test_nothing_is_kept_for_inference(name, lengths):
    given = arguments(name, lengths)
    with torch.no_grad():
        kept = recurrence.forward(*given, False, False)[3:]
        training = recurrence.forward(*given, True, False)[3:]
    assert [part.numel() for part in kept] == [0, 0, 0]
    assert name.startswith("RNN") or lengths == [0, 0, 0, 0] or any(part.numel() for part in training)


@every_cell
def test_no_graph_without_a_gradient(name, assert_same):
    cell, x, _ = example(name, torch.float64)
    cell.requires_grad_(False)
    y, last = fused.run(cell, x.detach(), None, None)
    assert not y.requires_grad
    assert_same((y, last), scan(cell, x.detach()))


@every_cell
@pytest.mark.parametrize("part", [0, 1])
def test_gradients_of_one_output_alone(name, part, assert_same):
    cell, x, state = example(name, torch.float64)
    inputs, found = [x, *state, *cell.parameters()], []
    for y, last in (fused.run(cell, x, state, None), scan(cell, x, state)):
        out = (y, last[-1])[part]
        found.append(torch.autograd.grad(out.square().sum(), inputs, allow_unused=True, materialize_grads=True))
    assert_same(*found)
