"""The documented cells as one operator over the whole sequence, with a derivative written by hand.

Forwards it projects the input in one product and steps through the equations in place. Backwards it computes the
pointwise factors of many steps at once, so that the loop holds the recurrent product and a multiplication; each
weight's gradient is one product over all steps. Lengths are handled inside, without padding.
"""

from typing import Any, TypeVar

import torch
from torch import Tensor

from seqmodels.cells import Cell, ChoGRUCell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines.fused.recurrence import recurrence

S = TypeVar("S")


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:
    """Why there is no such operator for this cell on this input; None if there is."""
    if type(cell) not in (RNNCell, LSTMCell, GRUCell, ChoGRUCell):
        return f"there is no hand-written derivative for {type(cell).__name__}"
    if isinstance(cell, RNNCell) and cell.nonlinearity not in ("tanh", "relu"):
        return "there is a hand-written derivative for tanh and relu only"
    if torch._C._functorch.maybe_current_level() is not None:
        return "whole-sequence operators do not run under torch.func transforms"
    return None


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None) -> tuple[Tensor, S]:
    """`scan` by one operator."""
    state = cell.initial_state(x) if state is None else state
    h, c = state.h, getattr(state, "c", None)  # type: ignore[attr-defined]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    weights = [getattr(cell, name, None) for name in names]
    keep = torch.is_grad_enabled() and any(
        part is not None and part.requires_grad for part in (x, h, c, *weights)
    )
    static = torch.compiler.is_compiling()
    y, *final = recurrence(_equations(cell), x, lengths, h, c, *weights, keep, static)[: 2 if c is None else 3]
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
