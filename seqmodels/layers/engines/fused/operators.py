"""The whole sequence as one node of autograd, and as one operator of a compiled graph."""

from typing import Any

import torch
from torch import Tensor

from seqmodels.cells import Cell, ChoGRUCell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines.dispatch import without_autograd
from seqmodels.layers.engines.fused.equations import Weights
from seqmodels.layers.engines.fused.recurrence import EQUATIONS, backward, forward
from seqmodels.layers.scan import scan

recurrence = torch.library.custom_op("seqmodels::recurrence", forward, mutates_args=())
recurrence_backward = torch.library.custom_op("seqmodels::recurrence_backward", backward, mutates_args=())


@recurrence.register_fake
def _(equations, x, lengths, h, c, *rest):  # type: ignore[no-untyped-def]
    (batch, time, _), kind = x.shape, EQUATIONS[equations]
    (_, weight_hh, *_, keep, _) = rest
    hidden = weight_hh.shape[0] // kind.drive_blocks
    y = x.new_empty(time, batch, h.shape[1]).transpose(0, 1)
    c_n = x.new_empty(0) if c is None else torch.empty_like(c, memory_format=torch.contiguous_format)
    widths = (h.shape[1] * (lengths is not None), hidden * kind.keeps_c, hidden * kind.gate_blocks)
    kept = [x.new_empty(batch * time, width) if keep and width else x.new_empty(0) for width in widths]
    return y, torch.empty_like(h, memory_format=torch.contiguous_format), c_n, *kept


@recurrence_backward.register_fake
def _(_, x, __, h, c, *rest):  # type: ignore[no-untyped-def]
    weights, needs_x = rest[:5], rest[-1]
    dx = x.new_empty(x.shape[1], x.shape[0], x.shape[2]).transpose(0, 1) if needs_x else x.new_empty(0)
    like = (x.new_empty(0 if part is None else part.shape) for part in (h, c, *weights))
    return dx, *like


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    ctx.set_materialize_grads(False)
    ctx.equations, ctx.backward = inputs[0], recurrence_backward
    y, _, _, *kept = output
    ctx.save_for_backward(*inputs[1:10], y, *kept)


def _differentiate(ctx: Any, grad_y: Tensor | None, grad_h: Tensor | None, grad_c: Tensor | None, *_: Any) -> Any:
    saved, grads = ctx.saved_tensors, (grad_y, grad_h, grad_c)
    needed = ctx.needs_input_grad[1:10]
    if torch.is_grad_enabled():
        found = _replay(ctx.equations, saved[:9], grads, needed)
    else:
        dx, *others = ctx.backward(ctx.equations, *saved, *grads, needed[0])
        found = [dx, None, *others]
    wanted = (grad if need else None for grad, need in zip(found, needed, strict=True))
    return None, *wanted, None, None, None


def _replay(
    equations: str,
    inputs: tuple[Any, ...],
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


def cell_of(equations: str, weights: Weights) -> Cell[Any]:
    """The documented cell that these equations are, over these tensors."""
    hidden = weights.hh.shape[0] // EQUATIONS[equations].drive_blocks
    sizes, bias = (weights.ih.shape[1], hidden), weights.bias_ih is not None
    cell: Cell[Any]
    match equations.removesuffix("_compiled"):
        case "lstm":
            projected = 0 if weights.hr is None else weights.hr.shape[0]
            cell = LSTMCell(*sizes, bias=bias, proj_size=projected, device="meta")
        case "gru":
            cell = GRUCell(*sizes, bias=bias, device="meta")
        case "cho_gru":
            cell = ChoGRUCell(*sizes, bias=bias, device="meta")
        case _:
            cell = RNNCell(*sizes, nonlinearity=equations.removesuffix("_compiled"), bias=bias, device="meta")
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return cell.bind(**{name: w for name, w in zip(names, weights, strict=True) if w is not None})


recurrence.register_autograd(_differentiate, setup_context=_save)


def unrecorded(*inputs: Any) -> tuple[Tensor, ...]:
    """`forward` where no gradient is recorded."""
    with without_autograd():
        return forward(*inputs)


def _backward(*inputs: Any) -> tuple[Tensor, ...]:
    with without_autograd():
        return backward(*inputs)


class Recurrence(torch.autograd.Function):
    """`recurrence` where there is no graph: calling an operator costs several times as much as calling a function."""

    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, ...]:
        """As the operator's. (With a `setup_context` of its own, `apply` would inspect signatures at every call.)"""
        output = unrecorded(*inputs)
        _save(ctx, inputs, output)
        ctx.backward = _backward
        return output

    backward = staticmethod(_differentiate)
