"""Less memory for more time: between stored states, everything is computed again on the way back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils import _pytree as pytree
from torch.utils.checkpoint import get_device_states, set_device_states

from seqmodels.cells import Cell

S = TypeVar("S")
Run = Callable[..., tuple[Tensor, Any]]
"""Takes a cell, an input, a state, lengths, and perhaps `outputs` that are known."""
Randomness = tuple[Tensor, list[int], list[Tensor]]
"""States of the generators: of the CPU, and of which devices."""


def checkpointed(
    run: Run, cell: Cell[S], x: Tensor, state: S, lengths: Tensor | None, every: int, with_outputs: bool
) -> tuple[Tensor, S]:
    """Run over segments of `every` steps, keeping of each only the state before it.

    Memory grows with time / every + every in place of time; the way forward is gone twice. `with_outputs` keeps those
    and hands them to the second run, which may be quicker for knowing them. `torch.utils.checkpoint` around each
    segment would do the same, but hold all outputs twice while it joins them.

    Source:
        T. Chen, B. Xu, C. Zhang and C. Guestrin, "Training deep nets with sublinear memory cost", arXiv 1604.06174.
    """
    parts, structure = pytree.tree_flatten(state)
    y, *final = _Checkpointed.apply(run, cell, lengths, every, with_outputs, structure, x, *parts, *cell.parameters())
    return y, pytree.tree_unflatten(final, structure)


class _Checkpointed(torch.autograd.Function):
    """Segments forwards without a graph, and backwards one by one with it."""

    @staticmethod
    def forward(
        ctx: Any,
        run: Run,
        cell: Cell[Any],
        lengths: Tensor | None,
        every: int,
        with_outputs: bool,
        structure: Any,
        x: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.run, ctx.cell, ctx.every, ctx.structure = run, cell, every, structure
        ctx.autocast = x.device.type, torch.get_autocast_dtype(x.device.type), torch.is_autocast_enabled(x.device.type)
        parts, before, ctx.randomness = list(tensors[: structure.num_leaves]), [], []
        y = x.new_empty(0)
        for start, segment, left in _segments(x, lengths, every):
            before += parts
            randomness = _randomness(x)
            y_segment, state = run(cell, segment, pytree.tree_unflatten(parts, structure), left)
            ctx.randomness.append(None if _is_same(randomness, _randomness(x)) else randomness)
            parts = pytree.tree_leaves(state)
            if start == 0:  # time first in memory, as the engines write it
                y = y_segment.new_empty(x.shape[1], x.shape[0], cell.output_size).transpose(0, 1)
            y[:, start : start + segment.shape[1]] = y_segment
        ctx.save_for_backward(x, lengths, y if with_outputs else None, *tensors, *before)
        ctx.num_inputs = len(tensors)
        return y, *(part.clone() for part in parts)

    @staticmethod
    def backward(ctx: Any, grad_y: Tensor, *grads: Tensor) -> tuple[Tensor | None, ...]:
        x, lengths, y, *saved = ctx.saved_tensors
        n, needed = ctx.structure.num_leaves, ctx.needs_input_grad[6:]
        parameters, before = saved[n : ctx.num_inputs], saved[ctx.num_inputs :]
        if torch.is_grad_enabled():
            return *[None] * 6, *_replay(ctx, [x, *saved[: ctx.num_inputs]], lengths, (grad_y, *grads))
        weights = [w for w, need in zip(parameters, needed[n + 1 :], strict=True) if need]
        dx, totals = torch.empty_like(x) if needed[0] else None, [torch.zeros_like(w) for w in weights]
        for number, (start, segment, left) in reversed(list(enumerate(_segments(x, lengths, ctx.every)))):
            steps = slice(start, start + segment.shape[1])
            inputs = [part.detach().requires_grad_() for part in (segment, *before[number * n : (number + 1) * n])]
            known = None if y is None else y[:, steps]
            outputs = _again(ctx, ctx.randomness[number], [*inputs, *parameters], left, known)
            found = torch.autograd.grad(
                outputs, [*inputs, *weights], (grad_y[:, steps], *grads), allow_unused=True, materialize_grads=True
            )
            grads = found[1 : n + 1]
            if dx is not None:
                dx[:, steps] = found[0]
            for total, own in zip(totals, found[n + 1 :], strict=True):
                total.add_(own)
        rest = iter(totals)
        return *[None] * 6, dx, *grads, *(next(rest) if need else None for need in needed[n + 1 :])


def _segments(x: Tensor, lengths: Tensor | None, every: int) -> Iterator[tuple[int, Tensor, Tensor | None]]:
    """First step, inputs and remaining lengths of each segment."""
    for number, segment in enumerate(x.split(every, dim=1)):
        start = number * every
        yield start, segment, None if lengths is None else (lengths.long() - start).clamp(0, segment.shape[1])


def _again(
    ctx: Any, randomness: Randomness | None, inputs: list[Tensor], left: Tensor | None, known: Tensor | None = None
) -> tuple[Tensor, ...]:
    """What begins with a segment, with its graph: drawn, rounded and over the parameters as it was the first time."""
    x, *tensors = inputs
    state = pytree.tree_unflatten(tensors[: ctx.structure.num_leaves], ctx.structure)
    layer = _Layer(ctx.run, ctx.cell)
    own, then = dict(layer.named_parameters()), tensors[ctx.structure.num_leaves :]
    with _drawing(randomness), torch.enable_grad(), torch.autocast(*ctx.autocast):
        if all(a is b for a, b in zip(own.values(), then, strict=True)):
            y, state = layer(x, state, left, known)
        else:
            y, state = functional_call(layer, dict(zip(own, then, strict=True)), (x, state, left, known))
    return y, *pytree.tree_leaves(state)


def _randomness(x: Tensor) -> Randomness:
    return torch.get_rng_state(), *get_device_states(x)


def _is_same(before: Randomness, after: Randomness) -> bool:
    """Whether nothing has been drawn in between."""
    pairs = zip([before[0], *before[2]], [after[0], *after[2]], strict=True)
    return before[1] == after[1] and all(torch.equal(a, b) for a, b in pairs)


@contextmanager
def _drawing(randomness: Randomness | None) -> Iterator[None]:
    """What is drawn within it is what was drawn then; None if that was nothing."""
    if randomness is None:
        yield
        return
    on_cpu, devices, on_devices = randomness
    with torch.random.fork_rng(devices):
        torch.set_rng_state(on_cpu)
        set_device_states(devices, on_devices)
        yield


class _Layer(nn.Module):
    """A cell whose call is its run, for `functional_call`."""

    def __init__(self, run: Run, cell: Cell[Any]) -> None:
        super().__init__()
        self.run, self.cell = run, cell

    def forward(self, x: Tensor, state: Any, lengths: Tensor | None, outputs: Tensor | None) -> tuple[Tensor, Any]:
        return self.run(self.cell, x, state, lengths, outputs=outputs)


def _replay(
    ctx: Any, inputs: list[Tensor], lengths: Tensor | None, grads: tuple[Tensor, ...]
) -> Iterator[Tensor | None]:
    """The gradients as functions of everything they depend on, all segments at once."""
    needed = ctx.needs_input_grad[6:]
    wanted = [part for part, need in zip(inputs, needed, strict=True) if need]
    first_drawn = next((randomness for randomness in ctx.randomness if randomness is not None), None)
    outputs = _again(ctx, first_drawn, inputs, lengths)
    found = iter(torch.autograd.grad(outputs, wanted, grads, create_graph=True, allow_unused=True))
    return (next(found) if need else None for need in needed)
