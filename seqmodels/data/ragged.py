"""Many sequences of unequal length, one behind the other in a single array, which may lie on disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, Shaped
from numpy.typing import NDArray
from torch import Tensor


class Ragged:
    """Sequences, by index, or padded into one tensor by a list of indices.

    Args:
        values: all steps of all sequences, (steps, ...).
        offsets: where each sequence begins, and where the last one ends.

    Example:
        >>> rows = Ragged.of([[7, 8, 9], [5]])
        >>> rows[1]
        tensor([5])
        >>> rows.padded([1, 0])
        tensor([[5, 0, 0],
                [7, 8, 9]])
    """

    def __init__(self, values: NDArray[Any], offsets: NDArray[np.int64]) -> None:
        self._values = values
        self._offsets = torch.from_numpy(np.array(offsets, dtype=np.int64))
        self.lengths: Int[Tensor, " rows"] = self._offsets.diff()
        self._dtype = torch.float32 if np.issubdtype(values.dtype, np.floating) else torch.long

    @classmethod
    def of(cls, rows: Iterable[Any]) -> "Ragged":
        """In memory, of lists, arrays or tensors."""
        arrays = [np.asarray(row) for row in rows]
        offsets = np.cumsum([0, *map(len, arrays)])
        # An empty row has no type of its own.
        filled = [array for array in arrays if len(array)]
        return cls(np.concatenate(filled) if filled else np.empty(0, np.int64), offsets)

    @classmethod
    def load(cls, folder: Path, name: str) -> "Ragged":
        """What `save` has written, memory-mapped."""
        offsets = np.load(folder / f"{name}.offsets.npy")
        return cls(np.load(folder / f"{name}.values.npy", mmap_mode="r" if offsets[-1] else None), offsets)

    def save(self, folder: Path, name: str) -> None:
        """Write `<name>.values.npy` and `<name>.offsets.npy`."""
        np.save(folder / f"{name}.values.npy", self._values)
        np.save(folder / f"{name}.offsets.npy", self._offsets.numpy())

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> Shaped[Tensor, "time *features"]:
        steps = self._values[self._offsets[row] : self._offsets[row + 1]]
        return torch.as_tensor(np.array(steps), dtype=self._dtype)

    def padded(self, rows: list[int]) -> Shaped[Tensor, "batch time *features"]:
        """Some rows, each padded with zeros to the longest of them."""
        lengths = self.lengths[rows]
        time = int(lengths.max()) if rows else 0
        out = np.zeros((len(rows), time, *self._values.shape[1:]), dtype=self._values.dtype)
        for place, (start, length) in enumerate(zip(self._offsets[rows].tolist(), lengths.tolist(), strict=True)):
            out[place, :length] = self._values[start : start + length]
        return torch.from_numpy(out).to(self._dtype)
