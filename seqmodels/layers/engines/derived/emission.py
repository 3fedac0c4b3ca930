"""Code that writes its results where its layout says."""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch.fx import Graph, Node

from seqmodels.layers.engines.derived.operations import fast, is_fresh, joined, starts, writer
from seqmodels.layers.engines.derived.places import Buffer, Layout, Place, memory, whole_of
from seqmodels.layers.engines.derived.trace import ROWS, aten


def fuse(graph: Graph, results: Iterable[Node]) -> None:
    """a + b c as one operation; `results` stay what they are."""
    results = set(results)
    for node in list(graph.nodes):
        if node.target is not aten.add.Tensor or node.kwargs or not all(isinstance(a, Node) for a in node.args):
            continue
        for total, product in (node.args, node.args[::-1]):
            alone = list(product.users) == [node] and product not in results and total is not product
            if alone and product.target is aten.mul.Tensor and all(isinstance(a, Node) for a in product.args):
                node.target, node.args = aten.addcmul.default, (total, *product.args)
                graph.erase_node(product)
                break
    for node in reversed(graph.nodes):
        if node.op == "call_function" and not node.users and node not in results:
            graph.erase_node(node)


def come_back(results: Sequence[Node], carried: Sequence[Node], later: Iterable[Node]) -> set[Node]:
    """Those carried inputs as which a result comes back whose memory nobody else reads."""
    shared = [memory(m) for m in (*results, *later)]
    pairs = zip(results, carried, strict=bool(carried))
    return {c for m, c in pairs if is_fresh(m) and shared.count(m) == 1}


def emit(layout: Layout, results: list[Node], later: dict[Node, Buffer]) -> tuple[list[Place], dict[Node, Place]]:
    """Rewrite the graph of a layout.

    Returns:
        The places that follow its inputs as arguments, and those of what is read later.
    """
    graph, names = layout.graph, {whole_of(b): n for n, b in layout.given.items()}
    given, arguments = list(names), [graph._root, *(n for n in graph.nodes if n.op == "placeholder")]

    def name(place: Place) -> Node:
        if place not in names:
            with graph.inserting_after(arguments[-1]):
                names[place] = graph.placeholder(f"{place.buffer.kind}_{len(names)}")
            arguments.append(names[place])
            names[place].meta["shape"] = (ROWS[0], *place.shape)
        return names[place]

    left = {n: _stored(layout, n, b, name) for n, b in later.items()}
    graph.output(tuple(name(left[n]) if n in left else n for n in results))
    wholes = {whole for whole, _ in layout.whole.values()}
    for node in [n for n in graph.nodes if n.op == "call_function"]:
        place, form = layout.places.get(node), writer(node.target)
        if place is None:
            node.target = fast(node.target)
            continue
        if node in wholes:
            _put_side_by_side(layout, node, name)
        elif form is not None:
            node.target, node.kwargs = form[0], {**node.kwargs, form[1]: name(place)}
        if node not in layout.whole:
            node.replace_all_uses_with(name(place))
        if node in wholes or form is None:
            graph.erase_node(node)
    return [p for p in names if p not in given], left


def _stored(layout: Layout, node: Node, buffer: Buffer, name: Callable[[Place], Node]) -> Place:
    """Where a result is found later; copied there if it does not come to lie there by itself."""
    place = layout.places.get(node)
    if place is None or node in layout.given or place.buffer != layout.stores.get(node, place.buffer):
        place = whole_of(buffer)
        layout.graph.call_function(torch.Tensor.copy_, (name(place), node))
    return place


def _put_side_by_side(layout: Layout, node: Node, name: Callable[[Place], Node]) -> None:
    """Copy what has not been computed in its place."""
    whole = layout.places[node]
    for piece, start in zip(joined(node)[0], starts(node), strict=True):
        if layout.whole.get(piece, ())[:1] != (node,):
            there = Place(whole.buffer, whole.start + start, piece.meta["shape"][1:])
            with layout.graph.inserting_before(node):
                layout.graph.call_function(torch.Tensor.copy_, (name(there), piece))
