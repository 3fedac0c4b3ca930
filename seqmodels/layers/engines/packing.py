"""Sequences of unequal length without their padding: step after step, and at each step only the rows that go on."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmodels.layers.lengths import check_range
from seqmodels.types import map_state

S = TypeVar("S")


class Block(NamedTuple):
    """Steps `first` to before `last`, which are the packed rows of the slice `part`."""

    first: int
    last: int
    part: slice
    rows: list[int]


@dataclass(frozen=True)
class Packing:
    """How a (batch, time, features) tensor lies as (rows, features): time first, rows from long to short.

    The rows of step t are a block of `rows[t]`; a row's predecessor is the row of the same number in the block before.

    Attributes:
        batch: number of sequences.
        time: number of steps, padding included.
        rows: number of sequences that have a step t; steps that none has are left out.
        order: the sequences from long to short; None where all are equally long.
        index: place of each row in the (time * batch) steps; None where all are equally long.

    Example:
        >>> packing = Packing.of(torch.zeros(2, 3, 1), torch.tensor([1, 3]))
        >>> packing.rows
        [2, 1, 1]
        >>> packing.pack(torch.tensor([[[1.0], [0.0], [0.0]], [[2.0], [3.0], [4.0]]])).squeeze(1)
        tensor([2., 1., 3., 4.])
    """

    batch: int
    time: int
    rows: list[int]
    order: Int[Tensor, " batch"] | None = None
    index: Int[Tensor, " rows"] | None = None

    @classmethod
    def of(cls, x: Float[Tensor, "batch time features"], lengths: Int[Tensor, " batch"] | None) -> "Packing":
        """The packing of `x`.

        Raises:
            ValueError: a length is negative or more than there are steps.
        """
        batch, time, _ = x.shape
        ends = [] if lengths is None else lengths.tolist()
        check_range(ends, time)
        if lengths is None or min(ends, default=time) == time:
            return cls(batch, time, [batch] * time if batch else [])
        lengths, order = lengths.to(x.device).sort(descending=True, stable=True)
        steps = torch.arange(max(ends), device=x.device).unsqueeze(1)
        valid = lengths > steps
        return cls(batch, time, valid.sum(1).tolist(), order, (steps * batch + order)[valid])

    def pack(self, x: Float[Tensor, "batch time features"]) -> Float[Tensor, "rows features"]:
        """The valid steps of `x`."""
        steps = x.transpose(0, 1).reshape(self.batch * self.time, x.shape[2])
        return steps if self.index is None else steps.index_select(0, self.index)

    def unpack(self, y: Float[Tensor, "rows features"]) -> Float[Tensor, "batch time features"]:
        """The inverse of `pack`, zero past a row's end."""
        if self.index is not None:
            y = y.new_zeros(self.batch * self.time, y.shape[1]).index_copy_(0, self.index, y)
        return y.view(self.time, self.batch, y.shape[1]).transpose(0, 1)

    def sort(self, state: S) -> S:
        """A state with the rows from long to short."""
        order = self.order
        return state if order is None else map_state(lambda part: part.index_select(0, order), state)

    def unsort(self, state: S) -> S:
        """The inverse of `sort`."""
        if self.order is None:
            return state
        back = self.order.argsort()
        return map_state(lambda part: part.index_select(0, back), state)

    def final(
        self, states: Float[Tensor, "rows features"], start: Float[Tensor, "batch features"]
    ) -> Float[Tensor, "batch features"]:
        """The state after each sequence's own last step, from those after every step; `start` where it has none."""
        starts, pieces, done = self._starts(), [start[self.rows[0] if self.rows else 0 :]], 0
        for t, n in enumerate(self.rows):
            done = self.rows[t + 1] if t + 1 < len(self.rows) else 0
            if n > done:
                pieces.append(states[starts[t] + done : starts[t] + n])
        return torch.cat(pieces[::-1])

    def before(
        self, states: Float[Tensor, "rows features"], start: Float[Tensor, "batch features"], block: Block
    ) -> list[Float[Tensor, "part features"]]:
        """The state before each row of a block, from those after every step and the one before the first.

        In as few parts as lie in a row in memory, where all sequences are equally long.
        """
        first, last = block.part.start, block.part.stop
        if self.index is None:
            part = states[max(first - self.batch, 0) : last - self.batch]
            return [part] if first else [start, part]
        starts = self._starts()
        parts = [start[: block.rows[0]]] if block.first == 0 else []
        for t in range(max(block.first, 1), block.last):
            parts.append(states[starts[t - 1] : starts[t - 1] + self.rows[t]])
        return [torch.cat(parts)]

    def blocks(self, rows: int) -> Iterator[Block]:
        """Blocks of steps with about so many rows each, the first steps first."""
        starts, first = self._starts(), 0
        while first < len(self.rows):
            last = max(first + 1, bisect_right(starts, starts[first] + rows) - 1)
            yield Block(first, last, slice(starts[first], starts[last]), self.rows[first:last])
            first = last

    def _starts(self) -> list[int]:
        """Where each step begins, and where the last one ends."""
        return [0, *accumulate(self.rows)]
