"""Many sequences of unequal length, one behind the other in a single array, which may lie on disk."""

import mmap
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, Shaped
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from seqmodels.data.array_files import growing_array, save_array

RESIDENT_ROWS = 1_000


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
        # As plain arrays: one that is memory-mapped stays so, but is indexed in half the time.
        self._values = np.asarray(values)
        self._offsets = np.asarray(offsets, dtype=np.int64)
        self.lengths: Int[Tensor, " rows"] = torch.from_numpy(np.diff(self._offsets))
        self._mapping: mmap.mmap | None = getattr(values, "_mmap", None)
        self._rows_read = 0
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
    def load(cls, folder: Path, name: str, *, mapped: bool = True) -> "Ragged":
        """Return what `save` or `write` has written, memory-mapped or read into memory."""
        offsets = np.load(folder / f"{name}.offsets.npy")
        rows = cls(np.load(folder / f"{name}.values.npy", mmap_mode="r" if mapped and offsets[-1] else None), offsets)
        if mapped:
            # All lengths are needed to order the rows, but only the offsets of those in a batch.
            rows._offsets = np.asarray(np.load(folder / f"{name}.offsets.npy", mmap_mode="r"))
        return rows

    def save(self, folder: Path, name: str) -> None:
        """Write `<name>.values.npy` and `<name>.offsets.npy`."""
        save_array(folder / f"{name}.values.npy", self._values)
        save_array(folder / f"{name}.offsets.npy", self._offsets)

    @staticmethod
    def write(folder: Path, name: str, rows: Iterable[Any], dtype: DTypeLike) -> None:
        """Likewise, of rows of single numbers as they come: of more than memory holds, only the lengths are held.

        Args:
            folder: where to write.
            name: beginning of the names of the two files.
            rows: lists or arrays of numbers.
            dtype: the type to write them in.
        """
        offsets = array("q", [0])
        with growing_array(folder / f"{name}.values.npy", (), dtype) as append:
            for row in rows:
                append(row)
                offsets.append(offsets[-1] + len(row))
        save_array(folder / f"{name}.offsets.npy", np.frombuffer(offsets, np.int64))

    def __len__(self) -> int:
        return len(self.lengths)

    def __getitem__(self, row: int) -> Shaped[Tensor, "time *features"]:
        steps = self._values[self._offsets[row] : self._offsets[row + 1]]
        return torch.as_tensor(np.array(steps), dtype=self._dtype)

    def padded(self, rows: list[int] | Tensor) -> Shaped[Tensor, "batch time *features"]:
        """Some rows, each padded with zeros to the longest of them."""
        indices = np.asarray(rows, dtype=np.int64)
        starts = self._offsets[indices, None]
        lengths = self._offsets[indices + 1, None] - starts
        steps = np.arange(lengths.max(initial=0))
        # Past its end a row reads on in the next one, the last row its last step again: all that becomes zero.
        taken = self._values.take(starts + steps, axis=0, mode="clip")
        taken[steps >= lengths] = 0
        self._release(len(indices))
        return torch.from_numpy(taken).to(self._dtype)

    def _release(self, rows: int) -> None:
        """Give back the pages of a mapped file now and then: a row brings in many around it."""
        self._rows_read += rows
        if self._mapping is not None and self._rows_read > RESIDENT_ROWS and hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)
            self._rows_read = 0
