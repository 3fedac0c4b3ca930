"""Readers of pictures that have a text each, one function per format: a path in, pictures and their texts out.

The text is a label or a caption. A format of your own is one more such function.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from seqmodels.data.images.idx import read_idx
from seqmodels.data.images.pictures import SUFFIXES, Pixels
from seqmodels.data.records import is_table, records
from seqmodels.data.row_errors import RowErrors


class TitledPicture(NamedTuple):
    """A picture, as a file or as its pixels; its text; and where that was found."""

    picture: Path | Pixels
    text: str
    place: str


Format = Callable[[Path, RowErrors], Iterator[TitledPicture]]


def by_suffix(path: Path, errors: RowErrors, *, picture: str = "path", text: str = "label") -> Iterator[TitledPicture]:
    """Read a folder, a table or an idx file, whichever it is.

    A folder holds a folder of pictures per label; `.csv`, `.tsv` and `.jsonl` are tables with named columns; a file
    with `idx3` in its name holds pictures, and the one beside it their labels.

    Args:
        path: of the file or folder.
        errors: what becomes of a bad row.
        picture: column of the pictures' paths, seen from the table's folder.
        text: column of the label or caption.

    Raises:
        ValueError: the name tells no format.
    """
    if path.is_dir():
        return folders(path, errors)
    if is_table(path):
        return table(path, errors, picture=picture, text=text)
    if "idx3" in path.name.lower():
        return idx(path, errors)
    raise ValueError(
        f"{path}: expected a folder of <label>/<picture>, a .csv, .tsv or .jsonl, or an idx3 file, going by the name"
    )


def folders(path: Path, errors: RowErrors) -> Iterator[TitledPicture]:
    """Read `<label>/<picture>.png`, or another format that Pillow reads.

    Args:
        path: of the outer folder.
        errors: what becomes of a picture that lies beside the folders.

    Raises:
        ValueError: there is no picture, or one that lies in no folder.
    """
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise ValueError(f"{path}: expected <label>/<picture>, found no picture")
    for file in files:
        with errors.at(str(file)):
            if file.parent == path:
                raise ValueError(f"{file.name} lies in no folder that is named by its label")
            yield TitledPicture(file, file.parent.name, str(path))


def table(path: Path, errors: RowErrors, *, picture: str = "path", text: str = "label") -> Iterator[TitledPicture]:
    """Read a table that names a picture and its text in each row; see `records.records`.

    Args:
        path: of the table.
        errors: what becomes of a bad row.
        picture: column of the pictures' paths, seen from the table's folder.
        text: column of the label or caption.
    """
    for place, (name, written) in records(path, (picture, text), errors):
        yield TitledPicture(path.parent / name, written, place)


def idx(path: Path, errors: RowErrors, *, names: Sequence[str] = ()) -> Iterator[TitledPicture]:  # noqa: ARG001
    """Read a pair of idx files: `train-images-idx3-ubyte.gz`, and beside it `train-labels-idx1-ubyte.gz`.

    Args:
        path: of the pictures; the file of the labels is named alike.
        errors: of no use here: such files are right or wrong as a whole.
        names: text of each label, by number; the numbers themselves if empty.

    Raises:
        ValueError: one of the files is missing or damaged, or they are not of the same number; a label has no name.
    """
    beside = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if beside == path or not beside.is_file():
        raise ValueError(f"{path}: expected the labels beside it, in {beside.name}")
    pictures, labels = read_idx(path, 3), read_idx(beside, 1)
    if len(pictures) != len(labels):
        raise ValueError(f"{path} holds {len(pictures):,} pictures, but {beside.name} {len(labels):,} labels")
    if names and len(labels) and labels.max() >= len(names):
        raise ValueError(f"{beside}: expected labels from 0 to {len(names) - 1}, got {labels.max()}")
    for number, (pixels, label) in enumerate(zip(pictures, labels.tolist(), strict=True)):
        yield TitledPicture(pixels, names[label] if names else str(label), f"{path}:{number}")
