"""Numbers over time, of one series or of several one behind the other, in memory or on disk."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PIECE = 2**16  # rows that are looked at together where a whole column may be too much
RESIDENT_READS = 256  # windows whose surroundings may stay in memory


@dataclass(frozen=True)
class Table:
    """Rows in the order of time, each series after the other.

    Args:
        columns: names of the values.
        values: (rows, columns), in memory or memory-mapped.
        times: seconds since 1970 of each row; None where they are not known.
        names: of the series.
        ends: where each series ends; the next begins there.

    Raises:
        ValueError: the parts do not fit each other.
    """

    columns: tuple[str, ...]
    values: Floats
    times: Floats | None = None
    names: tuple[str, ...] = ("",)
    ends: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not self.ends:
            object.__setattr__(self, "ends", (len(self.values),))
        fits = self.values.ndim == 2 and self.values.shape[1] == len(self.columns)
        if not fits or len(self.names) != len(self.ends) or self.ends[-1] != len(self.values):
            raise ValueError(
                f"expected values of {len(self.columns)} columns and {len(self.names)} series, "
                f"got shape {self.values.shape} and ends {self.ends}"
            )

    @property
    def series(self) -> list[range]:
        """The rows of each series."""
        return [range(start, end) for start, end in zip((0, *self.ends[:-1]), self.ends, strict=True)]


class Pages:
    """The memory that some arrays take which are mapped from files, given back now and then.

    Args:
        arrays: any; those in memory stay there.
    """

    def __init__(self, *arrays: NDArray[Any] | None) -> None:
        mappings = [getattr(array, "_mmap", None) for array in arrays]
        self._mappings = [mapping for mapping in mappings if mapping is not None and hasattr(mmap, "MADV_DONTNEED")]
        self._reads = 0

    def release(self, reads: int) -> None:
        """Let go what was read, if there has been much of it: each place read brings in many around it."""
        self._reads += reads
        if self._reads > RESIDENT_READS:
            self._reads = 0
            for mapping in self._mappings:
                mapping.madvise(mmap.MADV_DONTNEED)


def pieces(values: NDArray[Any], rows: range) -> Iterator[NDArray[Any]]:
    """Copies of consecutive rows, a piece at a time.

    The memory of what was read from disk is released behind each piece.

    Example:
        >>> [len(piece) for piece in pieces(np.zeros((70_000, 1)), range(1, 70_000))]
        [65536, 4463]
    """
    for start in range(rows.start, rows.stop, PIECE):
        stop = min(start + PIECE, rows.stop)
        if not isinstance(values, np.memmap):
            yield values[start:stop]
            continue
        yield np.array(values[start:stop])
        Pages(values).release(RESIDENT_READS + 1)


def mean_and_std(values: Floats, parts: list[range]) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each column over some rows; 1 for a column that is constant there.

    Args:
        values: (rows, columns).
        parts: the rows that count.
    """
    count = sum(map(len, parts))
    mean = np.zeros(values.shape[1])
    low, high = np.full_like(mean, np.inf), np.full_like(mean, -np.inf)
    for piece in (piece for part in parts for piece in pieces(values, part)):
        mean += piece.sum(axis=0) / count
        low, high = np.minimum(low, piece.min(axis=0)), np.maximum(high, piece.max(axis=0))
    variance = np.zeros_like(mean)
    for piece in (piece for part in parts for piece in pieces(values, part)):
        variance += ((piece - mean) ** 2).sum(axis=0) / count
    return mean, np.where(high > low, np.sqrt(variance), 1.0)
