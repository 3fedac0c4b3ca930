"""The pictures of one split of a data set as one array: files are decoded once, and read memory-mapped ever after."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.array_files import growing_array, save_array
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.images.pictures import Picture, Pixels, opened
from seqmodels.data.prepared import prepared
from seqmodels.data.row_errors import RowErrors

Indices = NDArray[np.int64]
FORMAT = 1
GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16L", "I;16B", "F")


class TitledPixels(NamedTuple):
    """All pictures, (pictures, channels, height, width); of each row, which of them it has, and its text."""

    pixels: Pixels
    which: Indices
    texts: list[str]


def shape_of(
    titled: Sequence[TitledPicture], size: int | Sequence[int] | None, channels: int | None
) -> tuple[int, int, int]:
    """Channels, height and width: as asked for, and otherwise as the first readable picture has them.

    Args:
        titled: pictures.
        size: of a side, or height and width; None for those of the first picture.
        channels: 1 for grey, 3 for colours; None for grey if the first picture is.

    Raises:
        ValueError: `size` is not one or two whole numbers; no picture can be read.
    """
    sides = [size, size] if isinstance(size, int) else list(size or ())
    if size is not None and (len(sides) != 2 or not all(isinstance(side, int) for side in sides)):
        raise ValueError(f"size must be a number of pixels, or two for height and width, got {size!r}")
    if sides and channels:
        return channels, sides[0], sides[1]
    mode, width, height = _first_readable(titled)
    height, width = sides or (height, width)
    return channels or (1 if mode in GREY else 3), height, width


def decode(titled: Sequence[TitledPicture], picture: Picture, errors: RowErrors) -> TitledPixels:
    """Read pictures and bring them to one size; each file once, however many texts it has.

    Args:
        titled: pictures of a split.
        picture: how they are read.
        errors: what becomes of a row whose picture cannot be read.
    """
    shape = (picture.channels, picture.height, picture.width)
    texts = [item.text for item in titled]
    if not titled or not all(isinstance(item.picture, Path) for item in titled):
        pixels = np.zeros((len(titled), *shape), dtype=np.uint8)
        unfilled = iter(pixels)
        rows, which = _read(titled, picture, errors, lambda found: np.copyto(next(unfilled), found))
        return TitledPixels(pixels, which, [texts[row] for row in rows])

    def make(folder: Path) -> None:
        fresh = RowErrors(errors.on_error)
        with growing_array(folder / "pixels.npy", shape, np.uint8) as append:
            rows = _read(titled, picture, fresh, lambda found: append(found[None]))
        save_array(folder / "rows.npy", np.stack(rows))
        (folder / "skipped.json").write_text(json.dumps([fresh.skipped, fresh.first]))

    files = {item.picture: number for number, item in enumerate(titled) if isinstance(item.picture, Path)}
    rows_read = [[item.place, files[item.picture]] for item in titled if isinstance(item.picture, Path)]
    key = {**asdict(picture), "on_error": errors.on_error, "format": FORMAT, "rows": rows_read}
    folder = prepared(key, files, make)
    skipped, first = json.loads((folder / "skipped.json").read_text())
    errors.skipped, errors.first = errors.skipped + skipped, errors.first or first
    rows, which = np.load(folder / "rows.npy")
    return TitledPixels(np.load(folder / "pixels.npy", mmap_mode="r"), which, [texts[row] for row in rows])


def _read(
    titled: Sequence[TitledPicture], picture: Picture, errors: RowErrors, append: Callable[[Pixels], object]
) -> tuple[Indices, Indices]:
    """Decode each picture once and append it; return the rows that could be read, and the picture of each of them."""
    places: dict[object, int] = {}
    rows, which = [], []
    for row, item in enumerate(titled):
        key = item.picture if isinstance(item.picture, Path) else row
        with errors.at(item.place):
            if key not in places:
                append(picture.pixels(item.picture))
                places[key] = len(places)
            rows.append(row)
            which.append(places[key])
    return np.array(rows, dtype=np.int64), np.array(which, dtype=np.int64)


def _first_readable(titled: Sequence[TitledPicture]) -> tuple[str, int, int]:
    """Mode, width and height."""
    problem = "expected pictures, got none"
    for item in titled:
        try:
            with opened(item.picture) as image:
                return image.mode, image.width, image.height
        except ValueError as error:
            problem = f"{item.place}: {error}"
    raise ValueError(problem)
