"""Pieces of a trace as functions of their own."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.fx import Graph, GraphModule, Node

from seqmodels.layers.engines.derived.emission import come_back, emit, fuse
from seqmodels.layers.engines.derived.operations import block, columns, is_fresh
from seqmodels.layers.engines.derived.places import Buffer, Layout, Place

Values = dict[Node, Any]
Room = dict[Buffer, Tensor]


@dataclass(frozen=True)
class Section:
    """A piece of a trace: straight-line code.

    Attributes:
        inputs: what it reads, in the order of its arguments.
        places: where it works; the arguments behind the inputs.
        outputs: what it returns.
        later: where it leaves what is read later.
        fresh: outputs that share no memory.
        run: the code.
    """

    inputs: list[Node]
    places: list[Place]
    outputs: list[Node]
    later: dict[Node, Place]
    fresh: set[Node]
    run: Callable[..., tuple[Any, ...]]

    def room(self, rows: int, step_rows: int, like: Tensor) -> Room:
        """Memory for so many rows, and scratch for those of one step."""
        buffers = dict.fromkeys(p.buffer for p in (*self.places, *self.later.values()))
        sizes = {"store": rows, "scratch": step_rows}
        return {b: like.new_empty(sizes[b.kind], *b.shape, dtype=b.dtype) for b in buffers if b.kind in sizes}

    def __call__(self, values: Values, room: Room, rows: int) -> None:
        """Run a section on the `values` of so many rows, and add its outputs to them."""
        places = (p.of(within(p.buffer, values, room, rows)) for p in self.places)
        values.update(zip(self.outputs, self.run(*(values[n] for n in self.inputs), *places), strict=True))


def within(buffer: Buffer, values: Values, room: Room, rows: int) -> Tensor:
    """The tensor of a buffer: one of the values, or so many rows of the room for it."""
    tensor: Tensor = values[buffer.node] if buffer.kind == "given" else room[buffer]
    return tensor if len(tensor) == rows else tensor[:rows]


class Draft:
    """A section under construction.

    Args:
        leading: the first inputs, whether they are read or not.

    Attributes:
        wanted: what it is made for.
        made: what it has made of the nodes of the trace.
        homes: results, each to be written over an input.
    """

    def __init__(self, leading: Iterable[Node] = ()) -> None:
        self.graph = Graph()
        self.inputs: list[Node] = []
        self.wanted: list[Node] = []
        self.made: dict[Node, Node] = {}
        self.homes: dict[Node, Node] = {}
        for node in leading:
            self.read(node)

    def read(self, node: Node) -> Node:
        """An input."""
        if node not in self.made:
            self.inputs.append(node)
            self.made[node] = self.graph.placeholder(node.name)
            self.made[node].meta = dict(node.meta)
        return self.made[node]

    def copy(self, node: Node) -> Node:
        """The operation of a node, on what the section has made of its arguments."""
        whole = block(node)
        if whole is None:
            self.made[node] = self.graph.node_copy(node, self.made.__getitem__)
        else:
            parent, start = whole
            self.made[node] = self.call(columns, self.made[parent], start, node.meta["shape"][1:], like=node)
        return self.made[node]

    def call(self, function: Callable[..., Any], *args: Any, like: Node, shape: tuple[int, ...] | None = None) -> Node:
        """Another operation, whose result is like a node but perhaps for its shape."""
        node = self.graph.call_function(function, args)
        node.meta = {**like.meta, "shape": shape or like.meta["shape"]}
        return node

    def close(self, outputs: Sequence[Node]) -> Section:
        """The section that returns `outputs`."""
        results = [self.made[n] for n in outputs]
        fuse(self.graph, results)
        kept = {m: Buffer.of("scratch", m) for m in results if m.meta.get("rows")}
        layout = Layout(self.graph, self._given(), kept=kept)
        return self._section(layout, outputs, {})

    def close_step(
        self,
        outputs: Sequence[Node],
        *,
        carried: Sequence[Node] = (),
        stores: Iterable[Node] = (),
        kept: Iterable[Node] = (),
        spent: Iterable[Node] = (),
    ) -> Section:
        """The section that runs once for each step and returns the state for the next one.

        Args:
            outputs: that state.
            carried: the inputs as which it comes back, if their memory belongs to the loop.
            stores: what it leaves for later, each in a tensor of its own.
            kept: what it leaves for later anywhere.
            spent: inputs that nobody reads behind it.
        """
        later = {n: Buffer.of("store", n) for n in (*stores, *kept)}
        results = [self.made[n] for n in outputs]
        fuse(self.graph, [*results, *(self.made[n] for n in later)])
        back = come_back(results, [self.made[n] for n in carried], [self.made[n] for n in later])
        layout = Layout(
            self.graph,
            self._given(),
            spent={self.made[n] for n in spent if n in self.made},
            carried=back,
            stores={self.made[n]: later[n] for n in stores},
            kept={self.made[n]: later[n] for n in kept},
            handed_on=set(results),
            homes=self.homes,
            repeated=True,
        )
        return self._section(layout, outputs, later)

    def _given(self) -> dict[Node, Buffer]:
        rows = (n for n in self.inputs if "shape" in n.meta and n.meta["rows"])
        return {self.made[n]: Buffer.of("given", n) for n in rows}

    def _section(self, layout: Layout, outputs: Sequence[Node], later: dict[Node, Buffer]) -> Section:
        results = [self.made[n] for n in outputs]
        roots = [layout.root(m) for m in results]
        fresh = {n for n, m in zip(outputs, results, strict=True) if is_fresh(m, layout.blocks) and roots.count(m) == 1}
        places, left = emit(layout, results, {self.made[n]: b for n, b in later.items()})
        module = GraphModule(nn.Module(), self.graph)
        return Section(
            self.inputs, places, list(outputs), {n: left[self.made[n]] for n in later}, fresh, module.forward
        )


def extract(outputs: Iterable[Node], given: Callable[[Node], bool], *, leading: Iterable[Node] = ()) -> Draft:
    """The draft of a section that computes `outputs` from the nearest nodes that are given."""
    draft = Draft(leading)
    draft.wanted = list(outputs)
    for node in in_order(needed(draft.wanted, given)):
        if node not in draft.made:
            draft.read(node) if given(node) else draft.copy(node)
    return draft


def needed(roots: Iterable[Node], given: Callable[[Node], bool]) -> set[Node]:
    """The nodes that `roots` are computed from, no further than to what is given, and themselves."""
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend([] if given(node) else node.all_input_nodes)
    return found


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """Nodes of one graph, each behind what it is computed from."""
    return sorted(nodes)


def is_tensor(node: Node) -> bool:
    """Whether a node is one tensor, not a number and not several tensors."""
    return "shape" in node.meta
