"""The LSTM on a CPU by oneDNN's primitive: one call for many steps."""

from functools import partial
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmodels.cells import Cell, LSTMCell, LSTMState
from seqmodels.freed_memory import is_kept
from seqmodels.layers.engines.vendor.lengths import Segment, cut
from seqmodels.layers.engines.vendor.moves import Move, move
from seqmodels.layers.lengths import check_range
from seqmodels.layers.scan import modifiable
from seqmodels.layers.tracing import is_recorded_by_jit
from seqmodels.types import map_state

LSTM = 2
# What padding adds to the drives: the input gate is exactly 0 and the forget gate exactly 1, so the cell state is
# frozen; the output gate is exactly 0, and so is the output.
SHUT, OPEN = -1e30, 1e30
# Steps, counted over all rows, whose gates a cache still holds; from how many bytes on memory is mapped anew; and from
# how many steps per unit on that costs more than another call.
BLOCK, MAPPED, ROWS_PER_UNIT = 2048, 2**25, 8

# Rows up to which a single step costs less than arranging the weights for the primitive.
FEW = 8


class Weights(NamedTuple):
    """The parameters of an `LSTMCell`."""

    weight_ih: Float[Tensor, "gates input"]
    weight_hh: Float[Tensor, "gates hidden"]
    bias_ih: Float[Tensor, " gates"] | None
    bias_hh: Float[Tensor, " gates"] | None


def takes(cell: Cell[Any], x: Tensor) -> bool:
    """Whether oneDNN has a primitive for this cell on this input.

    A compiled graph runs with gradients off, and then the primitive keeps nothing for its backward pass.
    """
    return (
        isinstance(cell, LSTMCell)
        and cell.weight_hr is None
        and x.is_cpu
        and (x.dtype == torch.float32 or (x.dtype == torch.bfloat16 and torch.ops.mkldnn._is_mkldnn_bf16_supported()))
        and torch._C._get_mkldnn_enabled()
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
        and not is_recorded_by_jit()
    )


def fails_in_mixed_precision(cell: LSTMCell, x: Tensor) -> bool:
    """Return whether torch's own layer would ask oneDNN for bfloat16 where the processor has none, which raises."""
    return (
        cell.weight_hr is None
        and x.is_cpu
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and torch._C._get_mkldnn_enabled()
        and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
    )


def cuts(cell: LSTMCell, x: Tensor) -> bool:
    """Whether the sequence is given to the primitive in several calls, where torch's own layer makes one."""
    rows = x.shape[0] * x.shape[1]
    return _block(rows, x, cell.hidden_size) < rows and takes(cell, x)


def run(cell: LSTMCell, x: Tensor, state: LSTMState, lengths: Tensor | None) -> tuple[Tensor, LSTMState]:
    """`scan` by the primitive.

    Raises:
        ValueError: a weight or a state is not as the sizes of the cell and the type of `x` say, or a length is out
            of range.
    """
    weights = Weights(cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
    _check(cell, x, state, weights)
    steps = x.transpose(0, 1)
    if lengths is None and x.shape[1] == 1 and x.shape[0] <= FEW:
        h, c = torch.lstm_cell(steps[0], state, *weights)
        return h.unsqueeze(1).clone(), LSTMState(h, c)
    ends = [] if lengths is None else lengths.tolist()
    check_range(ends, x.shape[1])
    if lengths is None or min(ends) == x.shape[1]:
        y, state = _equal(steps, state, weights)
        state = modifiable(state)
    else:
        y, state = _ragged(steps, state, weights, lengths.to(x.device))
    return y.transpose(0, 1), state


def _check(cell: LSTMCell, x: Tensor, state: LSTMState, weights: Weights) -> None:
    """The primitive reads memory as the sizes say, whatever is there."""
    gates, units = 4 * cell.hidden_size, (x.shape[0], cell.hidden_size)
    shapes = (units, units, (gates, cell.input_size), (gates, cell.hidden_size), (gates,), (gates,))
    for name, tensor, shape in zip(("h", "c", *Weights._fields), (*state, *weights), shapes, strict=True):
        if tensor is not None and (tensor.shape != shape or tensor.dtype != x.dtype):
            raise ValueError(
                f"expected {name} to be {x.dtype} of shape {shape}, got {tensor.dtype} of shape {tuple(tensor.shape)}"
            )


def _block(rows: int, x: Tensor, hidden_size: int) -> int:
    """Of so many steps, counted over all rows, how many one call is best given.

    Mapping its memory anew costs as much as these numbers are many, another call as much as the weights are.
    """
    workspace = 16 * rows * hidden_size * x.element_size() if torch.is_grad_enabled() and not is_kept() else 0
    return BLOCK if workspace > MAPPED and rows > ROWS_PER_UNIT * hidden_size else rows


def _equal(
    x: Float[Tensor, "time batch input"], state: LSTMState, weights: Weights
) -> tuple[Float[Tensor, "time batch hidden"], LSTMState]:
    """All rows to the last step; in blocks where the workspace of one call would be mapped anew at each."""
    time, batch, _ = x.shape
    block = _block(time * batch, x, state.h.shape[1])
    if block == time * batch:
        return _primitive(x, state, weights)
    outputs = []
    for part in x.split(max(block // batch, 1)):
        y, state = _primitive(part, state, weights)
        outputs.append(y)
    return torch.cat(outputs), state


def _ragged(
    x: Float[Tensor, "time batch input"], state: LSTMState, weights: Weights, lengths: Int[Tensor, " batch"]
) -> tuple[Float[Tensor, "time batch hidden"], LSTMState]:
    """Each row to its own end; where steps are cut into blocks anyway, first those that all rows have, as they lie."""
    shared = int(lengths.min())
    rows = shared * x.shape[1]
    if _block(rows, x, state.h.shape[1]) == rows:
        return _segments(x, state, weights, lengths)
    y, state = _equal(x[:shared], state, weights)
    rest, state = _segments(x[shared:], state, weights, lengths - shared)
    return torch.cat([y, rest]), state


def _segments(
    x: Float[Tensor, "time batch input"], state: LSTMState, weights: Weights, lengths: Int[Tensor, " batch"]
) -> tuple[Float[Tensor, "time batch hidden"], LSTMState]:
    """Rows from long to short, segment by segment; a mark in the padding that is run over freezes the cell state."""
    time, batch, _ = x.shape
    order = lengths.argsort(descending=True)
    segments = cut(lengths.tolist(), partial(_block, x=x, hidden_size=state.h.shape[1])) or [Segment(0, 1, batch)]
    there, back = _moves(segments, lengths, order, time)
    padding = x.new_zeros(len(there.source), 1).index_fill_(0, there.blank, 1.0)
    drive = torch.cat([move(x.reshape(time * batch, -1), there, back), padding], dim=1)
    marks = weights.weight_ih.new_tensor([SHUT, OPEN, 0.0, SHUT]).repeat_interleave(state.h.shape[1])
    weights = weights._replace(weight_ih=torch.cat([weights.weight_ih, marks.unsqueeze(1)], dim=1))
    h, c = map_state(lambda part: part.index_select(0, order), state)
    outputs, ended = [], []
    for part, (start, end, rows) in zip(drive.split([_size(segment) for segment in segments]), segments, strict=True):
        ended.append(c[rows:])
        y, (h, c) = _primitive(part.view(end - start, rows, -1), LSTMState(h[:rows], c[:rows]), weights)
        outputs.append(y.flatten(0, 1))
    y = move(torch.cat(outputs), back, there).view(time, batch, -1)
    h = torch.where(lengths.unsqueeze(1) > 0, y[lengths - 1, torch.arange(batch)], state.h)
    return y, LSTMState(h, torch.cat([c, *reversed(ended)]).index_select(0, order.argsort()))


def _moves(
    segments: list[Segment], lengths: Int[Tensor, " batch"], order: Int[Tensor, " batch"], time: int
) -> tuple[Move, Move]:
    """The way from steps (time * batch) to the segments, one behind the other, and back."""
    steps, batch = torch.arange(time, device=lengths.device).unsqueeze(1), len(lengths)
    places = (steps * batch + order).masked_fill_(steps >= lengths[order], -1)
    there = torch.cat([places[start:end, :rows].flatten() for start, end, rows in segments])
    valid = (there >= 0).nonzero().squeeze(1)
    back = there.new_full((time * batch,), -1).index_copy_(0, there[valid], valid)
    return Move.of(there), Move.of(back)


def _size(segment: Segment) -> int:
    return (segment.end - segment.start) * segment.rows


def _primitive(
    x: Float[Tensor, "time batch input"], state: LSTMState, weights: Weights
) -> tuple[Float[Tensor, "time batch hidden"], LSTMState]:
    """One call. It reads no bias that it is told not to have."""
    unread = weights.weight_ih.detach()
    w_ih, w_hh, b_ih, b_hh = (unread if part is None else part for part in weights)
    h, c = state.h.contiguous(), state.c.contiguous()
    bias = weights.bias_ih is not None
    y, h, c, _ = torch.mkldnn_rnn_layer(
        x.contiguous(), w_ih, w_hh, b_ih, b_hh, h, c, False, [], LSTM, h.shape[1], 1, bias, False, False, True
    )
    return y, LSTMState(h, c)
