"""torch's recurrences for one layer in one direction, and lengths over them."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqmodels.cells import Cell, GRUCell, LSTMCell
from seqmodels.layers.lengths import check_range
from seqmodels.types import map_state

S = TypeVar("S")


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None) -> tuple[Tensor, S]:
    """`scan` by torch's kernels."""
    state = cell.initial_state(x) if state is None else state
    ends = [] if lengths is None else lengths.tolist()
    check_range(ends, x.shape[1])
    if lengths is None or min(ends) == x.shape[1]:
        return _kernel(cell, x, state)
    if x.is_cuda and min(ends) > 0:
        return _packed(cell, x, state, lengths)
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


def _packed(cell: Any, x: Tensor, state: Any, lengths: Tensor) -> tuple[Tensor, Any]:
    """One call over the packed batch: cuDNN takes it as it is, but no row without a step."""
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    order, back = packed.sorted_indices, packed.unsorted_indices
    sorted_state = map_state(lambda part: part[order].unsqueeze(0), state)
    hx = sorted_state if len(state) > 1 else sorted_state.h
    y, *final = _call(cell)(packed.data, packed.batch_sizes, hx, _weights(cell), *_options(cell))
    padded, _ = pad_packed_sequence(packed._replace(data=y), batch_first=True, total_length=x.shape[1])
    return padded, type(state)(*(part[0, back] for part in final))


def _kernel(cell: Any, x: Tensor, state: Any) -> tuple[Tensor, Any]:
    """One call of torch's kernel for one layer in one direction."""
    first = map_state(lambda part: part.unsqueeze(0), state)
    hx = first if len(state) > 1 else first.h
    y, *final = _call(cell)(x, hx, _weights(cell), *_options(cell), True)
    return y, type(state)(*(part[0] for part in final))


def _call(cell: Any) -> Callable[..., tuple[Tensor, ...]]:
    """torch's function for a cell, of a padded or a packed batch."""
    match cell:
        case LSTMCell():
            return torch.lstm
        case GRUCell():
            return torch.gru
        case _:
            return torch.rnn_tanh if cell.nonlinearity == "tanh" else torch.rnn_relu


def _weights(cell: Any) -> list[Tensor]:
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    return [w for name in names if (w := getattr(cell, name, None)) is not None]


def _options(cell: Any) -> tuple[Any, ...]:
    """With biases, one layer, no dropout, training, one direction."""
    return cell.bias_ih is not None, 1, 0.0, cell.training, False
