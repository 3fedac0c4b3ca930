"""Pictures: a file in, standardised numbers out; and the rows of a data set of them."""

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Shaped, UInt8
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.ragged import Ragged
from seqmodels.data.raw import RawInput
from seqmodels.data.row_errors import one_line
from seqmodels.types import Batch

Pixels = NDArray[np.uint8]
SUFFIXES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm")


@dataclass(frozen=True)
class Picture(RawInput):
    """A picture of any size and kind, brought to one size, and to grey or colours.

    Args:
        channels: 1 for grey, 3 for red, green and blue.
        height: in pixels.
        width: in pixels.
        mean: of all pixels of the training pictures, from 0 for black to 1 for white.
        std: likewise, the standard deviation.

    Raises:
        ValueError: a picture without pixels, or of another number of channels.
    """

    channels: int
    height: int
    width: int
    mean: float = 0.0
    std: float = 1.0

    def __post_init__(self) -> None:
        if self.channels not in (1, 3):
            raise ValueError(f"a picture has 1 channel (grey) or 3 (colours), got {self.channels}")
        if min(self.height, self.width) < 1:
            raise ValueError(f"height and width must be at least 1, got {self.height} and {self.width}")

    def pixels(self, item: str | PathLike[str] | Pixels) -> Pixels:
        """A picture in this size, (channels, height, width), from 0 to 255.

        Args:
            item: the path of a file in a format that Pillow reads; or numbers from 0 to 255, (height, width) or
                (height, width, 3).

        Raises:
            ValueError: it is no picture, or damaged.
        """
        if isinstance(item, np.ndarray) and self._fits(item):
            return np.ascontiguousarray(item.reshape(self.height, self.width, -1).transpose(2, 0, 1))
        with opened(item) as image:
            plain = _opaque(image).convert("L" if self.channels == 1 else "RGB")
            sized = plain.resize((self.width, self.height), Image.Resampling.BILINEAR)
            return np.asarray(sized).reshape(self.height, self.width, -1).transpose(2, 0, 1).copy()

    def standardised(
        self, pixels: UInt8[Tensor, "*rows channels height width"]
    ) -> Float[Tensor, "*rows channels height width"]:
        """Pixels with mean 0 and standard deviation 1 over the training pictures."""
        return (pixels.float() / 255 - self.mean) / self.std

    def steps(self, pixels: UInt8[Tensor, "*rows channels height width"]) -> Shaped[Tensor, "..."]:
        """What a model reads of pictures: one step, the picture."""
        return self.standardised(pixels).unsqueeze(-4)

    def read(self, item: Any) -> Tensor:
        """The steps of a picture."""
        return self.steps(torch.from_numpy(self.pixels(item)))

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "picture.png"

    def items(self, file: Path) -> list[Any]:
        """The picture itself."""
        return [file]

    def _fits(self, item: Pixels) -> bool:
        colours = (3,) if self.channels == 3 else ()
        return item.dtype == np.uint8 and item.shape == (self.height, self.width, *colours)


def opened(item: str | PathLike[str] | Pixels) -> Image.Image:
    """A picture, read to its end and turned as the camera was held.

    Raises:
        ValueError: it is no picture, or damaged.
    """
    if isinstance(item, np.ndarray):
        if item.dtype != np.uint8 or item.ndim not in (2, 3) or item.shape[2:] not in ((), (3,)):
            raise ValueError(
                f"expected a picture of bytes, (height, width) or (height, width, 3), got {item.dtype} {item.shape}"
            )
        return Image.fromarray(item)
    path = Path(item)
    try:
        if path.stat().st_size == 0:
            raise ValueError(f"{path} is empty, expected a picture")
        with Image.open(path) as image:
            return ImageOps.exif_transpose(image)
    # Pillow's decoders raise a SyntaxError for a broken PNG.
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        what = one_line(error) if not isinstance(error, UnidentifiedImageError) else "unknown format"
        raise ValueError(f"{path} is not a readable picture: {what}") from error


def _opaque(image: Image.Image) -> Image.Image:
    """On white paper, where something is transparent; 8 bits instead of 16."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if not image.has_transparency_data:
        return image
    layers = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layers.size, "white"), layers)


class PictureRows(Dataset[Batch]):
    """Rows of one picture each, with an answer; indexed by a list of them, gives their `Batch`.

    Args:
        pixels: all pictures, (pictures, channels, height, width), in memory or memory-mapped.
        which: the picture of each row.
        targets: one answer per row, as a tensor; or a sequence of answers for each.
        picture: makes steps of what is asked for.
    """

    def __init__(self, pixels: Pixels, which: NDArray[np.int64], targets: Tensor | Ragged, picture: Picture) -> None:
        self.pixels, self.which, self.targets, self.picture = pixels, which, targets, picture

    def __len__(self) -> int:
        return len(self.which)

    def __getitem__(self, indices: list[int]) -> Batch:
        pictures = torch.from_numpy(np.ascontiguousarray(self.pixels[self.which[indices]]))
        inputs = self.picture.steps(pictures)
        lengths = torch.full((len(indices),), inputs.shape[1])
        if isinstance(self.targets, Tensor):
            return Batch(inputs, self.targets[indices], lengths)
        return Batch(inputs, self.targets.padded(indices), lengths, self.targets.lengths[indices])
