"""Tables and JSON lines: each row with its place."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seqmodels.data.files import open_text
from seqmodels.data.row_errors import RowErrors


def records(path: Path, columns: Sequence[str], errors: RowErrors) -> Iterator[tuple[str, list[str]]]:
    """The place and some fields of each row of a file with named columns, with or without a further `.gz`.

    In a `.csv`, commas and line ends within a field need double quotes around it; in a `.tsv` quotes mean nothing;
    every other file has one JSON object per line.

    Args:
        path: of the file.
        columns: names of the columns (keys) to read, each a text or a number, and not empty.
        errors: what becomes of a bad row.

    Raises:
        ValueError: there is no such column; a row is malformed, or a field is empty.
    """
    name = path.name.lower().removesuffix(".gz")
    rows = _table(path, columns, name.endswith(".tsv")) if name.endswith((".csv", ".tsv")) else _objects(path)
    for place, row in rows:
        with errors.at(place):
            yield place, _fields(row, columns)


def _table(path: Path, columns: Sequence[str], tabs: bool) -> Iterator[tuple[str, Any]]:
    rows = csv.DictReader(
        open_text(path),
        delimiter="\t" if tabs else ",",
        quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        strict=True,
    )
    try:
        for column in columns:
            if column not in (rows.fieldnames or ()):
                raise ValueError(f"{path} has no column {column!r}, but: {_listed(rows.fieldnames or ())}")
        for row in rows:
            yield f"{path}:{rows.line_num}", row
    except csv.Error as error:
        raise ValueError(f"{path}:{rows.line_num + 1}: not a row of the table: {error}") from error


def _objects(path: Path) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(open_text(path), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def _fields(row: Any, columns: Sequence[str]) -> list[str]:
    if isinstance(row, str):
        row = _parsed(row)
    if None in row:
        raise ValueError(f"expected {len(row) - 1} fields, got more: {row[None]}")
    for column in columns:
        if column not in row:
            raise ValueError(f"there is no key {column!r}, but: {_listed(list(row))}")
        if not isinstance(row[column], str | int | float) or not str(row[column]).strip():
            raise ValueError(f"expected a text under {column!r}, got {row[column]!r}")
    return [str(row[column]).strip() for column in columns]


def _parsed(line: str) -> dict[Any, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, got {line.strip()[:60]!r}")
    return row


def _listed(names: Sequence[Any]) -> str:
    return ", ".join(repr(str(name)[:30]) for name in names[:20])
