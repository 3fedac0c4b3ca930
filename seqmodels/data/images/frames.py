"""Films: the pictures of a folder or of an animated file, one after the other."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image, ImageSequence
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.images.pictures import SUFFIXES, Picture, Pixels
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import one_line
from seqmodels.types import Batch

Film = str | PathLike[str] | Sequence[Path] | Pixels


class Frames(Picture):
    """A film of any length: a folder of pictures in the order of their names, an animated GIF or WebP, several
    picture files, or bytes (time, height, width) or (time, height, width, 3).

    Arguments are those of `Picture`.
    """

    def frames(self, item: Film) -> Pixels:
        """The frames in this size, (time, channels, height, width), from 0 to 255.

        Raises:
            ValueError: there are no frames, or one is no picture, or damaged.
        """
        frames = list(item) if isinstance(item, np.ndarray | Sequence) and not isinstance(item, str) else _files(item)
        if not frames:
            raise ValueError(f"{item}: expected the frames of a film, got none")
        return np.stack([self.pixels(frame) for frame in frames])

    def steps(self, pixels: Tensor) -> Tensor:
        """What a model reads of frames: a step for each."""
        return self.standardised(pixels)

    def read(self, item: Any) -> Tensor:
        """The steps of a film."""
        return self.steps(torch.from_numpy(self.frames(item)))


class Films(NamedTuple):
    """All frames of some films, one film behind the other, and the texts of each film."""

    frames: Ragged
    texts: list[tuple[str, ...]]


class FilmRows(Dataset[Batch]):
    """Films with a sequence of answers each; indexed by a list of them, gives their `Batch`.

    Args:
        films: bytes.
        targets: answers of each film.
        raw: makes steps of frames.
    """

    def __init__(self, films: Ragged, targets: Ragged, raw: Frames) -> None:
        self.films, self.targets, self.raw = films, targets, raw

    def __len__(self) -> int:
        return len(self.films)

    def __getitem__(self, indices: list[int]) -> Batch:
        inputs = self.raw.steps(self.films.padded(indices))
        return Batch(inputs, self.targets.padded(indices), self.films.lengths[indices], self.targets.lengths[indices])


def _files(item: str | PathLike[str]) -> list[Any]:
    path = Path(item)
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
    try:
        with Image.open(path) as film:
            return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(film)]
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not a readable film: {one_line(error)}") from error
