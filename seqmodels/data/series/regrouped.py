"""Rows of several series that take turns are put one series behind the other, on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.series.table import pieces

ZEROS_BYTES = 2**20  # written at a time


def regroup(folder: Path, widths: Mapping[str, int], counts: Sequence[int]) -> None:
    """Order the rows of some files by their series, those of a series as they were.

    The file `series` holds the number of each row's series, and is removed. However many rows there are, only a piece
    of them is in memory.

    Args:
        folder: of the files.
        widths: the names of the files, and how many numbers a row of each has.
        counts: how many rows each series has.
    """
    series = np.memmap(folder / "series", np.int32, "r")
    if _take_turns(series):
        _move(folder, series, widths, counts)
    (folder / "series").unlink()


def _take_turns(series: NDArray[np.int32]) -> bool:
    last = 0
    for piece in pieces(series, range(len(series))):
        if piece[0] < last or (np.diff(piece) < 0).any():
            return True
        last = piece[-1]
    return False


def _move(folder: Path, series: NDArray[np.int32], widths: Mapping[str, int], counts: Sequence[int]) -> None:
    rows = range(len(series))
    shapes = {name: (len(rows), width) for name, width in widths.items()}
    files = {name: np.memmap(folder / name, np.float64, "r", shape=shape) for name, shape in shapes.items()}
    for name, file in files.items():
        with (folder / f"{name}.new").open("wb") as new:
            # Not as a hole: on a full disk, writing into a mapped hole ends the process with SIGBUS.
            for start in range(0, file.nbytes, ZEROS_BYTES):
                new.write(bytes(min(ZEROS_BYTES, file.nbytes - start)))
    ends = np.cumsum([0, *counts[:-1]])  # of what has been moved of each series
    for numbers, *parts in zip(pieces(series, rows), *(pieces(file, rows) for file in files.values()), strict=True):
        order = np.argsort(numbers, kind="stable")
        found = np.bincount(numbers, minlength=len(counts))
        places = np.arange(len(order)) + np.repeat(ends - np.cumsum(found) + found, found)
        ends += found
        for name, part in zip(files, parts, strict=True):
            # Mapped anew for each piece, as by `pieces`.
            np.memmap(folder / f"{name}.new", np.float64, "r+", shape=shapes[name])[places] = part[order]
    for name in files:
        (folder / f"{name}.new").replace(folder / name)
