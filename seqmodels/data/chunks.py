"""Batches that are cut when they are asked for: of a hundred million examples no list is made."""

import math
from collections.abc import Sequence
from typing import overload

import torch
from torch import Generator, Tensor


class Chunks(Sequence[list[int]]):
    """Consecutive indices, so many at a time; the last chunk may be shorter.

    Args:
        indices: of examples.
        size: of a chunk.

    Example:
        >>> chunks = Chunks(torch.tensor([3, 1, 2, 0, 4]), 2)
        >>> list(chunks), list(chunks[1:])
        ([[3, 1], [2, 0], [4]], [[2, 0], [4]])
    """

    def __init__(self, indices: Tensor | range, size: int) -> None:
        self._indices, self._size = indices, size

    def __len__(self) -> int:
        return math.ceil(len(self._indices) / self._size)

    @overload
    def __getitem__(self, index: int) -> list[int]: ...
    @overload
    def __getitem__(self, index: slice) -> "Chunks": ...
    def __getitem__(self, index: int | slice) -> "list[int] | Chunks":
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                raise ValueError(f"chunks can be sliced in their order only, got step {step}")
            return Chunks(self._indices[start * self._size : stop * self._size], self._size)
        if not 0 <= index < len(self):
            raise IndexError(f"expected the number of one of {len(self)} chunks, got {index}")
        chunk = self._indices[index * self._size : (index + 1) * self._size]
        return chunk.tolist() if isinstance(chunk, Tensor) else list(chunk)


def shuffled_chunks(count: int, size: int, generator: Generator) -> Chunks:
    """All of so many examples in random order."""
    kind = torch.int32 if count < 2**31 else torch.int64
    return Chunks(torch.randperm(count, generator=generator, dtype=kind), size)
