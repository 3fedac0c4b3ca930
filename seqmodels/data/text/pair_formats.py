"""Readers of texts and what is to be written about them, one function per file format."""

import io
import zipfile
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from seqmodels.data.files import open_text
from seqmodels.data.records import records
from seqmodels.data.row_errors import RowErrors


class Pair(NamedTuple):
    """A text and the text that is to be written about it."""

    source: str
    target: str


PairFormat = Callable[[Path, RowErrors], Iterator[Pair]]


def by_suffix(path: Path, errors: RowErrors, *, source: str = "source", target: str = "target") -> Iterator[Pair]:
    """Read a file in the format that its name tells, with or without a further `.gz`.

    `.csv` and `.tsv` are tables with named columns, `.jsonl` one object per line; any other file has a source, a tab
    and a target on each line.

    Args:
        path: of the file.
        errors: what becomes of a bad row.
        source: column (or key) of the text that is read.
        target: column (or key) of the text that is written.
    """
    if path.name.lower().removesuffix(".gz").endswith((".csv", ".tsv", ".jsonl")):
        for _, (read, written) in records(path, [source, target], errors):
            yield Pair(read, written)
    else:
        yield from tab_separated(path, errors)


def tab_separated(path: Path, errors: RowErrors, *, member: str | None = None) -> Iterator[Pair]:
    """Read lines of a source, a tab, a target, and perhaps further fields, which are left aside.

    Args:
        path: of the file, or of a zip archive that holds it.
        errors: what becomes of a bad row.
        member: name of the file within the archive.

    Raises:
        ValueError: a line has only one field, or an empty one; the archive has no such file.
    """
    for number, line in enumerate(open_text(path) if member is None else _unzipped(path, member), start=1):
        with errors.at(f"{path}:{number}"):
            fields = [field.strip() for field in line.split("\t")]
            if len(fields) < 2 or not all(fields[:2]):
                raise ValueError(f"expected a source, a tab and a target, got {line.strip()[:60]!r}")
            yield Pair(*fields[:2])


def aligned(path: Path, errors: RowErrors, *, target_suffix: str) -> Iterator[Pair]:
    """Read two files whose lines belong together: `train.en` and, beside it, `train.fr`.

    Args:
        path: of the sources, one on each line.
        errors: what becomes of a bad row.
        target_suffix: what the name of the other file ends with instead, `.fr` for example.

    Raises:
        ValueError: a line is empty; one file has more lines than the other.
    """
    other = path.with_suffix(target_suffix)
    if not other.exists():
        raise FileNotFoundError(f"there is no file {other} beside {path}")
    for number, (source, target) in enumerate(zip_longest(open_text(path), open_text(other)), start=1):
        if source is None or target is None:
            more, fewer = (other, path) if source is None else (path, other)
            raise ValueError(f"{more}:{number}: there is no such line in {fewer}, which has {number - 1}")
        with errors.at(f"{path}:{number}"):
            if not source.strip() or not target.strip():
                raise ValueError(f"expected a text in both files, got {source.strip()!r} and {target.strip()!r}")
            yield Pair(source.strip(), target.strip())


def _unzipped(path: Path, member: str) -> Iterator[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            if member not in archive.namelist():
                raise ValueError(f"{path} has no file {member!r}, but: {', '.join(archive.namelist()[:10])}")
            with archive.open(member) as file:
                yield from io.TextIOWrapper(file, encoding="utf-8-sig")
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot read {member} from it: {error}") from error
