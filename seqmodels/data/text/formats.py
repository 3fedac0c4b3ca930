"""Readers of labelled text, one function per file format: a path in, texts and their labels out.

A format of your own is one more such function. What it does with one row stands in `with errors.at(place):`, so that
a bad row stops everything or is skipped, as was asked.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from seqmodels.data.files import archived, decoded, is_archive, numbered
from seqmodels.data.records import is_table, records
from seqmodels.data.row_errors import RowErrors


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
    if path.is_dir() or is_archive(path):
        return documents(path, errors)
    if is_table(path):
        return table(path, errors, text=text, label=label)
    return label_first(path, errors)


def table(path: Path, errors: RowErrors, *, text: str = "text", label: str = "label") -> Iterator[LabelledText]:
    """Read a table, or one JSON object per line; see `records.records`.

    Args:
        path: of the file.
        errors: what becomes of a bad row.
        text: name of the column (key) of the text.
        label: name of the column (key) of the label.
    """
    for _, (written, named) in records(path, (text, label), errors):
        yield LabelledText(written, named)


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

    def wanted(name: str) -> bool:
        place = PurePosixPath(name)
        is_document = place.suffix == ".txt" and place.parent.parent == PurePosixPath(folder)
        return is_document and (not labels or place.parent.name in labels)

    for name, content in archived(path, wanted) if path.is_file() else _files(path, wanted):
        with errors.at(f"{path}/{name}"):
            yield _checked(decoded(content), PurePosixPath(name).parent.name)


def aligned(path: Path, errors: RowErrors, *, texts: str, index: str, split: str) -> Iterator[LabelledText]:
    """Read a folder with two files that go line by line: a text in one; its name, split and label in the other.

    Args:
        path: of the folder.
        errors: what becomes of a bad row.
        texts: name of the file with a text per line.
        index: name of the file with a name, a split and a label per line, tabs between them.
        split: what is read; lines of other splits are passed over.

    Raises:
        ValueError: the files have not as many lines as each other; a line of the index is malformed, a text empty, or
            one of them not UTF-8.
    """
    count = {texts: 0, index: 0}
    for said, line in zip_longest(numbered(path / index), numbered(path / texts)):
        count[index] += said is not None
        count[texts] += line is not None
        if said is None or line is None:
            continue
        label = None
        with errors.at(said[0]):
            label = _label(decoded(said[1]), split)
        if label is not None:
            with errors.at(line[0]):
                yield _checked(decoded(line[1]), label)
    if count[texts] != count[index]:
        raise ValueError(f"{path / texts} has {count[texts]} lines, but {path / index} {count[index]}")


def _label(line: str, split: str) -> str | None:
    """The label in a line of an index, if it is of that split."""
    fields = line.rstrip("\r\n").split("\t")
    if len(fields) != 3 or not fields[2].strip():
        raise ValueError(f"expected a name, a split and a label with tabs between, got {fields[:3]}")
    return fields[2] if fields[1] == split else None


def _files(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    for file in sorted(path.rglob("*.txt")):
        name = file.relative_to(path).as_posix()
        if wanted(name):
            yield name, file.read_bytes()


def _checked(text: str | None, label: str) -> LabelledText:
    if text is None or not text.strip():
        raise ValueError(f"expected a text, got {text!r}")
    return LabelledText(text.strip(), label.strip())
