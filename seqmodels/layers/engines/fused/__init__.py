"""The documented cells as one operator over the whole sequence, with a derivative written by hand.

Forwards it projects the input in one product and steps through the equations in place. Backwards it computes the
pointwise factors of many steps at once, so that the loop holds the recurrent product and a multiplication; each
weight's gradient is one product over all steps. Lengths are handled inside, without padding.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from seqmodels.cells import Cell, ChoGRUCell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines.fused.operators import Recurrence, recurrence, unrecorded

S = TypeVar("S")


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:  # noqa: ARG001 (every engine is asked in the same way)
    """Why there is no such operator for this cell on this input; None if there is."""
    if type(cell) not in (RNNCell, LSTMCell, GRUCell, ChoGRUCell):
        return f"there is no hand-written derivative for {type(cell).__name__}"
    if isinstance(cell, RNNCell) and cell.nonlinearity not in ("tanh", "relu"):
        return "there is a hand-written derivative for tanh and relu only"
    return None


def run(
    cell: Cell[S],
    x: Tensor,
    state: S | None,
    lengths: Tensor | None,
    outputs: Tensor | None = None,
    *,
    compiled: bool = False,
) -> tuple[Tensor, S]:
    """`scan` by one operator, its loops in Python or compiled; once more if its outputs are known."""
    state = cell.initial_state(x) if state is None else state
    h, c = state.h, getattr(state, "c", None)  # type: ignore[attr-defined]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    tensors = [x, h, c, *(getattr(cell, name, None) for name in names)]
    keep = torch.is_grad_enabled() and any(part is not None and part.requires_grad for part in tensors)
    traced = torch.compiler.is_compiling()
    operator: Callable[..., tuple[Tensor, ...]] = recurrence if traced else Recurrence.apply if keep else unrecorded
    equations = _equations(cell) + "_compiled" * compiled
    y, *final = operator(equations, x, lengths, *tensors[1:], keep, traced, outputs)[: 2 if c is None else 3]
    return y, type(state)(*final)


def _equations(cell: Cell[Any]) -> str:
    match cell:
        case LSTMCell():
            return "lstm"
        case GRUCell():
            return "gru"
        case ChoGRUCell():
            return "cho_gru"
        case _:
            return str(cell.nonlinearity)
