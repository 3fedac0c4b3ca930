"""One operator for a whole sequence, and one for its derivative."""

from typing import Any

import torch
from torch import Tensor

from seqmodels.cells import Cell, ChoGRUCell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines.fused.cho_gru import ChoGRU
from seqmodels.layers.engines.fused.equations import Equations, Trail, Weights
from seqmodels.layers.engines.fused.gru import GRU
from seqmodels.layers.engines.fused.lstm import LSTM
from seqmodels.layers.engines.fused.rnn import ReLU, Tanh
from seqmodels.layers.engines.gemm import linear, weight_gradient
from seqmodels.layers.engines.packing import Packing
from seqmodels.layers.scan import scan

EQUATIONS: dict[str, type[Equations]] = {"tanh": Tanh, "relu": ReLU, "lstm": LSTM, "gru": GRU, "cho_gru": ChoGRU}
BLOCK = 4 << 20
"""Bytes of gate gradients in one go on the way back: few enough to stay in a processor's cache."""


@torch.library.custom_op("seqmodels::recurrence", mutates_args=())
def recurrence(
    equations: str,
    x: Tensor,
    lengths: Tensor | None,
    h: Tensor,
    c: Tensor | None,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    weight_hr: Tensor | None,
    keep: bool,
    static: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A cell over (batch, time, input), from the state (h, c).

    With `keep` it also returns what the way back needs: packed h where that is not the output, packed c, gates.
    With `static` their sizes do not depend on the values of the lengths, as a graph with fixed shapes asks.
    """
    packing = Packing.of(x, lengths)
    start = _start(packing, h, c)
    run = EQUATIONS[equations](Weights(weight_ih, weight_hh, bias_ih, bias_hh, weight_hr))
    if packing.rows:
        after = run.forward(linear(packing.pack(x), weight_ih, run.bias()), start, packing.rows, keep)
    else:
        after = run.nothing(start)
    h_n = packing.unsort(packing.final(after.h, start.h))
    c_n = x.new_empty(0) if start.c is None else packing.unsort(packing.final(present(after.c), start.c))
    own_h = packing.index is not None or (static and lengths is not None)
    kept = [x.new_empty(0) if part is None or not keep else part for part in (after.h, after.c, after.gates)]
    if not own_h:
        kept[0] = x.new_empty(0)
    elif packing.index is None:
        kept[0] = after.h.clone()
    if static:
        kept = [_padded(part, x.shape[0] * x.shape[1]) for part in kept]
    return packing.unpack(after.h), h_n, c_n, kept[0], kept[1], kept[2]


@recurrence.register_fake
def _(equations, x, lengths, h, c, weight_ih, weight_hh, bias_ih, bias_hh, weight_hr, keep, static):  # type: ignore[no-untyped-def]
    batch, time, _ = x.shape
    kind = EQUATIONS[equations]
    hidden = weight_hh.shape[0] // kind.drive_blocks
    y = x.new_empty(time, batch, h.shape[1]).transpose(0, 1)
    c_n = x.new_empty(0) if c is None else torch.empty_like(c, memory_format=torch.contiguous_format)
    widths = (h.shape[1] * (lengths is not None), hidden * kind.keeps_c, hidden * kind.gate_blocks)
    kept = [x.new_empty(batch * time, width) if keep and width else x.new_empty(0) for width in widths]
    return y, torch.empty_like(h, memory_format=torch.contiguous_format), c_n, *kept


@torch.library.custom_op("seqmodels::recurrence_backward", mutates_args=())
def recurrence_backward(
    equations: str,
    x: Tensor,
    lengths: Tensor | None,
    h: Tensor,
    c: Tensor | None,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor | None,
    bias_hh: Tensor | None,
    weight_hr: Tensor | None,
    y: Tensor,
    kept_h: Tensor,
    kept_c: Tensor,
    gates: Tensor,
    grad_y: Tensor | None,
    grad_h: Tensor | None,
    grad_c: Tensor | None,
    needs_x: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Gradients of x, h, c and the parameters; empty where there is no such thing or nobody needs it."""
    packing, kind = Packing.of(x, lengths), EQUATIONS[equations]
    start = _start(packing, h, c)
    run = kind(Weights(weight_ih, weight_hh, bias_ih, bias_hh, weight_hr))
    carry = _carry(packing, start, grad_h, grad_c)
    hs = kept_h if kept_h.numel() else y.transpose(0, 1).flatten(0, 1)
    xs, grads = packing.pack(x), packing.pack(torch.zeros_like(y) if grad_y is None else grad_y)
    dx = torch.empty_like(xs) if needs_x else x.new_empty(0)
    total: dict[str, Tensor] = {}
    for block in reversed(list(packing.blocks(BLOCK // (weight_ih.shape[0] * x.element_size())))):
        part = block.part
        before_c = None if start.c is None else packing.before(kept_c, start.c, block)
        before = Trail(packing.before(hs, start.h, block), before_c)
        after = Trail(hs[part], *(kept[part] if kept.numel() else None for kept in (kept_c, gates)))
        d_drive, own = run.backward(grads[part], carry, before, after, block.rows)
        own |= {"ih": weight_gradient(d_drive, xs[part]), "bias_ih": d_drive.sum(0)}
        total = {name: own[name] + total[name] if total else own[name] for name in own}
        if needs_x:
            dx[part] = linear(d_drive, weight_ih.t())
    d_c = x.new_empty(0) if carry.c is None else packing.unsort(carry.c)
    of_weights = [
        x.new_empty(0) if w is None else total[name].contiguous() if total else torch.zeros_like(w)
        for name, w in run.weights._asdict().items()
    ]
    return packing.unpack(dx) if needs_x else dx, packing.unsort(carry.h), d_c, *of_weights  # type: ignore[return-value]


@recurrence_backward.register_fake
def _(equations, x, lengths, h, c, *rest):  # type: ignore[no-untyped-def]
    weights, needs_x = rest[:5], rest[-1]
    dx = x.new_empty(x.shape[1], x.shape[0], x.shape[2]).transpose(0, 1) if needs_x else x.new_empty(0)
    like = (x.new_empty(0 if part is None else part.shape) for part in (h, c, *weights))
    return dx, *like


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.set_materialize_grads(False)
    ctx.equations = inputs[0]
    y, _, _, *kept = output
    ctx.save_for_backward(*inputs[1:10], y, *kept)


def _differentiate(ctx: Any, grad_y: Tensor | None, grad_h: Tensor | None, grad_c: Tensor | None, *_: None) -> Any:
    inputs, grads = ctx.saved_tensors[:9], (grad_y, grad_h, grad_c)
    needed = ctx.needs_input_grad[1:10]
    if torch.is_grad_enabled():
        found = _replay(ctx.equations, inputs, grads, needed)
    else:
        dx, *others = recurrence_backward(ctx.equations, *ctx.saved_tensors, *grads, needed[0])
        found = [dx, None, *others]
    wanted = (grad if need else None for grad, need in zip(found, needed, strict=True))
    return None, *wanted, None, None


def _replay(
    equations: str,
    inputs: tuple[Tensor | None, ...],
    grads: tuple[Tensor | None, ...],
    needed: tuple[bool, ...],
) -> list[Tensor | None]:
    """The gradients as functions of everything they depend on: the equations step by step, under autograd."""
    x, lengths, h, c, *weights = inputs
    cell = cell_of(equations, Weights(*weights))
    state = cell.initial_state(x)
    y, final = scan(cell, x, type(state)(*(part for part in (h, c) if part is not None)), lengths=lengths)
    outputs = [(out, grad) for out, grad in zip((y, *final), grads, strict=False) if grad is not None]
    wanted = [part for part, need in zip(inputs, needed, strict=True) if need]
    found = iter(
        torch.autograd.grad(
            [out for out, _ in outputs], wanted, [grad for _, grad in outputs], create_graph=True, allow_unused=True
        )
    )
    return [next(found) if need else None for need in needed]


recurrence.register_autograd(_differentiate, setup_context=_save)


def cell_of(equations: str, weights: Weights) -> Cell[Any]:
    """The documented cell that these equations are, over these tensors."""
    hidden = weights.hh.shape[0] // EQUATIONS[equations].drive_blocks
    sizes, bias = (weights.ih.shape[1], hidden), weights.bias_ih is not None
    cell: Cell[Any]
    match equations:
        case "lstm":
            projected = 0 if weights.hr is None else weights.hr.shape[0]
            cell = LSTMCell(*sizes, bias=bias, proj_size=projected, device="meta")
        case "gru":
            cell = GRUCell(*sizes, bias=bias, device="meta")
        case "cho_gru":
            cell = ChoGRUCell(*sizes, bias=bias, device="meta")
        case _:
            cell = RNNCell(*sizes, nonlinearity=equations, bias=bias, device="meta")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return cell.bind(**{name: w for name, w in zip(names, weights, strict=True) if w is not None})


def _start(packing: Packing, h: Tensor, c: Tensor | None) -> Trail:
    return Trail(*packing.sort((h.contiguous(),) if c is None else (h.contiguous(), c.contiguous())))


def _carry(packing: Packing, start: Trail, grad_h: Tensor | None, grad_c: Tensor | None) -> Trail:
    """The gradients of the final state, to be overwritten on the way back."""
    grads = [
        torch.zeros_like(part) if grad is None else packing.sort((grad,))[0].clone()
        for part, grad in zip(start, (grad_h, grad_c), strict=False)
        if part is not None
    ]
    return Trail(*grads)


def _padded(part: Tensor, rows: int) -> Tensor:
    if part.ndim == 1 or len(part) == rows:
        return part
    padded = part.new_empty(rows, part.shape[1])
    padded[: len(part)] = part
    return padded


def present(part: Tensor | None) -> Tensor:
    """A tensor that these equations have."""
    assert part is not None
    return part
