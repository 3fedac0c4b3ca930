"""A program run over a sequence, forward and backward."""

from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from seqmodels.layers.engines.derived.folding import shape
from seqmodels.layers.engines.derived.program import Program
from seqmodels.layers.engines.derived.sections import Room, Section, Values, within

CHUNK = 2**18
"""Numbers in the widest tensor of those steps whose factors are made at once, so that these fit the cache."""


class Blocks:
    """Where the steps lie in packed rows.

    Args:
        rows: number of rows of each step, never more than of the step before.
    """

    def __init__(self, rows: list[int]) -> None:
        self.rows = rows
        self.starts = [0, *accumulate(rows)]

    def before(self, after: Tensor, initial: Tensor, first: int, last: int) -> Tensor:
        """The state before each row of the steps from `first` to `last`."""
        parts = [initial[: self.rows[0]]] if first == 0 else []
        steps = range(max(first, 1), last)
        if steps and self.rows[steps[0] - 1] == self.rows[steps[-1]]:
            parts.append(after[self.starts[steps[0] - 1] : self.starts[steps[-1]]])
        else:
            parts += [after[self.starts[t - 1] :][: self.rows[t]] for t in steps]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def final(self, after: Tensor, initial: Tensor) -> Tensor:
        """The state after each row's last step."""
        going_on = [*self.rows[1:], 0]
        ended = [
            after[start + stays : start + rows]
            for start, rows, stays in zip(self.starts, self.rows, going_on, strict=False)
            if rows > stays
        ]
        return torch.cat([*reversed(ended), initial[self.rows[0] :]])

    def chunks(self, size: int) -> Iterator[tuple[int, int]]:
        """First and last step of blocks of steps of about `size` rows, from the end."""
        last = len(self.rows)
        while last:
            first = last - 1
            while first and self.starts[last] - self.starts[first - 1] <= size:
                first -= 1
            yield first, last
            last = first


def forward(program: Program, values: Values, blocks: Blocks, *, training: bool) -> Values:
    """Run the steps from parameters, drive and initial state; what they store, the state after among it."""
    trace, section = program.trace, program.step if training else program.plain_step
    total, like = blocks.starts[-1], values[trace.x]
    values |= {trace.batch: total, trace.step_rows: blocks.rows}
    program.constants(values, {}, 0)
    program.ahead(values, program.ahead.room(total, total, like), total)
    room = section.room(total, blocks.rows[0], like)
    state: Any = [values[n] for n in trace.state]
    for rows, *column in zip(blocks.rows, *_columns(program, section, values, room, blocks.rows), strict=False):
        if rows < len(state[0]):
            state = [part[:rows] for part in state]
        state = section.run(rows, *state, *column)
    return _left(program, section, values, room) | ({n: values[n] for n in program.kept} if training else {})


def backward(
    program: Program, values: Values, stored: Values, blocks: Blocks, d_y: Tensor, d_final: list[Tensor]
) -> Values:
    """Gradients of drive, initial state and parameters, by the nodes of these."""
    trace = program.trace
    values[trace.step_rows] = blocks.rows
    program.constants_back(values, {}, 0)
    d_state: Any = [d[:0] for d in d_final]
    gradients: Values = {}
    if trace.d_x is not None:
        gradients[trace.x] = torch.empty_like(values[trace.x])
    learnt = {n: d for n, d in ((trace.constants[k], d) for k, d in trace.d_constants.items()) if d is not None}
    chunks = list(blocks.chunks(CHUNK // program.width))
    rooms = _rooms(program, blocks, chunks, d_y)
    for first, last in chunks:
        rows, here = blocks.rows[first:last], slice(blocks.starts[first], blocks.starts[last])
        count = here.stop - here.start
        chunk: Values = {n: values[n] for n in (*trace.constants.values(), *program.constants_back.outputs)}
        chunk |= {n: tensor[here] for n, tensor in stored.items()}
        chunk |= {trace.batch: count, trace.x: values[trace.x][here], trace.d_output: d_y[here]}
        for node, after in zip(trace.state, trace.after, strict=True):
            chunk[node] = blocks.before(stored[after], values[node], first, last)
        program.factors(chunk, rooms[0], count)
        d_state = _reverse(program, chunk, rooms[1], rows, d_state, d_final)
        program.collect(chunk, rooms[2], count)
        if trace.d_x is not None:
            gradients[trace.x][here] = chunk[trace.d_x]
        for node, gradient in learnt.items():
            gradients[node] = gradients[node].add_(chunk[gradient]) if node in gradients else chunk[gradient].clone()
    for node, d, d_last in zip(trace.state, d_state, d_final, strict=True):
        gradients[node] = torch.cat([d, d_last[len(d) :]])
    return gradients


def _rooms(program: Program, blocks: Blocks, chunks: list[tuple[int, int]], like: Tensor) -> list[Room]:
    """Memory for the sections of the backward pass, enough for any of the chunks."""
    count = max(blocks.starts[last] - blocks.starts[first] for first, last in chunks)
    factors, collect = (section.room(count, count, like) for section in (program.factors, program.collect))
    return [factors, program.reverse.room(count, blocks.rows[0], like), collect]


def _reverse(program: Program, chunk: Values, room: Room, rows: list[int], d_state: Any, d_final: list[Tensor]) -> Any:
    """Run the reversed loop over a chunk; what it leaves joins the chunk's values."""
    section = program.reverse
    columns = _columns(program, section, chunk, room, rows)
    for n, *column in zip(*(reversed(list(c)) for c in (rows, *columns)), strict=False):
        if n > len(d_state[0]):
            d_state = [torch.cat([d, d_last[len(d) : n]]) for d, d_last in zip(d_state, d_final, strict=True)]
        d_state = section.run(n, *d_state, *column)
    left = _left(program, section, chunk, room)
    chunk |= left
    for piece, (whole, start) in program.pieces.items():
        if whole in left:
            chunk[piece] = left[whole][:, start : start + shape(piece)[1]]
    return [d.clone() for d in d_state]


def _left(program: Program, section: Section, values: Values, room: Room) -> Values:
    """What a loop leaves for later."""
    rows = values[program.trace.batch]
    return {n: place.of(within(place.buffer, values, room, rows)) for n, place in section.later.items()}


def _columns(program: Program, section: Section, values: Values, room: Room, rows: list[int]) -> list[Any]:
    """The arguments of a section at each step, behind the number of rows and the state."""
    read = section.inputs[1 + len(program.trace.state) :]
    columns: list[Any] = [[values[n]] * len(rows) if program.is_constant(n) else values[n].split(rows) for n in read]
    for place in section.places:
        if place.buffer.kind == "scratch":
            parts = {n: place.of(room[place.buffer][:n]) for n in set(rows)}
            columns.append([parts[n] for n in rows])
        else:
            tensor = within(place.buffer, values, room, values[program.trace.batch])
            columns.append(place.of(tensor).split(rows))
    return columns
