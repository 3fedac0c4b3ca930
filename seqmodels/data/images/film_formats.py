"""Readers of films that have texts, one function per format: a path in, films and their labels or captions out."""

from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from seqmodels.data.images.frames import Film
from seqmodels.data.records import records
from seqmodels.data.row_errors import RowErrors


class TitledFilm(NamedTuple):
    """A film; its texts, a label for each frame or one caption; and where that was found."""

    film: Film
    texts: tuple[str, ...]
    place: str


FilmFormat = Callable[[Path, RowErrors], Iterator[TitledFilm]]


def labelled_frames(
    path: Path, errors: RowErrors, *, frame: str = "frame", label: str = "label"
) -> Iterator[TitledFilm]:
    """Read a table of frames with a label each. Frames of one folder make a film, in the order of the table.

    Args:
        path: of the table, `.csv`, `.tsv` or `.jsonl`.
        errors: what becomes of a bad row.
        frame: column of the paths of the frames, seen from the table's folder.
        label: column of the labels.

    Raises:
        ValueError: there are no such columns; a field is empty; a frame does not exist.
    """
    rows = []
    for place, (name, text) in records(path, [frame, label], errors):
        with errors.at(place):
            rows.append((_existing(path.parent / name), text, place))
    for _, film in groupby(rows, key=lambda row: row[0].parent):
        files, texts, places = zip(*film, strict=True)
        yield TitledFilm(list(files), tuple(texts), places[0])


def captioned_films(
    path: Path, errors: RowErrors, *, film: str = "film", text: str = "caption"
) -> Iterator[TitledFilm]:
    """Read a table of films with a caption each; a film with several captions has several rows.

    Args:
        path: of the table, `.csv`, `.tsv` or `.jsonl`.
        errors: what becomes of a bad row.
        film: column of the paths of the films, folders of frames or animated files, seen from the table's folder.
        text: column of the captions.

    Raises:
        ValueError: there are no such columns; a field is empty; a film does not exist.
    """
    for place, (name, caption) in records(path, [film, text], errors):
        with errors.at(place):
            yield TitledFilm(_existing(path.parent / name), (caption,), place)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise ValueError(f"there is no {path}")
    return path
