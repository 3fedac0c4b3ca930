"""Tables and JSON lines: some fields of each row, with its place; however long the file is."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from seqmodels.data.files import decoded, numbered
from seqmodels.data.row_errors import RowErrors


def is_table(path: Path) -> bool:
    """Whether a file has named columns, by its name: `.csv`, `.tsv` or `.jsonl`, with or without a further `.gz`."""
    return path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".jsonl"))


def records(path: Path, columns: Sequence[str], errors: RowErrors) -> Iterator[tuple[str, list[str]]]:
    """The place and some fields of each row of a file with named columns, with or without a further `.gz`.

    In a `.csv`, commas and line ends within a field need double quotes around it; in a `.tsv` quotes mean nothing;
    every other file has one JSON object per line. Blank lines are no rows.

    Args:
        path: of the file.
        columns: names of the columns (keys) to read, each a text or a number, and not empty.
        errors: what becomes of a bad row.

    Raises:
        ValueError: the file cannot be read, or a table has no such column; a row is malformed or not UTF-8, lacks a
            key, or a field is empty.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".csv", ".tsv")):
        yield from _table(path, columns, errors, tabs=name.endswith(".tsv"))
        return
    for place, line in numbered(path):
        with errors.at(place):
            if line.strip():
                yield place, _fields(_object(decoded(line)), columns)


def _table(path: Path, columns: Sequence[str], errors: RowErrors, *, tabs: bool) -> Iterator[tuple[str, list[str]]]:
    rows = _rows(path, errors, tabs=tabs)
    _, header = next(rows, ("", []))
    for column in columns:
        if column not in header:
            raise ValueError(f"{path} has no column {column!r}, but: {_listed(header)}")
    for place, row in rows:
        with errors.at(place):
            if len(row) > len(header):
                raise ValueError(f"expected {len(header)} fields, got more: {row[len(header) :]}")
            yield place, _fields(dict(zip_longest(header, row)), columns)


def _rows(path: Path, errors: RowErrors, *, tabs: bool) -> Iterator[tuple[str, list[str]]]:
    """The place and all fields of each row that has any, the header included."""
    rows = csv.reader(
        _text(path, errors),
        delimiter="\t" if tabs else ",",
        quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        strict=True,
    )
    while True:
        begin = rows.line_num + 1
        try:
            row = next(rows, None)
        except csv.Error as error:
            with errors.at(f"{path}:{begin}"):
                raise ValueError(f"not a row of the table: {error}") from error
            continue
        if row is None:
            return
        if row:
            yield f"{path}:{rows.line_num}", row


def _text(path: Path, errors: RowErrors) -> Iterator[str]:
    """Each line; an empty one instead of a bad one, so that the count of lines stays right."""
    for place, line in numbered(path):
        text = ""
        with errors.at(place):
            text = decoded(line)
        yield text


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, got {line.strip()[:60]!r}")
    return row


def _fields(row: Mapping[str, Any], columns: Sequence[str]) -> list[str]:
    for column in columns:
        if column not in row:
            raise ValueError(f"there is no key {column!r}, but: {_listed(list(row))}")
        if not isinstance(row[column], str | int | float) or not str(row[column]).strip():
            raise ValueError(f"expected a text under {column!r}, got {row[column]!r}")
    return [str(row[column]).strip() for column in columns]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:30]) for name in names[:20]) or "none"
