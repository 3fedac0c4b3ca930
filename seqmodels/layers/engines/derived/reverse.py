"""The step of the reversed loop: products with coefficients between what must be done step by step."""

from collections.abc import Callable

from torch.fx import Node

from seqmodels.layers.engines.derived.folding import Blocks, Form, Forms, Part
from seqmodels.layers.engines.derived.operations import columns, side_by_side
from seqmodels.layers.engines.derived.sections import Draft, in_order
from seqmodels.layers.engines.derived.trace import ROWS, Trace, aten


def reverse_step(trace: Trace, forms: Forms, is_factor: Callable[[Node], bool]) -> Draft:
    """From the gradients of the state after to those of the state before.

    Args:
        trace: of the cell's step.
        forms: the gradients as linear forms.
        is_factor: whether a node can be computed for all steps at once.

    Returns:
        The section, not yet closed; its outputs are `trace.d_state`.
    """
    draft = Draft([trace.batch, *trace.d_after])
    order = in_order(_needed(trace, forms, is_factor))
    for node in order:
        if is_factor(node) or node is trace.d_output:
            draft.read(node)
    for node in order:
        if node in draft.made:
            continue
        if node in forms.blocks:
            draft.made[node] = _combine_blocks(draft, node, forms.blocks[node])
        elif form := forms.of(node):
            draft.made[node] = _combine(draft, node, form)
        else:
            draft.copy(node)
    return draft


def _needed(trace: Trace, forms: Forms, is_factor: Callable[[Node], bool]) -> set[Node]:
    """Sources, coefficients and all else that the gradients of the state before are computed from."""
    found: set[Node] = set()
    waiting = list(trace.d_state)
    while waiting:
        node = waiting.pop()
        if node in found:
            continue
        found.add(node)
        if node in forms.blocks:
            waiting.extend(forms.blocks[node].ingredients)
        elif form := forms.of(node):
            waiting.extend(n for pair in form.items() for n in pair if n is not None)
        elif not is_factor(node):
            waiting.extend(node.all_input_nodes)
    return found


def _combine(draft: Draft, node: Node, form: Form) -> Node:
    """The sum of the sources, each times its coefficient."""
    total = None
    for source, coefficient in sorted(form.items(), key=lambda pair: pair[1] is not None):
        value = draft.made[source]
        if coefficient is not None:
            value = draft.call(aten.mul.Tensor, draft.made[coefficient], value, like=node)
        total = value if total is None else draft.call(aten.add.Tensor, total, value, like=node)
    assert total is not None
    return total


def _combine_blocks(draft: Draft, node: Node, blocks: Blocks) -> Node:
    """Blocks of features, each the sum of its own sources; written over their coefficients."""
    coefficients = draft.made[blocks.coefficients]
    result = draft.call(side_by_side, [_combine_part(draft, coefficients, p) for p in blocks.parts], 1, like=node)
    draft.homes[result] = coefficients
    return result


def _combine_part(draft: Draft, coefficients: Node, part: Part) -> Node:
    """Some blocks at once, as (rows, blocks, features)."""
    count, width = part.shape
    sizes = part.shape if count > 1 else (width,)
    total = draft.call(columns, coefficients, part.start, sizes, like=coefficients, shape=(ROWS[0], *sizes))
    for source in part.sources:
        value = draft.made[source]
        if count > 1:
            value = draft.call(
                aten.unsqueeze.default, value, 1, like=value, shape=(ROWS[0], 1, *value.meta["shape"][1:])
            )
        if source in part.further:
            value = draft.call(aten.mul.Tensor, draft.made[part.further[source]], value, like=total)
        total = draft.call(aten.add.Tensor if source in part.further else aten.mul.Tensor, total, value, like=total)
    return total
