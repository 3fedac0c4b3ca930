"""Readers of labelled text, one function per file format: a path in, texts and their labels out.

A format of your own is one more such function.
"""

import csv
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from seqmodels.data.files import open_text


class LabelledText(NamedTuple):
    """A text and its class.

    `phrases` are parts of the text with a label of their own: more to train on, but nothing to be judged by.
    """

    text: str
    label: str
    phrases: tuple["LabelledText", ...] = ()


Format = Callable[[Path], Iterator[LabelledText]]


def by_suffix(path: Path, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a file in the format that its name tells, with or without a further `.gz`.

    `.csv` and `.tsv` are tables with named columns, `.jsonl` one object per line; a folder and a `.tar` are
    documents in a folder per label; any other file has a label and a text per line.

    Args:
        path: of the file.
        text: column (or key) of the text.
        label: column (or key) of the label.
    """
    name = _bare_name(path)
    if path.is_dir() or name.endswith((".tar", ".tgz")):
        return documents(path)
    if name.endswith((".csv", ".tsv")):
        return table(path, text=text, label=label)
    if name.endswith(".jsonl"):
        return json_lines(path, text=text, label=label)
    return label_first(path)


def table(path: Path, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a table with a header line: comma-separated, or tab-separated if its name says `.tsv`.

    Commas and line ends within a field need double quotes around it; in a tab-separated table quotes mean
    nothing.

    Args:
        path: of the file.
        text: name of the column of the text.
        label: name of the column of the label.

    Raises:
        ValueError: there is no such column; a row is malformed, or holds no text or no label.
    """
    tabs = _bare_name(path).endswith(".tsv")
    rows = csv.DictReader(
        open_text(path),
        delimiter="\t" if tabs else ",",
        quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        strict=True,
    )
    try:
        for column in (text, label):
            if rows.fieldnames and column not in rows.fieldnames:
                raise ValueError(f"{path} has no column {column!r}, but: {_listed(rows.fieldnames)}")
        for row in rows:
            place = f"{path}:{rows.line_num}"
            if None in row:
                raise ValueError(f"{place}: expected {len(rows.fieldnames or ())} fields, got more: {row[None]}")
            yield _checked(row[text], row[label], place)
    except csv.Error as error:
        raise ValueError(f"{path}:{rows.line_num + 1}: not a row of the table: {error}") from error


def json_lines(path: Path, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a file of one JSON object per line.

    Args:
        path: of the file.
        text: key of the text.
        label: key of the label, a string or a number.

    Raises:
        ValueError: a line is no JSON object, lacks a key, or holds no text or no label.
    """
    for place, line in _lines(path):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{place}: not JSON: {error}") from error
        if not isinstance(row, dict):
            raise ValueError(f"{place}: expected a JSON object, got {line.strip()[:60]!r}")
        for key in (text, label):
            if key not in row:
                raise ValueError(f"{place}: there is no key {key!r}, but: {_listed(list(row))}")
        yield _checked(row[text], row[label], place)


def label_first(path: Path) -> Iterator[LabelledText]:
    """Read a file whose lines are a label without spaces, a space or tab, and a text.

    Args:
        path: of the file.

    Raises:
        ValueError: a line has only one word.
    """
    for place, line in _lines(path):
        label, *rest = line.split(maxsplit=1)
        yield _checked(rest[0] if rest else None, label, place)


def documents(path: Path, *, folder: str = "", labels: Sequence[str] = ()) -> Iterator[LabelledText]:
    """Read one document per file, in folders named by label: `<folder>/<label>/<document>.txt`.

    Args:
        path: of the outer folder, or of a tar archive, compressed or not, which is read without unpacking.
        folder: the folder of the labels, within `path`.
        labels: the labels to read; all of them if empty.

    Raises:
        ValueError: a document is empty or not UTF-8.
    """
    for place, contents in _archived(path) if path.is_file() else _files(path):
        if place.suffix != ".txt" or place.parent.parent != PurePosixPath(folder):
            continue
        if labels and place.parent.name not in labels:
            continue
        try:
            text = contents().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}/{place}: not UTF-8 text: {error.reason} at byte {error.start}") from error
        yield _checked(text, place.parent.name, f"{path}/{place}")


def _bare_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _files(path: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    for file in sorted(path.rglob("*.txt")):
        yield PurePosixPath(file.relative_to(path)), file.read_bytes


def _archived(path: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    with tarfile.open(path) as archive:
        for entry in archive:
            file = archive.extractfile(entry)
            if file is not None:
                yield PurePosixPath(entry.name), file.read


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    """The place and the content of each line that is not blank."""
    for number, line in enumerate(open_text(path), start=1):
        if line.strip():
            yield f"{path}:{number}", line


def _checked(text: Any, label: Any, place: str) -> LabelledText:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{place}: expected a text, got {text!r}")
    if not isinstance(label, str | int | float) or not str(label).strip():
        raise ValueError(f"{place}: expected a label, got {label!r}")
    return LabelledText(text.strip(), str(label).strip())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:30]) for name in names[:20])
