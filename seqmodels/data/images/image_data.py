"""What readers of labelled and of captioned pictures share: pictures with a text each, decoded and standardised."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source
from seqmodels.data.images.decoded import TitledPixels, decode, shape_of
from seqmodels.data.images.formats import Format, TitledPicture, by_suffix
from seqmodels.data.images.pictures import Picture, PictureRows
from seqmodels.data.orders import Order, in_order, shuffled
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.splits import check_filled, cut, read_files
from seqmodels.types import DataSpec

MEASURED = 10_000

Titled = list[TitledPicture]


class ImageData(SequenceData):
    """Pictures with a text each: a label or a caption.

    A split (`train`, `val`, `test`) without a file of its own is a tenth of the training rows, drawn at random; rows
    of the same picture stay together.

    Attributes:
        splits: the decoded pictures and the texts of each split; set by `load`.
        origins: where each split comes from; set by `load`.
        picture: how a picture is read; set by `load`.

    Args:
        path: a file or folder as `files.locate` takes it, or a mapping of splits to such; None to `generate`.
        generate: from a seed, the pictures of each split; used where there is no `path`.
        format: reads a file or folder: a function like those of `picture_formats`; None to go by the name.
        columns: names of the columns of `picture` and `text`, if the format is a table told by its name.
        picture: `size`, of a side or height and width, and `channels`, 1 or 3; each None, or left out, to be that of
            the first picture.
        on_error: `"stop"` at a row that cannot be read, or `"skip"` it.
        batch_size: rows of a batch.
        seed: of the generated pictures, of the cut, of the order of the training rows.

    Raises:
        ValueError: there is neither a path nor a generator. When loaded: a split is empty, or a row cannot be read.
    """

    splits: dict[Split, TitledPixels]
    origins: dict[Split, str]
    picture: Picture

    def __init__(
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None,
        generate: Callable[[int], Mapping[Split, Titled]] | None = None,
        format: Format | None = None,
        columns: Mapping[str, Any] | None = None,
        picture: Mapping[str, Any] | None = None,
        on_error: OnError = "stop",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of pictures or a function that generates them, got neither")
        self.path, self.generate = path, generate
        self.format: Format = format or partial(by_suffix, **(columns or {}))
        self.size, self.channels = self._asked(**(picture or {}))
        self.errors = RowErrors(on_error)

    @abstractmethod
    def index(self) -> tuple[dict[Split, Tensor] | dict[Split, Ragged], dict[str, Any]]:
        """The targets of each split, and what the spec says of them."""

    def load(self) -> None:
        """Read or generate the pictures, bring them to one size and standardise them."""
        self.origins, titled = self._read()
        channels, height, width = shape_of(titled["train"], self.size, self.channels)
        plain = Picture(channels, height, width)
        self.splits = {split: decode(titled[split], plain, self.errors) for split in SPLITS}
        check_filled(
            "pictures", {split: pictures.texts for split, pictures in self.splits.items()}, self.origins, self.errors
        )
        mean, std = _moments(self.splits["train"])
        self.picture = Picture(channels, height, width, mean, std)
        targets, told = self.index()
        self.examples = {
            split: PictureRows(pictures.pixels, pictures.which, targets[split], self.picture)
            for split, pictures in self.splits.items()
        }
        images = {"inputs": "images", "input_size": channels, "shape": (channels, height, width)}
        self.spec = DataSpec(**{**images, "raw": self.picture.recipe(), **told})

    def order(self, split: Split) -> Order:
        """Training rows in random order, the others as they come."""
        draw = shuffled if split == "train" else in_order
        return draw(len(self.splits[split].texts), self.batch_size)

    def describe(self) -> dict[str, str]:
        """Origin, number and size of the pictures."""
        counts = ", ".join(f"{len(self.splits[split].texts):,} {split}" for split in SPLITS)
        kind = "grey" if self.picture.channels == 1 else "colours"
        lines = {
            "data": self.origins["train"],
            "rows": counts,
            "pictures": f"{self.picture.width} x {self.picture.height} pixels, {kind}",
        }
        return lines | self.errors.summary()

    def stratum(self, item: TitledPicture) -> str:  # noqa: ARG002
        """What each split of a cut file has the same share of; nothing in particular."""
        return ""

    def _read(self) -> tuple[dict[Split, str], Mapping[Split, Titled]]:
        if self.path is None:
            assert self.generate is not None
            return dict.fromkeys(SPLITS, generated_by(self.generate)), self.generate(self.seed)
        origins, titled = read_files(self.path, self.format, self.errors)
        cut(titled, key=_picture_key, label=self.stratum, seed=self.seed)
        return origins, titled

    @staticmethod
    def _asked(size: Any = None, channels: int | None = None) -> tuple[Any, int | None]:
        return size, channels


def _picture_key(item: TitledPicture) -> object:
    return item.place if isinstance(item.picture, np.ndarray) else item.picture


def _moments(pictures: TitledPixels) -> tuple[float, float]:
    """Mean and standard deviation of all pixels, from 0 to 1, of up to 10,000 rows."""
    spread = pictures.which[:: -(-len(pictures.which) // MEASURED)]
    counts = sum(np.bincount(pictures.pixels[chunk].ravel(), minlength=256) for chunk in np.array_split(spread, 20))
    values = np.arange(256) / 255
    mean = float(np.average(values, weights=counts))
    return mean, float(np.sqrt(np.average((values - mean) ** 2, weights=counts))) or 1.0
