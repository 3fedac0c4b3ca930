"""What operations do to memory, and their fastest forms."""

import math
import operator
from collections.abc import Container
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import Node

from seqmodels.layers.engines.derived.products import apply, multiply
from seqmodels.layers.engines.derived.trace import aten
from seqmodels.layers.engines.fused.equations import MINUS_ONE


def columns(tensor: Tensor, start: int, shape: tuple[int, ...]) -> Tensor:
    """Columns of (rows, features) from `start` on, as (rows, *shape)."""
    part = tensor[:, start : start + math.prod(shape)]
    return part.view(len(part), *shape) if len(shape) == 1 else part.unflatten(1, shape)


def side_by_side(blocks: list[Tensor], dim: int) -> Tensor:
    """Blocks (rows, *shape) as the columns of one tensor."""
    return torch.cat([block.flatten(1) for block in blocks], dim)


def tanh(a: Tensor, *, out: Tensor | None = None) -> Tensor:
    """tanh, of numbers that lie side by side; of columns, where torch's takes five times as long, by a sigmoid."""
    if a.is_contiguous() and (out is None or out.is_contiguous()):
        return torch.tanh(a, out=out)
    if out is None or a.dtype != torch.float32 or a.device.type != "cpu":
        result = a.contiguous().tanh()
        return result if out is None else out.copy_(result)
    torch.add(a, a, out=out).sigmoid_()
    return torch.add(MINUS_ONE, out, alpha=2, out=out)


def rsub(a: Tensor, number: int | float, alpha: int | float = 1, *, out: Tensor) -> Tensor:
    """number - alpha a, for which torch has no form that writes into a given tensor."""
    return torch.mul(a, -alpha, out=out).add_(number)


FRESH = {multiply, apply, aten.cat.default, side_by_side, aten.mm.default, aten.addmm.default}
"""Operations that are not pointwise, and whose results lie in new memory."""


def is_view(node: Node) -> bool:
    """Whether a result may lie in the memory of the first argument."""
    target: Any = node.target
    if target in (operator.getitem, columns, aten._unsafe_view.default):
        return True
    return isinstance(target, OpOverload) and any(r.alias_info for r in target._schema.returns)


def is_pointwise(node: Node) -> bool:
    """Whether each number of a result depends on the numbers at the same place alone."""
    return isinstance(node.target, OpOverload) and torch.Tag.pointwise in node.target.tags


def overwritable(node: Node) -> list[Node]:
    """The operands in whose place the result may be written."""
    if is_pointwise(node):
        return node.all_input_nodes
    return [n for n in node.args[2:] if isinstance(n, Node)] if node.target is multiply else []


def fast(target: Any) -> Any:
    """The binding of an operation in `torch`, which is called in two thirds of the time, if it has one."""
    if target is aten.tanh.default:
        return tanh
    binding = getattr(torch, target.overloadpacket.__name__, None) if isinstance(target, OpOverload) else None
    return binding if isinstance(binding, type(torch.mul)) else target


def writer(target: Any) -> tuple[Any, str] | None:
    """The form of an operation that writes into a given tensor, and the name of that argument; None if it has none."""
    if target in (multiply, aten.tanh.default):
        return fast(target), "out"
    if target is aten.rsub.Scalar:
        return rsub, "out"
    if not isinstance(target, OpOverload):
        return None
    for name in ("out", "grad_input"):
        overload = getattr(target.overloadpacket, name, None) if name in target.overloadpacket.overloads() else None
        if overload is None or torch.Tag.generated in overload.tags or len(overload._schema.returns) != 1:
            continue
        if overload._schema.arguments[-1].name == name and _takes_the_same(target, overload):
            binding = fast(target)
            return (overload if binding is target else binding), name
    return None


def _takes_the_same(target: OpOverload, overload: OpOverload) -> bool:
    expected, given = overload._schema.arguments[:-1], target._schema.arguments
    return [(a.name, str(a.type)) for a in expected] == [(a.name, str(a.type)) for a in given]


def joined(node: Node) -> tuple[list[Node], int]:
    """What is put side by side, and along which dimension."""
    arguments: Any = node.args
    return arguments[0], arguments[1] if len(arguments) > 1 else 0


def starts(node: Node) -> list[int]:
    """Where each part of what is put side by side begins."""
    return [0, *accumulate(math.prod(p.meta["shape"][1:]) for p in joined(node)[0])][:-1]


def is_fresh(node: Node, blocks: Container[Node] = ()) -> bool:
    """Whether a result has memory of its own, or as one of those `blocks` a part of such a result."""
    if node in blocks:
        return is_fresh(node.all_input_nodes[0])
    return node.op == "call_function" and not is_view(node) and (is_pointwise(node) or node.target in FRESH)


def block(node: Node) -> tuple[Node, int] | None:
    """Of what a node is a block of columns, and where that begins; None if it is none."""
    if node.target is not operator.getitem:
        return None
    split, index = node.args
    if not isinstance(split, Node) or split.target not in (aten.split.Tensor, aten.split_with_sizes.default):
        return None
    arguments: Any = split.args
    place: Any = index
    whole, size, *dim = arguments
    if not isinstance(whole, Node) or not whole.meta.get("rows") or len(whole.meta["shape"]) != 2:
        return None
    if dim not in ([1], [-1]):
        return None
    return whole, place * size if isinstance(size, int) else sum(size[:place])
