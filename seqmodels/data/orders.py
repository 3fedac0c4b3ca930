"""Which examples make a batch, and in which order; cheap for a hundred million of them."""

from collections.abc import Callable, Sequence
from typing import overload

import torch
from jaxtyping import Int
from torch import Generator, Tensor

POOL = 50


class Chunks(Sequence[list[int]]):
    """Consecutive indices, so many at a time; the last chunk may be shorter. No list is made before it is asked for.

    Args:
        indices: of examples.
        size: of a chunk.
        order: which chunk comes when; None for one after the other.

    Example:
        >>> list(Chunks(range(5), 2)), list(Chunks(torch.tensor([4, 5, 6]), 2, torch.tensor([1, 0])))
        ([[0, 1], [2, 3], [4]], [[6], [4, 5]])
    """

    def __init__(self, indices: Tensor | range, size: int, order: Tensor | range | None = None) -> None:
        self._indices, self._size = indices, size
        self._order = range(-(-len(indices) // size)) if order is None else order

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, place: int) -> list[int]: ...
    @overload
    def __getitem__(self, place: slice) -> "Chunks": ...
    def __getitem__(self, place: int | slice) -> "list[int] | Chunks":
        if isinstance(place, slice):
            return Chunks(self._indices, self._size, self._order[place])
        begin = int(self._order[place]) * self._size
        chunk = self._indices[begin : begin + self._size]
        return chunk.tolist() if isinstance(chunk, Tensor) else list(chunk)


Order = Callable[[Generator], Sequence[list[int]]]
"""Draws the batches of one epoch, each a list of example indices. The number of batches never changes."""


def in_order(num_examples: int, batch_size: int) -> Order:
    """Examples as they come."""
    batches = Chunks(range(num_examples), batch_size)
    return lambda _: batches


def shuffled(num_examples: int, batch_size: int) -> Order:
    """Examples in random order."""
    return lambda generator: Chunks(torch.randperm(num_examples, generator=generator), batch_size)


def by_length(lengths: Int[Tensor, " rows"], batch_size: int) -> Order:
    """Rows of similar length together, batches in random order.

    Rows of one batch come from a shuffled pool of 50 batches sorted by length, so that a batch holds little
    padding and yet no two epochs form the same batches.

    Args:
        lengths: of the rows.
        batch_size: rows of a batch.
    """

    def order(generator: Generator) -> Chunks:
        rows = torch.randperm(len(lengths), generator=generator)
        for pool in rows.split(POOL * batch_size):
            pool.copy_(pool[lengths[pool].argsort(stable=True)])
        return Chunks(rows, batch_size, torch.randperm(-(-len(rows) // batch_size), generator=generator))

    return order


def from_short_to_long(lengths: Int[Tensor, " rows"], batch_size: int) -> Order:
    """Rows from short to long, always the same.

    Args:
        lengths: of the rows.
        batch_size: rows of a batch.
    """
    batches = Chunks(lengths.argsort(stable=True), batch_size)
    return lambda _: batches
