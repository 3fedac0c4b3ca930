"""Linear recurrences over a whole sequence at once: chunks of time side by side, exact for any sign and size."""

from contextlib import nullcontext
from math import isqrt
from typing import Any

import torch
from torch import Tensor

from seqmodels.cells import Cell
from seqmodels.cells.linear import LinearCell, LinearState
from seqmodels.layers.engines.gemm import LargeProductsByOneDNN
from seqmodels.types import valid_steps

WIDE = 2**15
"""Numbers per step from which on a step alone occupies the machine, and chunks would only add work."""

SHORT = 64
"""Steps up to which a chunk more costs what it saves."""

PIECE = 2**19
"""Numbers per symbol from which on a CPU's caches overflow: longer sequences are taken in pieces of time."""


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:  # noqa: ARG001 (every engine is asked in the same way)
    """Why this cell cannot run in parallel over time; None if it can."""
    if not isinstance(cell, LinearCell):
        return f"{type(cell).__name__} is not a LinearCell"
    if type(cell).step is not LinearCell.step:
        return f"{type(cell).__name__} has a step of its own"
    return None


def run(cell: LinearCell, x: Tensor, state: LinearState | None, lengths: Tensor | None) -> tuple[Tensor, LinearState]:
    """`scan` by one operator for all steps, or for each piece that the caches hold."""
    batch, time, _ = x.shape
    h = (cell.initial_state(x) if state is None else state).h
    padding = None if lengths is None else ~valid_steps(lengths.to(x.device), time).unsqueeze(-1)
    steps = max(1, PIECE // max(1, batch * cell.hidden_size))
    if torch.compiler.is_compiling() or x.device.type != "cpu" or time <= steps:
        y, h = _piece(cell, x, h, padding)
        return y, LinearState(h)
    outputs, pieces = [], x.split(steps, dim=1)
    paddings = [None] * len(pieces) if padding is None else padding.split(steps, dim=1)
    for x_piece, padding_piece in zip(pieces, paddings, strict=True):
        y, h = _piece(cell, x_piece, h, padding_piece)
        outputs.append(y)
    return torch.cat(outputs, dim=1), LinearState(h)


def _piece(cell: LinearCell, x: Tensor, h: Tensor, padding: Tensor | None) -> tuple[Tensor, Tensor]:
    """All outputs and the last state; in the padding a = 1 and b = 0 keep the state."""
    if padding is not None:
        x = x.masked_fill(padding, 0.0)
    with nullcontext() if torch.compiler.is_compiling() else LargeProductsByOneDNN():
        drive = cell.project(x)
    a, b = (part.expand(*x.shape[:2], cell.hidden_size) for part in cell.coefficients(drive))
    if padding is not None:
        a, b = a.masked_fill(padding, 1.0), b.masked_fill(padding, 0.0)
    dtype = torch.promote_types(torch.promote_types(a.dtype, b.dtype), h.dtype)
    y, h = linear_recurrence(a.to(dtype), b.to(dtype), h.to(dtype))
    return (y if padding is None else y.masked_fill(padding, 0.0)), h


@torch.library.custom_op("seqmodels::linear_recurrence", mutates_args=())
def linear_recurrence(a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
    """h_t = a_t * h_{t-1} + b_t over (batch, time, hidden): all h_t, and the last."""
    h = _empty(b)
    return h, _solve(a, b, h0, h).clone(memory_format=torch.contiguous_format)


@linear_recurrence.register_fake
def _(_a: Tensor, b: Tensor, h0: Tensor) -> tuple[Tensor, Tensor]:
    return _empty(b), _empty(h0)


@torch.library.custom_op("seqmodels::linear_recurrence_backward", mutates_args=())
def linear_recurrence_backward(
    dh: Tensor, dh_last: Tensor, a: Tensor, h0: Tensor, h: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of a, b and h0: g_t = dh_t + a_{t+1} * g_{t+1} back in time, and with it da_t = g_t * h_{t-1}."""
    da, g = _empty(h), _empty(h)
    if h.shape[1] == 0:
        return da, g, dh_last.clone(memory_format=torch.contiguous_format)
    a, h0, h = a.conj(), h0.conj(), h.conj()
    last = torch.add(dh[:, -1], dh_last, out=g[:, -1])
    first = _solve(a[:, 1:], dh[:, :-1], last, g[:, :-1], reverse=True)
    torch.mul(first, h0, out=da[:, 0])
    torch.mul(g[:, 1:], h[:, :-1], out=da[:, 1:])
    return da, g, a[:, 0] * first


@linear_recurrence_backward.register_fake
def _(_dh: Tensor, _dh_last: Tensor, _a: Tensor, h0: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return _empty(h), _empty(h), _empty(h0)


def _save(ctx: Any, inputs: tuple[Tensor, ...], output: tuple[Tensor, Tensor]) -> None:
    a, _, h0 = inputs
    ctx.save_for_backward(a, h0, output[0])


def _gradients(ctx: Any, dh: Tensor, dh_last: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """By the operator, or, where they are to be differentiated again, by what can be."""
    a, h0, h = ctx.saved_tensors
    if not torch.is_grad_enabled():
        return linear_recurrence_backward(dh, dh_last, a, h0, h)  # type: ignore[no-any-return]
    # u_t = a_t * g_t runs backwards by the same operator: u_t = a_t * u_{t+1} + a_t * dh_t.
    u, du = linear_recurrence(a.conj().flip(1), (a.conj() * dh).flip(1), dh_last)
    g = dh + torch.cat([u.flip(1)[:, 1:], dh_last.unsqueeze(1)], dim=1)
    before = torch.cat([h0.unsqueeze(1), h[:, :-1]], dim=1)
    return g * before.conj(), g, du


linear_recurrence.register_autograd(_gradients, setup_context=_save)


def _solve(a: Tensor, b: Tensor, h: Tensor, out: Tensor, reverse: bool = False) -> Tensor:
    """Write h_t = a_t * h_{t-1} + b_t of every step into `out`, from h on and from either end; return the last one."""

    def in_order(x: Tensor, dim: int = 1) -> tuple[Tensor, ...]:
        return x.unbind(dim)[:: -1 if reverse else 1]

    batch, time, hidden = b.shape
    if time < SHORT or not 0 < batch * hidden < WIDE or not _shrinks(a):
        return _step_by_step(in_order(a), in_order(b), h, in_order(out))
    length = isqrt(time // 3)
    rest = time % length
    late, early = (slice(0, rest), slice(rest, time)) if reverse else (slice(time - rest, time), slice(0, time - rest))
    steps = [in_order(x[:, early].unflatten(1, (-1, length)), dim=2) for x in (a, b, out)]
    product, end = _ends(steps[0], steps[1])
    states = end.new_empty(batch, end.shape[1] + 1, hidden)
    before, after = (states[:, 1:], states[:, :-1]) if reverse else (states[:, :-1], states[:, 1:])
    in_order(states)[0].copy_(h)
    h = _solve(product, end, h, after, reverse)
    _step_by_step(steps[0], steps[1], before, steps[2])
    return _step_by_step(in_order(a[:, late]), in_order(b[:, late]), h, in_order(out[:, late]))


def _step_by_step(a: tuple[Tensor, ...], b: tuple[Tensor, ...], h: Tensor, out: tuple[Tensor, ...]) -> Tensor:
    for a_t, b_t, h_t in zip(a, b, out, strict=True):
        h = torch.addcmul(b_t, a_t, h, out=h_t)
    return h


def _ends(a: tuple[Tensor, ...], b: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """What the steps come to as a single one: their a, which is the product, and their b, which is the end from 0."""
    product, end = a[0].clone(), b[0].clone()
    for a_t, b_t in zip(a[1:], b[1:], strict=True):
        torch.addcmul(b_t, a_t, end, out=end)
        product.mul_(a_t)
    return product, end


def _shrinks(a: Tensor) -> bool:
    """Whether no |a| exceeds 1 (nor is NaN): then a product can become 0 where it no longer counts, but never grow."""
    low, high = (a.abs() if a.is_complex() else a).aminmax()
    return bool((low >= -1) & (high <= 1))


def _empty(like: Tensor) -> Tensor:
    """Contiguous, whatever the strides of `like` are."""
    return torch.empty(like.shape, dtype=like.dtype, device=like.device)
