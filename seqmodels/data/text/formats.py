"""Readers of labelled text, one function per file format: a path in, texts and their labels out.

A format of your own is one more such function. What it does with one row stands in `with errors.at(place):`, so that
a bad row stops everything or is skipped, as was asked.
"""

import csv
import json
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.lines import decoded, numbered


class LabelledText(NamedTuple):
    """A text and its class.

    `phrases` are parts of the text with a label of their own: more to train on, but nothing to be judged by.
    """

    text: str
    label: str
    phrases: tuple["LabelledText", ...] = ()


Format = Callable[[Path, RowErrors], Iterator[LabelledText]]


def by_suffix(path: Path, errors: RowErrors, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a file in the format that its name tells, with or without a further `.gz`.

    `.csv` and `.tsv` are tables with named columns, `.jsonl` one object per line; a folder and a `.tar` are
    documents in a folder per label; any other file has a label and a text per line.

    Args:
        path: of the file.
        errors: what becomes of a bad row.
        text: column (or key) of the text.
        label: column (or key) of the label.
    """
    name = _bare_name(path)
    if path.is_dir() or name.endswith((".tar", ".tgz")):
        return documents(path, errors)
    if name.endswith((".csv", ".tsv")):
        return table(path, errors, text=text, label=label)
    if name.endswith(".jsonl"):
        return json_lines(path, errors, text=text, label=label)
    return label_first(path, errors)


def table(path: Path, errors: RowErrors, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a table with a header line: comma-separated, or tab-separated if its name says `.tsv`.

    Commas and line ends within a field need double quotes around it; in a tab-separated table quotes mean
    nothing.

    Args:
        path: of the file.
        errors: what becomes of a bad row.
        text: name of the column of the text.
        label: name of the column of the label.

    Raises:
        ValueError: there is no such column; a row is malformed, or holds no text or no label.
    """
    tabs = _bare_name(path).endswith(".tsv")
    rows = csv.reader(
        _decodable(path, errors),
        delimiter="\t" if tabs else ",",
        quoting=csv.QUOTE_NONE if tabs else csv.QUOTE_MINIMAL,
        strict=True,
    )
    header: list[str] | None = None
    for place, row in _parsed(rows, path, errors):
        if header is None:
            header = row
            missing = [column for column in (text, label) if column not in header]
            if missing:
                raise ValueError(f"{path} has no column {missing[0]!r}, but: {_listed(header)}")
            continue
        with errors.at(place):
            if len(row) > len(header):
                raise ValueError(f"expected {len(header)} fields, got more: {row[len(header) :]}")
            fields = dict(zip(header, row, strict=False))
            yield _checked(fields.get(text), fields.get(label))


def json_lines(path: Path, errors: RowErrors, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a file of one JSON object per line.

    Args:
        path: of the file.
        errors: what becomes of a bad row.
        text: key of the text.
        label: key of the label, a string or a number.

    Raises:
        ValueError: a line is no JSON object, lacks a key, or holds no text or no label.
    """
    for place, line in numbered(path):
        with errors.at(place):
            if line.strip():
                row = _object(decoded(line))
                for key in (text, label):
                    if key not in row:
                        raise ValueError(f"there is no key {key!r}, but: {_listed(list(row))}")
                yield _checked(row[text], row[label])


def label_first(path: Path, errors: RowErrors) -> Iterator[LabelledText]:
    """Read a file whose lines are a label without spaces, a space or tab, and a text.

    Args:
        path: of the file.
        errors: what becomes of a bad row.

    Raises:
        ValueError: a line has only one word.
    """
    for place, line in numbered(path):
        with errors.at(place):
            fields = decoded(line).split(maxsplit=1)
            if fields:
                yield _checked(fields[1] if len(fields) == 2 else None, fields[0])


def documents(path: Path, errors: RowErrors, *, folder: str = "", labels: Sequence[str] = ()) -> Iterator[LabelledText]:
    """Read one document per file, in folders named by label: `<folder>/<label>/<document>.txt`.

    Args:
        path: of the outer folder, or of a tar archive, compressed or not, which is read without unpacking.
        errors: what becomes of a bad document.
        folder: the folder of the labels, within `path`.
        labels: the labels to read; all of them if empty.

    Raises:
        ValueError: a document is empty or not UTF-8; the archive cannot be read.
    """
    for place, contents in _archived(path) if path.is_file() else _files(path):
        if place.suffix != ".txt" or place.parent.parent != PurePosixPath(folder):
            continue
        if labels and place.parent.name not in labels:
            continue
        with errors.at(f"{path}/{place}"):
            yield _checked(decoded(contents()).removeprefix("\ufeff"), place.parent.name)


def aligned(path: Path, errors: RowErrors, *, texts: str, index: str, part: str) -> Iterator[LabelledText]:
    """Read a folder with two files that go line by line: a text in one; its name, part and label in the other.

    Args:
        path: of the folder.
        errors: what becomes of a bad row.
        texts: name of the file with a text per line.
        index: name of the file with a name, a part and a label per line, tabs between them.
        part: what is read; lines of other parts are passed over.

    Raises:
        ValueError: the files have not as many lines as each other; a line of the index is malformed, or a text empty.
    """
    count = {texts: 0, index: 0}
    for said, line in zip_longest(numbered(path / index), numbered(path / texts)):
        count[index] += said is not None
        count[texts] += line is not None
        if said is None or line is None:
            continue
        with errors.at(said[0]):
            fields = decoded(said[1]).rstrip("\r\n").split("\t")
            if len(fields) != 3:
                raise ValueError(f"expected a name, a part and a label with tabs between, got {fields[:3]}")
            if fields[1] == part:
                yield _checked(decoded(line[1]), fields[2])
    if count[texts] != count[index]:
        raise ValueError(f"{path / texts} has {count[texts]} lines, but {path / index} {count[index]}")


def _bare_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _decodable(path: Path, errors: RowErrors) -> Iterator[str]:
    """The lines that are text."""
    for place, line in numbered(path):
        with errors.at(place):
            yield decoded(line)


def _parsed(rows: Any, path: Path, errors: RowErrors) -> Iterator[tuple[str, list[str]]]:
    """The place and the fields of each row of a CSV reader that has any."""
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


def _object(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ValueError(f"expected a JSON object, got {line.strip()[:60]!r}")
    return row


def _files(path: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    for file in sorted(path.rglob("*.txt")):
        yield PurePosixPath(file.relative_to(path)), file.read_bytes


def _archived(path: Path) -> Iterator[tuple[PurePosixPath, Callable[[], bytes]]]:
    try:
        with tarfile.open(path) as archive:
            for entry in archive:
                file = archive.extractfile(entry)
                if file is not None:
                    yield PurePosixPath(entry.name), file.read
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {str(error).splitlines()[0]}") from error


def _checked(text: Any, label: Any) -> LabelledText:
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"expected a text, got {text!r}")
    if not isinstance(label, str | int | float) or not str(label).strip():
        raise ValueError(f"expected a label, got {label!r}")
    return LabelledText(text.strip(), str(label).strip())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:30]) for name in names[:20])
