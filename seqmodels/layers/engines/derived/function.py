"""A program as one function for autograd."""

from typing import Any

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from seqmodels.cells import Cell
from seqmodels.layers.engines.derived import sequence
from seqmodels.layers.engines.derived.binding import call_step, named_constants
from seqmodels.layers.engines.derived.program import Program
from seqmodels.layers.engines.dispatch import without_autograd


class Unrolled(torch.autograd.Function):
    """A cell over packed rows: from input, state, parameters and buffers to outputs and final state."""

    @staticmethod
    def forward(
        ctx: Any, program: Program, cell: Cell[Any], rows: list[int], structure: pytree.TreeSpec, *tensors: Tensor
    ) -> tuple[Tensor, ...]:
        """Run the steps."""
        trace, blocks = program.trace, sequence.Blocks(rows)
        values = dict(zip(trace.inputs, tensors, strict=True))
        with without_autograd():
            stored = sequence.forward(program, values, blocks, training=any(ctx.needs_input_grad))
        ctx.save_for_backward(*tensors, *stored.values())
        ctx.program, ctx.cell, ctx.blocks, ctx.structure, ctx.stored = program, cell, blocks, structure, list(stored)
        final = (blocks.final(stored[a], values[s]) for a, s in zip(trace.after, trace.state, strict=True))
        return stored[trace.output], *final

    @staticmethod
    def backward(ctx: Any, d_y: Tensor, *d_final: Tensor) -> tuple[Tensor | None, ...]:
        """The gradients that were asked for; as functions of theirs if they are to be differentiated again."""
        inputs = ctx.program.trace.inputs
        tensors, stored = ctx.saved_tensors[: len(inputs)], ctx.saved_tensors[len(inputs) :]
        if torch.is_grad_enabled():
            return *[None] * 4, *_replay(ctx, tensors, (d_y, *d_final))
        values, stores = dict(zip(inputs, tensors, strict=True)), dict(zip(ctx.stored, stored, strict=True))
        with without_autograd():
            gradients = sequence.backward(ctx.program, values, stores, ctx.blocks, d_y, list(d_final))
        return *[None] * 4, *(gradients.get(node) for node in inputs)


def _replay(ctx: Any, tensors: tuple[Tensor, ...], gradients: tuple[Tensor, ...]) -> list[Tensor | None]:
    """The steps again under autograd, and their gradients with a graph of their own."""
    x, *rest = tensors
    initial, constants = rest[: len(gradients) - 1], rest[len(gradients) - 1 :]
    named = dict(zip(named_constants(ctx.cell), constants, strict=True))
    state, outputs, after = initial, [], []
    for x_t in x.split(ctx.blocks.rows):
        state = pytree.tree_unflatten([part[: len(x_t)] for part in state], ctx.structure)
        y_t, state = call_step(ctx.cell, named, x_t, state)
        state = pytree.tree_leaves(state)
        outputs.append(y_t)
        after.append(state)
    final = (ctx.blocks.final(torch.cat(part), first) for *part, first in zip(*after, initial, strict=True))
    needed = ctx.needs_input_grad[-len(tensors) :]
    wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
    found = iter(
        torch.autograd.grad([torch.cat(outputs), *final], wanted, gradients, create_graph=True, allow_unused=True)
    )
    return [next(found) if need else None for need in needed]
