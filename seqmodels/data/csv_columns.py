"""Columns of numbers from a CSV file, or a line that says what is wrong with it."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.files import open_text


def read_columns(path: Path, column: str | Sequence[str] | None) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """The names and the values, (time, columns), of some columns of a CSV file.

    Args:
        path: the file; its first row names the columns. Blank lines at its end do not count.
        column: name or names; None for the only column that starts with a number.

    Raises:
        ValueError: there is no such column, no single numeric one, or a value which is not a finite number; a
            row has more or fewer cells than the first, the file is empty or not a CSV file. Names the line.
    """
    rows = _read_rows(path)
    header = rows[0][1]
    names = _only_numeric(path, header, rows[1][1]) if column is None else _named(path, header, column)
    places = [header.index(name) for name in names]
    return names, np.array([[_number(path, line, header[i], cells[i]) for i in places] for line, cells in rows[1:]])


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    reader = csv.reader(open_text(path), strict=True)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise ValueError(f"{path}:{reader.line_num}: not a row of a CSV file: {error}") from error
    while rows and not rows[-1][1]:
        rows.pop()
    if len(rows) < 2:
        raise ValueError(f"{path}: expected a row of column names and rows of values, got {len(rows)} rows")
    header = rows[0][1]
    if all(math.isfinite(_parse(cell)) for cell in header):
        raise ValueError(f"{path}:1: expected the names of the columns, got numbers: {', '.join(header)}")
    for line, cells in rows:
        if len(cells) != len(header):
            raise ValueError(f"{path}:{line}: expected {len(header)} cells as in the first row, got {len(cells)}")
    return rows


def _only_numeric(path: Path, header: list[str], first: list[str]) -> tuple[str, ...]:
    numeric = [name for name, cell in zip(header, first, strict=True) if math.isfinite(_parse(cell))]
    if len(numeric) != 1:
        raise ValueError(f"{path}: {len(numeric)} columns are numeric, choose the column from {', '.join(header)}")
    return tuple(numeric)


def _named(path: Path, header: list[str], column: str | Sequence[str]) -> tuple[str, ...]:
    names = (column,) if isinstance(column, str) else tuple(column)
    for name in names:
        if header.count(name) != 1:
            raise ValueError(f"{path}: {header.count(name)} columns are named {name!r}, there are {', '.join(header)}")
    if not names:
        raise ValueError(f"{path}: column names none, expected some of {', '.join(header)}")
    return names


def _number(path: Path, line: int, name: str, cell: str) -> float:
    value = _parse(cell)
    if not math.isfinite(value):
        raise ValueError(f"{path}:{line}: column {name!r}: expected a finite number, got {cell!r}")
    return value


def _parse(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan
