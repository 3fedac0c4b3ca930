"""torch's own kernels (oneDNN, MKL, cuDNN) under our cells, and lengths without packing."""

from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from seqmodels.cells import Cell, GRUCell, GRUState, LSTMCell, LSTMState, RNNCell, RNNState

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
    """`scan` by torch's kernels.

    A ragged batch is sorted by length and run segment by segment between the distinct lengths, each time over the
    rows that still go on: no step is computed twice, none is computed on padding, and torch's packed path, which is
    several times slower on a CPU, is not entered.
    """
    state = cell.initial_state(x) if state is None else state
    if lengths is None:
        return _kernel(cell, x, state)
    ordered, order = lengths.sort(descending=True, stable=True)
    back = order.argsort().to(x.device)
    order, ends = order.to(x.device), ordered.tolist()
    if not 0 <= ends[-1] <= ends[0] <= x.shape[1]:
        raise ValueError(f"lengths must lie between 0 and {x.shape[1]}, got {ends[-1]} to {ends[0]}")
    x, alive = x[order], type(state)(*(tensor[order] for tensor in state))  # type: ignore[attr-defined, call-arg]
    outputs, finished, start = [], [], 0
    for end in sorted(set(ends)):
        if end > start:
            y, alive = _kernel(cell, x[: len(alive[0]), start:end], alive)
            outputs.append(F.pad(y, (0, 0, 0, 0, 0, len(ends) - len(y))))
        going_on = sum(length > end for length in ends)
        finished.append([tensor[going_on:] for tensor in alive])
        alive, start = type(state)(*(tensor[:going_on] for tensor in alive)), end
    outputs.append(x.new_zeros(len(ends), x.shape[1] - start, cell.output_size))
    final = type(state)(*(torch.cat(parts[::-1])[back] for parts in zip(*finished, strict=True)))
    return torch.cat(outputs, dim=1)[back], final


def _kernel(cell: Any, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One call of torch's kernel for one layer in one direction."""
    weights = [
        w
        for w in (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh, getattr(cell, "weight_hr", None))
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
