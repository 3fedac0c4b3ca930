"""Batches of rows of similar length, cheap for millions of rows: none is a list before it is asked for."""

from collections.abc import Callable, Sequence
from typing import overload

import torch
from jaxtyping import Int
from torch import Generator, Tensor

POOL = 50


class RowBatches(Sequence[list[int]]):
    """Rows cut into batches, in some order of these.

    Args:
        rows: indices of rows.
        batch_size: rows of a batch; the last one may have fewer.
        order: which batch comes when.

    Example:
        >>> batches = RowBatches(torch.tensor([4, 5, 6]), 2, torch.tensor([1, 0]))
        >>> list(batches)
        [[6], [4, 5]]
    """

    def __init__(self, rows: Int[Tensor, " rows"], batch_size: int, order: Int[Tensor, " batches"]) -> None:
        self._rows, self._batch_size, self._order = rows, batch_size, order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> list[int]: ...
    @overload
    def __getitem__(self, place: slice) -> "RowBatches": ...
    def __getitem__(self, place: int | slice) -> "list[int] | RowBatches":
        if isinstance(place, slice):
            return RowBatches(self._rows, self._batch_size, self._order[place])
        begin = int(self._order[place]) * self._batch_size
        rows: list[int] = self._rows[begin : begin + self._batch_size].tolist()
        return rows


def by_length(lengths: Int[Tensor, " rows"], batch_size: int) -> Callable[[Generator], RowBatches]:
    """Rows of similar length together, batches in random order.

    Rows of one batch come from a shuffled pool of 50 batches sorted by length, so that a batch holds little
    padding and yet no two epochs form the same batches.

    Args:
        lengths: of the rows.
        batch_size: rows of a batch.
    """

    def order(generator: Generator) -> RowBatches:
        rows = torch.randperm(len(lengths), generator=generator)
        for pool in rows.split(POOL * batch_size):
            pool.copy_(pool[lengths[pool].argsort(stable=True)])
        return RowBatches(rows, batch_size, torch.randperm(-(-len(rows) // batch_size), generator=generator))

    return order


def from_short_to_long(lengths: Int[Tensor, " rows"], batch_size: int) -> Callable[[Generator], RowBatches]:
    """Rows from short to long, always the same.

    Args:
        lengths: of the rows.
        batch_size: rows of a batch.
    """
    batches = RowBatches(lengths.argsort(stable=True), batch_size, torch.arange(-(-len(lengths) // batch_size)))
    return lambda _: batches
