"""torch's own kernels (oneDNN, MKL, cuDNN) under our cells, and lengths without packing."""

from bisect import bisect_left, bisect_right
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from seqmodels.cells import Cell, GRUCell, GRUState, LSTMCell, LSTMState, RNNCell, RNNState
from seqmodels.layers.scan import check_range
from seqmodels.types import map_state

S = TypeVar("S")


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:
    """Why torch has no kernel for this cell on this input; None if it has."""
    if type(cell) not in (RNNCell, LSTMCell, GRUCell):
        return f"torch has no kernel for {type(cell).__name__}"
    if isinstance(cell, RNNCell) and cell.nonlinearity not in ("tanh", "relu"):
        return "torch has a kernel for tanh and relu only"
    if torch._C._functorch.maybe_current_level() is not None:
        return "torch's kernels do not run under torch.func transforms"
    if 0 in x.shape:
        return "torch's kernels take no empty input"
    return None


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None) -> tuple[Tensor, S]:
    """`scan` by torch's kernels."""
    state = cell.initial_state(x) if state is None else state
    ends = [] if lengths is None else lengths.tolist()
    check_range(ends, x.shape[1])
    if lengths is None or min(ends) == x.shape[1]:
        return _kernel(cell, x, state)
    order = lengths.argsort(descending=True, stable=True).to(x.device)
    y, final = _segments(cell, x[order], map_state(lambda tensor: tensor[order], state), sorted(ends))
    back = order.argsort()
    return y[back], map_state(lambda tensor: tensor[back], final)


def _segments(cell: Cell[S], x: Tensor, state: S, ends: list[int]) -> tuple[Tensor, S]:
    """Rows from long to short, segment by segment between their distinct ends, over the rows that still go on.

    No step is computed twice, none on padding, and torch's packed path, several times slower on a CPU, is not
    entered.
    """
    outputs, finished, start = [], [], 0
    for end in sorted(set(ends)):
        going_on = len(ends) - bisect_left(ends, end)
        if end > start:
            y, state = _kernel(cell, x[:going_on, start:end], state)
            outputs.append(F.pad(y, (0, 0, 0, 0, 0, len(x) - going_on)))
        left = len(ends) - bisect_right(ends, end)
        finished.append(map_state(lambda tensor, left=left: tensor[left:], state))
        state, start = map_state(lambda tensor, left=left: tensor[:left], state), end
    outputs.append(x.new_zeros(len(x), x.shape[1] - start, cell.output_size))
    return torch.cat(outputs, dim=1), map_state(lambda *parts: torch.cat(parts), *reversed(finished))


def _kernel(cell: Any, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One call of torch's kernel for one layer in one direction."""
    weights = [
        w
        for w in (
            cell.weight_ih,
            cell.weight_hh,
            cell.bias_ih,
            cell.bias_hh,
            getattr(cell, "weight_hr", None),
        )
        if w is not None
    ]
    options = (weights, cell.bias_ih is not None, 1, 0.0, cell.training, False, True)
    h = state.h.unsqueeze(0)
    match cell:
        case LSTMCell():
            y, h, c = torch.lstm(x, (h, state.c.unsqueeze(0)), *options)
            return y, LSTMState(h[0], c[0])
        case GRUCell():
            y, h = torch.gru(x, h, *options)
            return y, GRUState(h[0])
        case _:
            kernel = torch.rnn_tanh if cell.nonlinearity == "tanh" else torch.rnn_relu
            y, h = kernel(x, h, *options)
            return y, RNNState(h[0])
