"""Gradients as linear forms: sums of sources, each times a coefficient that needs no gradient.

A chain of elementwise operations on a gradient is a product with one coefficient. The coefficients of all steps are
computed at once, so that of the whole chain one product is left for each step.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch._ops import OpOverload
from torch.fx import Node

from seqmodels.layers.engines.derived.operations import joined
from seqmodels.layers.engines.derived.trace import Trace, aten

Form = dict[Node, Node | None]
"""Coefficient of each source; None stands for one."""

ALIASES = {aten.view.default, aten._unsafe_view.default, aten.expand.default, aten.clone.default}


@dataclass(frozen=True)
class Part:
    """Neighbouring blocks with the same sources.

    Attributes:
        start: first column.
        shape: number of blocks, and features of each.
        sources: what they are linear in.
        further: coefficients of the sources but the first.
    """

    start: int
    shape: tuple[int, int]
    sources: tuple[Node, ...]
    further: dict[Node, Node]


@dataclass(frozen=True)
class Blocks:
    """A gradient of blocks side by side, each a linear form.

    Attributes:
        coefficients: of the first source of each block, side by side too; the block itself where it has no source.
        parts: the blocks.
    """

    coefficients: Node
    parts: list[Part]

    @property
    def ingredients(self) -> list[Node]:
        """All that it is computed from."""
        return [self.coefficients, *(n for p in self.parts for n in (*p.sources, *p.further.values()))]


class Forms(dict[Node, Form]):
    """The linear form of every node that depends on an incoming gradient.

    A node whose operation is not elementwise is its own source.
    """

    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self.trace, self.graph = trace, trace.graph
        self.blocks: dict[Node, Blocks] = {}
        self.sums: dict[Node, Form] = {}
        self.seeds = {trace.d_output, *trace.d_after}
        for seed in self.seeds:
            self[seed] = {seed: None}
        for node in list(self.graph.nodes):
            if any(n in self for n in node.all_input_nodes):
                self[node] = self._form(node) or {node: None}

    def of(self, node: Node) -> Form | None:
        """What a gradient is made of, if that is a sum of others."""
        form = self.sums.get(node, self.get(node, {}))
        return None if node in form or node not in self else form

    def _form(self, node: Node) -> Form | None:  # noqa: PLR0911 (one kind of operation each)
        gradients = [n for n in node.all_input_nodes if n in self]
        if not isinstance(node.target, OpOverload) or not all(n.meta.get("rows") for n in (node, *gradients)):
            return None
        if node.target is aten.cat.default:
            blocks = self._side_by_side(node)
            self.blocks |= {node: blocks} if blocks else {}
            return None
        if node.target is aten.add.Tensor and len(gradients) == 2 and not node.kwargs:
            return self._sum(node)
        if len(gradients) > 1 or node.args.count(gradients[0]) != 1:
            return None
        if node.target in ALIASES:
            return self[gradients[0]] if shape(node) == shape(gradients[0]) else None
        if torch.Tag.pointwise in node.target.tags:
            return {s: self._apply(node, gradients[0], s, c) for s, c in self[gradients[0]].items()}
        return None

    def _apply(self, node: Node, gradient: Node, source: Node, coefficient: Node | None) -> Node:
        """A pointwise operation on a coefficient in the place of the gradient."""
        if coefficient is None and node.target is aten.mul.Tensor:
            (factor,) = (a for a in node.args if a is not gradient)
            if isinstance(factor, Node):
                return factor
        value = coefficient or self._filled(1.0, source)
        return self._pointwise(node.target, *(value if a is gradient else a for a in node.args), **node.kwargs)

    def _sum(self, node: Node) -> Form | None:
        operands: Any = node.args
        left, right = operands
        if shape(left) != shape(right) or {left, right} <= self.seeds:
            return None
        form = {**self[left]}
        for source, coefficient in self[right].items():
            if source in form:
                both = (c or self._filled(1.0, source) for c in (form[source], coefficient))
                form[source] = self._pointwise(aten.add.Tensor, *both)
            else:
                form[source] = coefficient
        if len(form) > 1 and len(node.users) > 1:
            self.sums[node] = form
            return None
        return form

    def _side_by_side(self, node: Node) -> Blocks | None:
        """Blocks of columns, each a linear form of its own."""
        pieces, dim = joined(node)
        if dim not in (1, -1) or not all(len(shape(n)) == 2 and n.meta["rows"] for n in (node, *pieces)):
            return None
        forms = [self.get(piece, {}) for piece in pieces]
        if any(
            c is None or shape(s)[1] not in (1, shape(p)[1])
            for p, f in zip(pieces, forms, strict=True)
            for s, c in f.items()
        ):
            return None
        first = [self._expanded(next(iter(f.values()), p) or p, p) for p, f in zip(pieces, forms, strict=True)]
        whole = self._call(aten.cat.default, first, 1, shape=shape(node), like=node)
        parts, start = [], 0
        for (sources, width), group in groupby(
            zip(pieces, forms, strict=True), lambda pair: (tuple(pair[1]), shape(pair[0])[1])
        ):
            members = list(group)
            further = {s: self._stacked([(p, f[s] or p) for p, f in members], width) for s in sources[1:]}
            parts.append(Part(start, (len(members), width), sources, further))
            start += len(members) * width
        return Blocks(whole, parts)

    def _stacked(self, coefficients: list[tuple[Node, Node]], width: int) -> Node:
        """Coefficients of neighbouring blocks as (rows, blocks, features)."""
        blocks = [self._expanded(c, piece) for piece, c in coefficients]
        if len(blocks) == 1:
            return blocks[0]
        rows, like = shape(blocks[0])[0], coefficients[0][0]
        whole = self._call(aten.cat.default, blocks, 1, shape=(rows, len(blocks) * width), like=like)
        arguments = (whole, [self.trace.batch, len(blocks), width])
        return self._call(aten.view.default, *arguments, shape=(rows, len(blocks), width), like=like)

    def _expanded(self, coefficient: Node, piece: Node) -> Node:
        if shape(coefficient) == shape(piece):
            return coefficient
        return self._call(aten.expand.default, coefficient, self._size(piece), shape=shape(piece), like=piece)

    def _filled(self, value: float, like: Node) -> Node:
        arguments = (self.trace.x, self._size(like), value)
        return self._call(aten.new_full.default, *arguments, shape=shape(like), like=like, dtype=like.meta["dtype"])

    def _size(self, node: Node) -> list[Any]:
        return [self.trace.batch, *shape(node)[1:]]

    def _pointwise(self, target: Any, *args: Any, **kwargs: Any) -> Node:
        operands = [a for a in args if isinstance(a, Node) and "shape" in a.meta]
        result = torch.broadcast_shapes(*(shape(a) for a in operands))
        like = next((a for a in operands if a.meta["rows"]), operands[0])
        return self._call(target, *args, shape=tuple(result), like=like, **kwargs)

    def _call(self, target: Any, *args: Any, shape: tuple[int, ...], like: Node, **kwargs: Any) -> Node:
        node = self.graph.call_function(target, args, kwargs)
        node.meta = {**like.meta, "shape": shape}
        return node


def shape(node: Any) -> tuple[int, ...]:
    """The shape of a node's tensor in the trace."""
    return node.meta["shape"]  # type: ignore[no-any-return]
