"""Columns of a CSV file, row by row and however long it is, or a line that says what is wrong with it."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from seqmodels.data.files import open_text
from seqmodels.data.prepared import fingerprint, prepared
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.series.calendar import parse_time
from seqmodels.data.series.table import PIECE, Floats, Table

LARGE = 2**26  # bytes of a file that is read once and kept on disk, rather than in memory
FORMAT = 1


@dataclass(frozen=True)
class Roles:
    """What is read besides the columns that are predicted.

    Args:
        inputs: name or names of columns that a prediction looks at, too.
        time: the column that says when each row was.
        series: the column that says which series a row belongs to.
    """

    inputs: str | Sequence[str] = ()
    time: str | None = None
    series: str | None = None

    def names(self) -> tuple[str, ...]:
        """Of the inputs."""
        return (self.inputs,) if isinstance(self.inputs, str) else tuple(self.inputs)


class Row(NamedTuple):
    """What one line of a file holds."""

    values: list[float]
    time: float
    series: str


def read_table(path: Path, column: str | Sequence[str] | None, roles: Roles, errors: RowErrors) -> Table:
    """The columns to predict, then the other inputs; a large file is read once and kept on disk.

    Args:
        path: the file; its first row names the columns. Blank lines at its end do not count.
        column: name or names; None for the only column that starts with a number.
        roles: what else is read.
        errors: what becomes of a bad row.

    Raises:
        ValueError: there is no such column, no single numeric one, or a value which is not a finite number; a
            row has more or fewer cells than the first, or is earlier than the one before; the file is empty or not a
            CSV file. Names the line.
    """
    if path.stat().st_size < LARGE:
        numbers, moments = io.BytesIO(), io.BytesIO()
        about = _write(path, column, roles, errors, numbers, moments)
        return _table(about, np.frombuffer(numbers.getvalue()), np.frombuffer(moments.getvalue()))

    def make(folder: Path) -> None:
        with (folder / "values").open("wb") as values, (folder / "times").open("wb") as times:
            about = _write(path, column, roles, errors, values, times)
        skipped = {"skipped": errors.skipped, "first": errors.first}
        (folder / "about.json").write_text(json.dumps({**about, **skipped}))

    key = {"file": fingerprint(path), "column": column, "roles": asdict(roles), "on_error": errors.on_error}
    folder = prepared({**key, "reader": "csv_columns", "format": FORMAT}, make)
    about = json.loads((folder / "about.json").read_text())
    errors.skipped, errors.first = about["skipped"], about["first"]
    times: Floats = np.memmap(folder / "times", np.float64, "r") if roles.time else np.empty(0)
    return _table(about, np.memmap(folder / "values", np.float64, "r"), times)


def _table(about: Mapping[str, Any], values: Floats, times: Floats) -> Table:
    columns, runs = tuple(about["columns"]), about["runs"]
    values, dated = values.reshape(-1, len(columns)), times if len(times) else None
    names = tuple(dict.fromkeys(name for name, _ in runs))
    ends = [start for _, start in runs[1:]] + [len(values)]
    if len(names) < len(runs):  # the series take turns: put them one behind the other, in memory
        parts: dict[str, list[Any]] = {name: [] for name in names}
        for (name, start), end in zip(runs, ends, strict=True):
            parts[name].append(np.arange(start, end))
        rows = [np.concatenate(part) for part in parts.values()]
        order, ends = np.concatenate(rows), np.cumsum([len(part) for part in rows]).tolist()
        values, dated = values[order], None if dated is None else dated[order]
    return Table(columns, values, dated, names, tuple(ends))


def _write(
    path: Path, column: str | Sequence[str] | None, roles: Roles, errors: RowErrors, values: BinaryIO, times: BinaryIO
) -> dict[str, Any]:
    """Write the numbers of all rows; what else is known of them is returned, in plain values."""
    rows = _Rows(path, column, roles, errors)
    runs: list[tuple[str, int]] = []
    piece: list[Row] = []
    count = 0
    for row in rows:
        if not runs or runs[-1][0] != row.series:
            runs.append((row.series, count))
        piece.append(row)
        count += 1
        if len(piece) == PIECE:
            _flush(piece, values, times, dated=roles.time is not None)
    _flush(piece, values, times, dated=roles.time is not None)
    if not count:
        raise ValueError(f"{path}: expected a row of column names and rows of values, got no row that can be read")
    return {"columns": rows.names, "runs": runs}


def _flush(piece: list[Row], values: BinaryIO, times: BinaryIO, *, dated: bool) -> None:
    values.write(np.array([row.values for row in piece], dtype=np.float64).tobytes())
    if dated:
        times.write(np.array([row.time for row in piece], dtype=np.float64).tobytes())
    piece.clear()


class _Rows:
    """The rows of a file, one by one; bad ones are up to `errors`."""

    def __init__(self, path: Path, column: str | Sequence[str] | None, roles: Roles, errors: RowErrors) -> None:
        self.path, self.errors, self.lines = path, errors, _lines(path)
        first, second = next(self.lines, None), next(self.lines, None)
        if first is None or second is None:
            count = int(first is not None)
            raise ValueError(f"{path}: expected a row of column names and rows of values, got {count} rows")
        self.second, self.header = second, first[1]
        if all(math.isfinite(_parse(cell)) for cell in self.header):
            raise ValueError(f"{path}:1: expected the names of the columns, got numbers: {', '.join(self.header)}")
        predicted = self._only_numeric(second[1]) if column is None else self._named(column)
        self.names = (*predicted, *(name for name in roles.names() if name not in predicted))
        self.places = [self._place(name) for name in self.names]
        self.time = self._place(roles.time) if roles.time else None
        self.series = self._place(roles.series) if roles.series else None
        self.latest: dict[str, float] = {}

    def __iter__(self) -> Iterator[Row]:
        for line, cells in chain((self.second,), self.lines):
            row = None
            with self.errors.at(f"{self.path}:{line}"):
                row = self._row(cells)
            if row is not None:
                yield row

    def _row(self, cells: list[str]) -> Row:
        if len(cells) != len(self.header):
            raise ValueError(f"expected {len(self.header)} cells as in the first row, got {len(cells)}")
        values = [self._number(place, cells[place]) for place in self.places]
        series = "" if self.series is None else cells[self.series]
        time = math.nan if self.time is None else parse_time(cells[self.time])
        if time < self.latest.get(series, -math.inf):
            raise ValueError(f"expected the rows in the order of time, got {cells[self.time or 0]!r} after a later one")
        self.latest[series] = time
        return Row(values, time, series)

    def _number(self, place: int, cell: str) -> float:
        value = _parse(cell)
        if not math.isfinite(value):
            raise ValueError(f"column {self.header[place]!r}: expected a finite number, got {cell!r}")
        return value

    def _only_numeric(self, first: list[str]) -> tuple[str, ...]:
        numeric = [name for name, cell in zip(self.header, first, strict=False) if math.isfinite(_parse(cell))]
        if len(numeric) != 1:
            every = ", ".join(self.header)
            raise ValueError(f"{self.path}: {len(numeric)} columns are numeric, choose the column from {every}")
        return tuple(numeric)

    def _named(self, column: str | Sequence[str]) -> tuple[str, ...]:
        names = (column,) if isinstance(column, str) else tuple(column)
        if not names:
            raise ValueError(f"{self.path}: column names none, expected some of {', '.join(self.header)}")
        return names

    def _place(self, name: str) -> int:
        if self.header.count(name) != 1:
            count, every = self.header.count(name), ", ".join(self.header)
            raise ValueError(f"{self.path}: {count} columns are named {name!r}, there are {every}")
        return self.header.index(name)


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each row, without the blank ones at the end."""
    reader = csv.reader(open_text(path), strict=True)
    blank: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            row = (reader.line_num, [cell.strip() for cell in cells])
            if not cells:
                blank.append(row)
                continue
            yield from blank
            blank.clear()
            yield row
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: not a row of a CSV file: {error}") from error


def _parse(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
