"""Readers of texts and what is to be written about them, one function per file format."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from seqmodels.data.files import decoded, numbered
from seqmodels.data.records import is_table, records
from seqmodels.data.row_errors import RowErrors, one_line


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
    if is_table(path):
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
        ValueError: a line has only one field or an empty one, or is not UTF-8; the file cannot be read, the archive
            has no such file.
    """
    for place, line in numbered(path) if member is None else _unzipped(path, member):
        with errors.at(place):
            fields = [field.strip() for field in decoded(line).split("\t")]
            if len(fields) < 2 or not all(fields[:2]):
                raise ValueError(f"expected a source, a tab and a target, got {decoded(line).strip()[:60]!r}")
            yield Pair(*fields[:2])


def aligned(path: Path, errors: RowErrors, *, target_suffix: str) -> Iterator[Pair]:
    """Read two files whose lines belong together: `train.en` and, beside it, `train.fr`.

    Args:
        path: of the sources, one on each line.
        errors: what becomes of a bad row.
        target_suffix: what the name of the other file ends with instead, `.fr` for example.

    Raises:
        FileNotFoundError: there is no such other file.
        ValueError: a line is empty or not UTF-8; one file has more lines than the other.
    """
    other = path.with_suffix(target_suffix)
    if not other.exists():
        raise FileNotFoundError(f"there is no file {other} beside {path}")
    for number, sides in enumerate(zip_longest(numbered(path), numbered(other)), start=1):
        texts = []
        for side in sides:
            if side is None:
                more, fewer = (other, path) if sides[0] is None else (path, other)
                raise ValueError(f"{more}:{number}: there is no such line in {fewer}, which has {number - 1}")
            with errors.at(side[0]):
                texts.append(_not_empty(decoded(side[1]).strip()))
        if len(texts) == 2:
            yield Pair(*texts)


def _not_empty(text: str) -> str:
    if not text:
        raise ValueError("expected a text, got an empty line")
    return text


def _unzipped(path: Path, member: str) -> Iterator[tuple[str, bytes]]:
    """The place and the bytes of each line of a file in an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            if member not in archive.namelist():
                raise ValueError(f"{path} has no file {member!r}, but: {', '.join(archive.namelist()[:10])}")
            with archive.open(member) as file:
                yield from ((f"{path}/{member}:{number}", line) for number, line in enumerate(file, start=1))
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: cannot read {member} from it: {one_line(error)}") from error
