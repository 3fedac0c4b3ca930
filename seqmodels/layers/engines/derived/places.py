"""Where the results of straight-line code lie: in the place of what is read for the last time, or in scratch.

Fresh memory costs more than most operations that fill it, and a loop over time does little else than small ones.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

import torch
from torch import Tensor
from torch.fx import Graph, Node

from seqmodels.layers.engines.derived.operations import (
    columns,
    is_view,
    joined,
    overwritable,
    side_by_side,
    starts,
    writer,
)
from seqmodels.layers.engines.derived.trace import aten

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Buffer:
    """A tensor (rows, *shape): given to the code, stored by it for later, or scratch.

    Attributes:
        node: what it holds.
    """

    kind: Literal["given", "store", "scratch"]
    node: Node
    shape: Shape
    dtype: torch.dtype

    @classmethod
    def of(cls, kind: Literal["given", "store", "scratch"], node: Node) -> "Buffer":
        """The buffer for a node's tensor."""
        return cls(kind, node, node.meta["shape"][1:], node.meta["dtype"])


@dataclass(frozen=True)
class Place:
    """Columns of a buffer, from `start` on, as a tensor (rows, *shape)."""

    buffer: Buffer
    start: int
    shape: Shape

    def of(self, tensor: Tensor) -> Tensor:
        """This part of the buffer's tensor."""
        if self.shape == self.buffer.shape:
            return tensor
        width = math.prod(self.shape)
        part = tensor if width == tensor.shape[1] else tensor[:, self.start : self.start + width]
        return part if len(self.shape) == 1 else part.unflatten(1, self.shape)


@dataclass
class Layout:
    """Gives every result that can be written into a given tensor a place.

    Args:
        graph: straight-line code.
        given: those of its arguments that have a row for each row.
        spent: those of them that nobody reads behind the code.
        carried: those of them in whose place results for the next step may lie.
        stores: results for later, each with a buffer of its own.
        kept: results for later that may lie anywhere.
        handed_on: results for the next step.
        homes: results, each to be written over an argument.
        repeated: whether the code runs once for each step, all in the same scratch.
    """

    graph: Graph
    given: dict[Node, Buffer]
    spent: set[Node] = field(default_factory=set)
    carried: set[Node] = field(default_factory=set)
    stores: dict[Node, Buffer] = field(default_factory=dict)
    kept: dict[Node, Buffer] = field(default_factory=dict)
    handed_on: set[Node] = field(default_factory=set)
    homes: dict[Node, Node] = field(default_factory=dict)
    repeated: bool = False

    def __post_init__(self) -> None:
        self.lasting = {*self.stores, *self.kept, *self.handed_on}
        self.apart = {memory(n) for n in self.lasting if is_view(n)} if self.repeated else set()
        nodes = list(self.graph.nodes)
        self.blocks = {n for parent in nodes if self._falls_apart(parent) for n in parent.users}
        self.whole: dict[Node, tuple[Node, int]] = {}
        for node in nodes:
            self._join(node)
        self.places = {n: Place(b, 0, b.shape) for n, b in self.given.items()}
        self.owned = {*self.spent, *self.carried} - self.apart
        self.free: list[Place] = []
        self.expires = self._lifetimes(nodes)
        for time, node in enumerate(nodes):
            dying = {r for r in map(self.root, node.all_input_nodes) if r in self.owned and self.expires[r] == time}
            self._settle(node, dying)
            entire = (r for r in dying if not self.blocks.intersection(r.users))
            left = {self.places[r] for r in entire if self.places[r].shape == self.places[r].buffer.shape}
            self.free += left - {self.places.get(node)}

    def root(self, node: Node) -> Node:
        """What has the place that a node lies in."""
        while True:
            if node in self.whole:
                node = self.whole[node][0]
            elif is_view(node) and node not in self.blocks:
                node = node.all_input_nodes[0]
            else:
                return node

    def _falls_apart(self, node: Node) -> bool:
        """Whether a node is read only by blocks, none of which overlap."""
        if not node.users or is_view(node) or node in self.lasting or node in self.apart:
            return False
        if any(n.target is not columns for n in node.users):
            return False
        spans: Any = sorted((n.args[1], n.args[1] + math.prod(n.args[2])) for n in node.users)  # type: ignore[operator,arg-type]
        return all(end <= start for (_, end), (start, _) in pairwise(spans))

    def _join(self, node: Node) -> None:
        """What is only computed to be put side by side is computed there."""
        if node.target not in (aten.cat.default, side_by_side) or not node.meta.get("rows") or node in self.apart:
            return
        pieces, dim = joined(node)
        if dim not in (1, -1) or len(node.meta["shape"]) != 2 or not all("shape" in p.meta for p in pieces):
            return
        for piece, first in zip(pieces, starts(node), strict=True):
            alone = piece not in self.lasting and list(piece.users) == [node] and pieces.count(piece) == 1
            if alone and _is_placeable(piece) and piece.meta["dtype"] == node.meta["dtype"]:
                self.whole[piece] = node, first

    def _lifetimes(self, nodes: list[Node]) -> dict[Node, int]:
        expires: dict[Node, int] = {}
        for time, node in enumerate(nodes):
            for used in (node, *node.all_input_nodes):
                expires[self.root(used)] = time
        return expires | {self.root(n): len(nodes) for n in self.lasting}

    def _settle(self, node: Node, dying: set[Node]) -> None:
        """Give a node its place, if it has one."""
        if node.target is columns:
            tensor, start, shape = node.args
            parent = self.places.get(tensor)  # type: ignore[arg-type]
            if parent is not None and len(parent.shape) == 1:
                self.places[node] = Place(parent.buffer, parent.start + start, shape)  # type: ignore[operator,arg-type]
                if tensor in self.owned and node in self.blocks:
                    self.owned.add(node)
        elif node in self.whole:
            whole, start = self.whole[node]
            if whole not in self.places:
                self._take(whole, self._place_of_whole(whole))
            parent = self.places[whole]
            self.places[node] = Place(parent.buffer, parent.start + start, node.meta["shape"][1:])
        elif node not in self.places and node not in self.apart and _is_placeable(node):
            place = self._choose(node, self._replaceable(node, dying))
            if place is not None:
                self._take(node, place)

    def _take(self, node: Node, place: Place) -> None:
        self.places[node] = place
        self.owned.add(node)
        if place in self.free:
            self.free.remove(place)

    def _place_of_whole(self, node: Node) -> Place:
        home = self.homes.get(node)
        return self.places[home] if home in self.owned else self._choose(node, []) or _new("scratch", node)

    def _replaceable(self, node: Node, dying: set[Node]) -> list[Place]:
        """The places of operands that are read for the last time, and by the same numbers of the result alone."""
        roots = [self.root(n) for n in node.all_input_nodes]
        kind = node.meta["shape"], node.meta["dtype"]
        return [
            self.places[n]
            for n in overwritable(node)
            if n in dying and roots.count(n) == 1 and (n.meta["shape"], n.meta["dtype"]) == kind
        ]

    def _choose(self, node: Node, replaceable: list[Place]) -> Place | None:
        """A place for a result: None for handed on results that want fresh memory."""
        if node in self.stores:
            return whole_of(self.stores[node])
        candidates = [*replaceable, *(p for p in self.free if _fits(p, node))]
        if node in self.kept:
            repeated = {"scratch"} if self.repeated else set()
            good = (p for p in replaceable if not self._is_carried(p) and p.buffer.kind not in repeated)
            own = whole_of(self.kept[node]) if self.repeated else _new("scratch", node)
            return next(good, own)
        if node in self.handed_on:
            return next((p for p in candidates if self._is_carried(p)), None)
        return next((p for p in candidates if p in replaceable or p.buffer.kind == "scratch"), _new("scratch", node))

    def _is_carried(self, place: Place) -> bool:
        return any(self.given[n] == place.buffer for n in self.carried)


def memory(node: Node) -> Node:
    """What was computed, or given, in the memory of a node."""
    while is_view(node):
        node = node.all_input_nodes[0]
    return node


def _is_placeable(node: Node) -> bool:
    return node.op == "call_function" and bool(node.meta.get("rows")) and writer(node.target) is not None


def _fits(place: Place, node: Node) -> bool:
    return (place.shape, place.buffer.dtype) == (node.meta["shape"][1:], node.meta["dtype"])


def whole_of(buffer: Buffer) -> Place:
    """All columns of a buffer."""
    return Place(buffer, 0, buffer.shape)


def _new(kind: Literal["scratch"], node: Node) -> Place:
    return whole_of(Buffer.of(kind, node))
