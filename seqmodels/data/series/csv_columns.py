"""Columns of a CSV file, however long it is, or a line that says what is wrong with it."""

import json
import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.prepared import prepared
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.scratch import scratch_folder
from seqmodels.data.series.csv_blocks import Block, Blocks, Columns, lines_of, parse
from seqmodels.data.series.regrouped import regroup
from seqmodels.data.series.table import Floats, Table

LARGE = 2**26  # bytes of a file that is read once and kept on disk, rather than in memory
FORMAT = 2


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
        with scratch_folder() as folder:
            _write(folder, path, column, roles, errors)
            return _table(folder, errors, np.fromfile)
    key: dict[str, Any] = {"reader": "csv_columns", "format": FORMAT}
    key |= {"column": column, "roles": asdict(roles), "on_error": errors.on_error}
    folder = prepared(key, [path], lambda folder: _write(folder, path, column, roles, errors))
    return _table(folder, errors, lambda file: np.memmap(file, mode="r", dtype=np.float64))


def _table(folder: Path, errors: RowErrors, read: Callable[[Path], Floats]) -> Table:
    about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    errors.skipped, errors.first = about["skipped"], about["first"]
    columns = tuple(about["columns"])
    times = read(folder / "times") if about["dated"] else None
    values = read(folder / "values").reshape(-1, len(columns))
    return Table(columns, values, times, tuple(about["names"]), tuple(about["ends"]))


def _write(folder: Path, path: Path, column: str | Sequence[str] | None, roles: Roles, errors: RowErrors) -> None:
    """Write the numbers of all rows, one series behind the other."""
    lines = lines_of(path)
    first = next(lines, [])
    rest = first[1:] or next(lines, [])
    if not rest:
        raise ValueError(f"{path}: expected a row of column names and rows of values, got {len(first)} rows")
    names, columns = _columns(path, first[0][1], rest[0][1], column, roles)
    blocks = Blocks(path, columns, errors)
    counts = _append(folder, (blocks.read(some) for some in chain([rest], lines)))
    if not sum(counts):
        raise ValueError(f"{path}: expected a row of column names and rows of values, got no row that can be read")
    regroup(folder, {"values": len(names), "times": 1} if roles.time else {"values": len(names)}, counts)
    about = {
        "columns": names,
        "dated": roles.time is not None,
        "names": list(blocks.names),
        "ends": list(accumulate(counts)),
        "skipped": errors.skipped,
        "first": errors.first,
    }
    (folder / "about.json").write_text(json.dumps(about), encoding="utf-8")


def _append(folder: Path, blocks: Iterable[Block]) -> list[int]:
    """Write what blocks hold into files, and count the rows of each series."""
    counts = np.zeros(0, dtype=np.int64)
    with ExitStack() as stack:
        files = [stack.enter_context((folder / name).open("wb")) for name in Block._fields]
        for block in blocks:
            found = np.bincount(block.series, minlength=len(counts))
            found[: len(counts)] += counts
            counts = found
            parts: tuple[NDArray[Any], ...] = block
            for file, part in zip(files, parts, strict=True):
                file.write(np.ascontiguousarray(part).data)  # see `array_files`
    return [int(count) for count in counts]


def _columns(
    path: Path, header: list[str], second: list[str], column: str | Sequence[str] | None, roles: Roles
) -> tuple[tuple[str, ...], Columns]:
    """The names of what is read as values, and where everything is."""
    header = [name.strip() for name in header]
    if all(math.isfinite(parse(cell)) for cell in header):
        raise ValueError(f"{path}:1: expected the names of the columns, got numbers: {', '.join(header)}")
    every = ", ".join(header)

    def place(name: str) -> int:
        if header.count(name) != 1:
            raise ValueError(f"{path}: {header.count(name)} columns are named {name!r}, there are {every}")
        return header.index(name)

    if column is None:
        predicted = [name for name, cell in zip(header, second, strict=False) if math.isfinite(parse(cell))]
        if len(predicted) != 1:
            raise ValueError(f"{path}: {len(predicted)} columns are numeric, choose the column from {every}")
    else:
        predicted = [column] if isinstance(column, str) else list(column)
        if not predicted:
            raise ValueError(f"{path}: column names none, expected some of {every}")
    names = (*predicted, *(name for name in roles.names() if name not in predicted))
    time, series = (place(name) if name else None for name in (roles.time, roles.series))
    return names, Columns(header, [place(name) for name in names], time, series)
