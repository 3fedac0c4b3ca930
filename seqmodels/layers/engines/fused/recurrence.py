"""A cell over a whole sequence, and the derivative of that: what all equations share."""

import torch
from torch import Tensor

from seqmodels.layers.engines.fused.cho_gru import ChoGRU
from seqmodels.layers.engines.fused.compiled import CompiledGRU, CompiledLSTM, CompiledReLU, CompiledTanh
from seqmodels.layers.engines.fused.equations import Equations, Past, Trail, Weights
from seqmodels.layers.engines.fused.gru import GRU
from seqmodels.layers.engines.fused.lstm import LSTM
from seqmodels.layers.engines.fused.rnn import ReLU, Tanh
from seqmodels.layers.engines.gemm import linear
from seqmodels.layers.engines.packing import Block, Packing

EQUATIONS: dict[str, type[Equations]] = {
    "tanh": Tanh,
    "relu": ReLU,
    "lstm": LSTM,
    "gru": GRU,
    "cho_gru": ChoGRU,
    "tanh_compiled": CompiledTanh,
    "relu_compiled": CompiledReLU,
    "lstm_compiled": CompiledLSTM,
    "gru_compiled": CompiledGRU,
}
BLOCK = 4 << 20
"""Bytes of gate gradients in one go on the way back: few enough to stay in a processor's cache."""


def forward(  # noqa: PLR0913, PLR0917 (an operator takes tensors, not what holds them)
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
    outputs: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A cell over (batch, time, input), from the state (h, c); without a step where the `outputs` are known.

    With `keep` it also returns what the way back needs: packed h where that is not the output, packed c, gates.
    With `static` their sizes do not depend on the values of the lengths, as a graph with fixed shapes asks.
    """
    packing = Packing.of(x, lengths)
    start = _start(packing, h, c)
    run = EQUATIONS[equations](Weights(weight_ih, weight_hh, bias_ih, bias_hh, weight_hr), keep)
    after = _through(run, packing, x, start, outputs) if packing.rows else run.nothing(start)
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


def backward(  # noqa: PLR0913, PLR0917
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
        before_c = [] if start.c is None else packing.before(kept_c, start.c, block)
        before = Past(packing.before(hs, start.h, block), before_c)
        after = Trail(hs[part], *(kept[part] if kept.numel() else None for kept in (kept_c, gates)))
        d_drive, own = run.backward(grads[part], carry, before, after, block.rows)
        own |= {"ih": run.weight_gradient(d_drive, xs[part]), "bias_ih": d_drive.sum(0)}
        total = {name: own[name] + total[name] if total else own[name] for name in own}
        if needs_x:
            dx[part] = linear(d_drive, weight_ih.t())
    d_c = x.new_empty(0) if carry.c is None else packing.unsort(carry.c)
    of_weights = [
        x.new_empty(0) if w is None else total[name].contiguous() if total else torch.zeros_like(w)
        for name, w in run.weights._asdict().items()
    ]
    return packing.unpack(dx) if needs_x else dx, packing.unsort(carry.h), d_c, *of_weights  # type: ignore[return-value]


def _through(run: Equations, packing: Packing, x: Tensor, start: Trail, outputs: Tensor | None) -> Trail:
    """Step by step, or, if the outputs are known, all steps at once."""
    xs = packing.pack(x)
    if outputs is None:
        return run.forward(run.project(xs), start, packing.rows)
    hs, rows = packing.pack(outputs), packing.rows
    before = Past(packing.before(hs, start.h, Block(0, len(rows), slice(0, len(hs)), rows)), [])
    return run.again(xs, hs, before, start, rows)


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
