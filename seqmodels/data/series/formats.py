"""Readers of labelled series, one function per file format: a path in, series of numbers and their labels out."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.files import archived, open_text
from seqmodels.data.row_errors import RowErrors

Floats = NDArray[np.float64]

SMARTPHONE_SIGNALS = tuple(f"{kind}_{axis}" for kind in ("body_acc", "body_gyro", "total_acc") for axis in "xyz")


class LabelledSeries(NamedTuple):
    """A series (time, columns), the names of its columns, its class, where it comes from, and what it is a piece of."""

    values: Floats
    columns: tuple[str, ...]
    label: str
    place: str
    recording: str


SeriesFormat = Callable[[Path, RowErrors], Iterator[LabelledSeries]]


def series_files(path: Path, errors: RowErrors) -> Iterator[LabelledSeries]:
    """Read one series per CSV file, in folders named by label: `<label>/<series>.csv`.

    Pieces of one recording lie in a folder of their own: `<label>/<recording>/<piece>.csv`.

    Args:
        path: of the outer folder.
        errors: what becomes of a bad file.

    Raises:
        ValueError: there are no such files; a file holds something else than finite numbers under a header.
    """
    alone, pieces = path.glob("*/*.csv"), path.glob("*/*/*.csv")
    recordings = {**{file: file for file in alone}, **{file: file.parent for file in pieces}}
    if not recordings:
        raise ValueError(f"{path}: expected a folder of files <label>/<series>.csv, found none")
    for file, recording in sorted(recordings.items()):
        with errors.at(str(file)):
            values, columns = read_series(file)
            yield LabelledSeries(values, columns, file.relative_to(path).parts[0], str(file), str(recording))


def read_series(path: Path) -> tuple[Floats, tuple[str, ...]]:
    """The values and the names of the columns of a CSV file with a header.

    Raises:
        ValueError: a row has another number of fields than the header, or something that is no finite number;
            there are no rows.
    """
    rows = csv.reader(open_text(path))
    columns = tuple(next(rows, []))
    values = []
    for row in rows:
        try:
            values.append([float(cell) for cell in row])
        except ValueError as error:
            raise ValueError(f"line {rows.line_num}: {error}") from error
        if len(row) != len(columns) or not np.isfinite(values[-1]).all():
            raise ValueError(
                f"line {rows.line_num}: expected {len(columns)} finite numbers, got {','.join(row)[:60]!r}"
            )
    if not values:
        raise ValueError("expected a header and rows of numbers, got none")
    return np.array(values), columns


def smartphone_archive(
    path: Path, errors: RowErrors, *, split: str, activities: Sequence[str]
) -> Iterator[LabelledSeries]:
    """Read the archive of smartphone signals: one text matrix per signal, windows in rows, and a file of classes.

    Windows of one class in a row are of one recording: they overlap by half.

    Args:
        path: of the tar archive.
        errors: what becomes of a bad row.
        split: `train` or `test`.
        activities: names of the classes, which the file counts from 1.

    Raises:
        ValueError: the archive is damaged; a file is missing, has another number of rows or holds something else than
            numbers; there is no such class.
    """
    files = [f"{signal}_{split}.txt" for signal in SMARTPHONE_SIGNALS] + [f"y_{split}.txt"]
    found = {Path(name).name: content for name, content in archived(path, lambda name: Path(name).name in files)}
    missing = [file for file in files if file not in found]
    if missing:
        raise ValueError(f"{path} has no file {', '.join(missing)}")
    *signals, classes = (_matrix(f"{path}/{file}", found[file]) for file in files)
    counts = [len(matrix) for matrix in (*signals, classes)]
    if len(set(counts)) != 1:
        raise ValueError(f"{path}: expected as many rows in every {split} file, got {counts}")
    begins = np.diff(classes[:, 0], prepend=0) != 0
    first = np.maximum.accumulate(np.where(begins, np.arange(len(classes)), 0))
    for row, values in enumerate(np.stack(signals, axis=-1)):
        place, number = f"{path}:{split}:{row + 1}", int(classes[row, 0])
        with errors.at(place):
            if not 1 <= number <= len(activities):
                raise ValueError(f"expected a class from 1 to {len(activities)}, got {number}")
            recording = f"{path}:{split}:{first[row] + 1}"
            yield LabelledSeries(values, SMARTPHONE_SIGNALS, activities[number - 1], place, recording)


def _matrix(place: str, content: bytes) -> Floats:
    try:
        if not content.strip():
            raise ValueError("the file is empty")
        return np.loadtxt(io.BytesIO(content), ndmin=2)
    except ValueError as error:
        raise ValueError(f"{place}: expected rows of numbers: {error}") from error
