"""Matrix products in a trace: weights prepared once for all steps, drives added on the way, the faster library."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor
from torch.fx import Graph, Node

from seqmodels.layers.engines.derived.trace import Trace, aten
from seqmodels.layers.engines.gemm import Product, linear, weight_gradient


def prepare(weight: Tensor, rows: list[int]) -> Product:
    """A factor on the right, for products with so many rows."""
    return Product(weight.t(), rows)


def multiply(x: Tensor, product: Product, bias: Tensor | None = None, *, out: Tensor | None = None) -> Tensor:
    """x W + b, where b may have a row for each row; in `out` if that is given."""
    if product.packed is None:
        weight = product.transposed
        return torch.mm(x, weight, out=out) if bias is None else torch.addmm(bias, x, weight, out=out)
    result = product(x, None, out)
    if bias is not None:
        return torch.add(result, bias, out=out)
    return result if out is None else out.copy_(result)


def apply(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x W + b for all steps at once."""
    return linear(x, weight.t(), bias)


def improve_products(trace: Trace) -> None:
    """Rewrite the products of a trace; its results stay what they are."""
    graph = trace.graph
    rows = dependents(graph, [trace.batch, trace.x, *trace.state, trace.d_output, *trace.d_after])
    moving = dependents(graph, [*trace.state, trace.d_output, *trace.d_after])
    stepwise = moving & ancestors([*trace.after, trace.output, *trace.d_state])
    prepared: dict[Node, Node] = {}
    for node in list(graph.nodes):
        if node.target not in (aten.mm.default, aten.addmm.default):
            continue
        x, weight = node.args[-2:]
        if x in rows and weight not in rows and not node.kwargs:
            if node in stepwise and weight not in prepared:
                with graph.inserting_after(weight):
                    prepared[weight] = _call(graph, prepare, weight, trace.step_rows, like=weight)
            right = prepared[weight] if node in stepwise else weight
            node.target, node.args = multiply if node in stepwise else apply, (x, right, *node.args[:-2])
        elif node.target is aten.mm.default and x.target is aten.t.default and {x, weight} <= rows:
            node.target, node.args = weight_gradient, (x.args[0], weight)
    for node in list(graph.nodes):
        if node.target is aten.add.Tensor and not node.kwargs:
            _add_on_the_way(graph, node, moving)


def _add_on_the_way(graph: Graph, node: Node, moving: set[Node]) -> None:
    """d + x W as one operation, if d is known for all steps beforehand."""
    for drive, product in (node.args, node.args[::-1]):
        if not (isinstance(drive, Node) and isinstance(product, Node)) or drive in moving:
            continue
        if product.target is not multiply or len(product.users) > 1 or drive.meta["shape"] != node.meta["shape"]:
            continue
        x, weight, *bias = product.args
        if bias:
            with graph.inserting_before(node):
                bias = [_call(graph, aten.add.Tensor, drive, bias[0], like=drive)]
        node.target, node.args = multiply, (x, weight, *(bias or [drive]))
        return


def dependents(graph: Graph, roots: Iterable[Node]) -> set[Node]:
    """The nodes that are computed from `roots`, and these."""
    found = set(roots)
    for node in graph.nodes:
        if any(n in found for n in node.all_input_nodes):
            found.add(node)
    return found


def ancestors(roots: Iterable[Node]) -> set[Node]:
    """The nodes that `roots` are computed from, and these."""
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(node.all_input_nodes)
    return found


def _call(graph: Graph, target: Any, *args: Any, like: Node) -> Node:
    node = graph.call_function(target, args)
    node.meta = dict(like.meta)
    return node
