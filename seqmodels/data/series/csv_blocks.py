"""Rows of a CSV file as arrays of numbers, many at a time; a block with a bad row in it is read row by row."""

import csv
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.files import open_text
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.series.calendar import parse_time
from seqmodels.data.series.table import Floats

CELLS = 2**19  # that are looked at together
Lines = list[tuple[int, list[str]]]  # the number of each line, and its cells


class Columns(NamedTuple):
    """Where in a row is what."""

    header: list[str]
    values: list[int]
    time: int | None
    series: int | None


class Block(NamedTuple):
    """Some rows: their values (rows, columns), their times if they are read, and the numbers of their series."""

    values: Floats
    times: Floats
    series: NDArray[np.int32]


class Blocks:
    """The rows of a file in blocks; bad ones are up to `errors`.

    Attributes:
        names: of the series seen so far, each with its number.

    Args:
        path: the file.
        columns: what is read of it.
        errors: what becomes of a bad row.
    """

    def __init__(self, path: Path, columns: Columns, errors: RowErrors) -> None:
        self._path, self._columns, self._errors = path, columns, errors
        self.names: dict[str, int] = {"": 0} if columns.series is None else {}
        self._latest: dict[int, float] = {}

    def read(self, lines: Lines) -> Block:
        """The good ones of some rows.

        Raises:
            ValueError: a row is bad, and that stops everything.
        """
        try:
            return self._at_once([cells for _, cells in lines])
        except ValueError:
            # Which row it is, is found out one by one; a block without any was only unusual.
            return self._one_by_one(lines)

    def _at_once(self, rows: list[list[str]]) -> Block:
        """Like `_one_by_one`, in a tenth of the time, where every row is good."""
        if set(map(len, rows)) != {len(self._columns.header)}:
            raise ValueError("a row has more or fewer cells")
        values = np.stack([_numbers(rows, place) for place in self._columns.values], axis=1)
        if not np.isfinite(values).all():
            raise ValueError("a value is not finite")
        times, series, names = np.empty(0), np.zeros(len(rows), np.int32), dict(self.names)
        if self._columns.series is not None:
            labels = [row[self._columns.series].strip() for row in rows]
            series = np.fromiter((names.setdefault(label, len(names)) for label in labels), np.int32, len(rows))
        if self._columns.time is not None:
            times = np.fromiter((parse_time(row[self._columns.time].strip()) for row in rows), np.float64, len(rows))
            self._pass(times, series)
        self.names = names
        return Block(values, times, series)

    def _pass(self, times: Floats, series: NDArray[np.int32]) -> None:
        """Check that no row is earlier than the one before of its series, and remember the last ones."""
        order = np.argsort(series, kind="stable")
        times, series = times[order], series[order]
        ends = np.append(np.flatnonzero(np.diff(series)), len(series) - 1)
        starts = np.append(0, ends[:-1] + 1)
        going_back = np.diff(times) < 0
        going_back[ends[:-1]] = False
        before = np.array([self._latest.get(int(number), -math.inf) for number in series[starts]])
        if going_back.any() or (times[starts] < before).any():
            raise ValueError("the rows are not in the order of time")
        self._latest.update(zip(series[ends].tolist(), times[ends].tolist(), strict=True))

    def _one_by_one(self, lines: Lines) -> Block:
        rows: list[tuple[list[float], float, int]] = []
        for number, cells in lines:
            with self._errors.at(f"{self._path}:{number}"):
                rows.append(self._row([cell.strip() for cell in cells]))
        values = np.array([row[0] for row in rows], dtype=np.float64).reshape(-1, len(self._columns.values))
        times = np.array([row[1] for row in rows if self._columns.time is not None], dtype=np.float64)
        return Block(values, times, np.array([row[2] for row in rows], dtype=np.int32))

    def _row(self, cells: list[str]) -> tuple[list[float], float, int]:
        header, places, time_place, series_place = self._columns
        if len(cells) != len(header):
            raise ValueError(f"expected {len(header)} cells as in the first row, got {len(cells)}")
        values = [_number(header[place], cells[place]) for place in places]
        name = "" if series_place is None else cells[series_place]
        series = self.names.get(name, len(self.names)) if series_place is not None else 0
        time = math.nan if time_place is None else parse_time(cells[time_place])
        if time < self._latest.get(series, -math.inf):
            raise ValueError(
                f"expected the rows in the order of time, got {cells[time_place or 0]!r} after a later one"
            )
        if series_place is not None:
            self.names[name] = series
        self._latest[series] = time
        return values, time, series


def lines_of(path: Path) -> Iterator[Lines]:
    """The rows of a file in blocks, the first one by itself; without the blank ones at its end.

    Raises:
        ValueError: the file is not UTF-8 text, or no CSV file. It comes behind the rows in front of the place.
    """
    reader = csv.reader(open_text(path), strict=True)
    blank: Lines = []
    size = 1
    failure: ValueError | None = None
    while failure is None:
        lines = list(blank)
        try:
            lines.extend((reader.line_num, cells) for cells in islice(reader, size))
        except csv.Error as error:
            failure = ValueError(f"{path}:{reader.line_num}: not a row of a CSV file: {error}")
        except ValueError as error:
            failure = error
        if len(lines) == len(blank) and failure is None:
            return
        filled = next((place for place in range(len(lines), 0, -1) if lines[place - 1][1]), 0)
        blank = lines[filled:]
        if filled:
            size = max(CELLS // max(len(lines[0][1]), 1), 1)
            yield lines[:filled]
    raise failure


def parse(cell: str) -> float:
    """The number in a cell; not a number where there is none.

    Example:
        >>> parse(" 1e3 "), parse("NA")
        (1000.0, nan)
    """
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _number(name: str, cell: str) -> float:
    value = parse(cell)
    if not math.isfinite(value):
        raise ValueError(f"column {name!r}: expected a finite number, got {cell!r}")
    return value


def _numbers(rows: Sequence[list[str]], place: int) -> Floats:
    return np.fromiter(map(float, [row[place] for row in rows]), np.float64, len(rows))
