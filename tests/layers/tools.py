"""Columns of the table in `docs/support.md` for the tools that record, save or convert a layer."""

import copy
import io
import re
import warnings
from collections.abc import Callable

import torch
from torch import nn
from torch.onnx._internal.exporter._flags import set_onnx_exporting_flag

from tests.layers.support import Row, call, inputs


class Holder(nn.Module):
    """A model with a layer in it, which torch.jit.script can read."""

    def __init__(self, layer):
        super().__init__()
        self.rnn = layer

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.rnn(x)[0]


def saved_program(row):
    """`torch.export.save` and `load` keep a program that returns outputs and states."""
    layer, (x, lengths) = row.build().eval(), inputs(row)
    options = {"lengths": lengths} if row.ragged else {}
    file = io.BytesIO()
    torch.export.save(torch.export.export(layer, (x,), options), file)
    file.seek(0)
    found = torch.export.load(file).module()(x, **options)
    torch.testing.assert_close(found, layer(x, **options))


def traced(row):
    """`torch.jit.trace`, without lengths, for any batch and time."""
    layer = Holder(row.build().eval())
    program = torch.jit.trace(layer, inputs(row)[0])
    for sizes in ((3, 5), (2, 7), (4, 1)):
        x, _ = inputs(row, *sizes)
        torch.testing.assert_close(program(x), layer(x))


def scripted(row):
    """`torch.jit.script` of a model with the layer, without lengths; the model has torch.nn's layer from then on."""
    layer = Holder(row.build().eval())
    program = torch.jit.script(copy.deepcopy(layer))
    for sizes in ((3, 5), (2, 7)):
        x, _ = inputs(row, *sizes)
        torch.testing.assert_close(program(x), layer(x))


def symbolic(row):
    """`torch.fx.symbolic_trace` of a model with the layer takes it as one node, with its gradients and lengths."""
    layer, (x, lengths) = (WithLengths if row.ragged else Holder)(row.build()), inputs(row)
    graph = torch.fx.symbolic_trace(layer)
    assert [node.target for node in graph.graph.nodes if node.op == "call_module"] == ["rnn"]
    given = (x, lengths) if row.ragged else (x,)
    torch.testing.assert_close(graph(*given), layer(*given))
    found, expected = (torch.autograd.grad(model(*given).sum(), list(layer.parameters())) for model in (graph, layer))
    torch.testing.assert_close(found, expected)


class WithLengths(Holder):
    """A model that passes lengths on."""

    def forward(self, x, lengths):
        return self.rnn(x, lengths=lengths)[0]


def to_onnx(row):
    """what both ONNX exporters record, without lengths and for any batch, are torch's own operators only."""
    layer, (x, _) = Holder(row.build().eval()), inputs(row)
    shapes = {"x": {0: torch.export.Dim("batch", min=2)}}
    program = set_onnx_exporting_flag(torch.export.export)(layer, (x,), dynamic_shapes=shapes)
    targets = {str(node.target) for node in program.graph.nodes if node.op == "call_function"}
    assert {target.partition(".")[0] for target in targets} <= {"aten", "<built-in function getitem>"}
    recorded = str(torch.jit.trace(layer, x).inlined_graph)
    assert set(re.findall(r"= (\w+)::", recorded)) <= {"aten", "prim"}


def quantised(row):
    """`torch.ao.quantization.quantize_dynamic` of a model with the layer."""
    model = Holder(row.build().eval())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        converted = torch.ao.quantization.quantize_dynamic(model, {nn.LSTM, nn.GRU}, dtype=torch.qint8)
    assert "quantized" in type(converted.rnn).__module__, f"{type(converted.rnn).__name__} is not quantised"
    x, _ = inputs(row)
    torch.testing.assert_close(converted(x), call(model.rnn, x), rtol=0.1, atol=0.1)


TOOLS: dict[str, Callable[[Row], None]] = {
    "export, saved": saved_program,
    "jit.trace": traced,
    "jit.script": scripted,
    "fx": symbolic,
    "ONNX": to_onnx,
    "quantize_dynamic": quantised,
}
