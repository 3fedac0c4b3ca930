"""Pictures of digits in the fonts that come with matplotlib, bent, moved and dirtied; the test has other fonts."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont
from torch import Generator, Tensor

from seqmodels.data.base import Split
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.splits import sizes_of

FONTS: Mapping[Split, Sequence[str]] = {
    "train": (
        "DejaVuSans",
        "DejaVuSans-BoldOblique",
        "DejaVuSansMono-Bold",
        "DejaVuSansMono-Oblique",
        "DejaVuSerif",
        "DejaVuSerif-BoldItalic",
        "STIXGeneral",
        "STIXGeneralBolIta",
        "cmr10",
        "cmss10",
    ),
    "val": ("DejaVuSerif-Bold", "STIXGeneralItalic", "cmb10"),
    "test": ("DejaVuSans-Bold", "DejaVuSansMono", "DejaVuSerif-Italic", "STIXGeneralBol", "cmti10", "cmtt10"),
}
NOISE: Mapping[Split, float] = {"train": 0.08, "val": 0.16, "test": 0.16}
DRAWN = 64


def digits(
    seed: int, *, size: int = 28, distortion: float = 1.0, count: int = 6000
) -> dict[Split, list[TitledPicture]]:
    """Draw digits, white on black, each with its name as text.

    Every one is turned by up to 20 degrees, slanted, stretched by up to a quarter, moved by up to an eighth of the
    side, made fainter, and overlaid with noise. Validation and test use fonts of their own, and twice the noise.

    Args:
        seed: of every choice.
        size: of a side, in pixels.
        distortion: what share of all this is done; 0 for clean digits.
        count: number of pictures; an eighth of them for validation, an eighth for test.

    Example:
        >>> splits = digits(0, count=8)
        >>> splits["test"][0].picture.shape, splits["test"][0].text in "0123456789"
        ((28, 28), True)
    """
    generator = Generator().manual_seed(seed)
    return {
        split: _pictures(FONTS[split], size, rows, distortion, NOISE[split], generator)
        for split, rows in sizes_of(count).items()
    }


def _pictures(
    fonts: Sequence[str], size: int, count: int, distortion: float, noise: float, generator: Generator
) -> list[TitledPicture]:
    drawn = torch.stack([torch.stack([_drawn(font, digit) for digit in range(10)]) for font in fonts])
    font = torch.randint(len(fonts), (count,), generator=generator)
    digit = torch.randint(10, (count,), generator=generator)
    grids = F.affine_grid(_bent(count, distortion, generator), [count, 1, size, size], align_corners=False)
    faint = 1 - 0.5 * distortion * torch.rand(count, 1, 1, generator=generator)
    pictures = faint * F.grid_sample(drawn[font, digit].unsqueeze(1), grids, align_corners=False).squeeze(1)
    dirty = pictures + distortion * noise * torch.randn(pictures.shape, generator=generator)
    pixels = (255 * dirty).round().clamp(0, 255).to(torch.uint8).numpy()
    return [
        TitledPicture(picture, str(label), f"glyph {number}")
        for number, (picture, label) in enumerate(zip(pixels, digit.tolist(), strict=True))
    ]


def _drawn(font: str, digit: int) -> Float[Tensor, "side side"]:
    """A digit that fills two thirds of a square, from 0 for black to 1 for white."""
    file = Path(get_data_path(), "fonts", "ttf", f"{font}.ttf")
    image = Image.new("L", (DRAWN, DRAWN))
    middle = (DRAWN / 2, DRAWN / 2)
    letters = ImageFont.truetype(file, DRAWN)
    left, top, right, bottom = letters.getbbox(str(digit), anchor="mm")
    scaled = ImageFont.truetype(file, round(DRAWN * DRAWN / 1.5 / max(right - left, bottom - top)))
    left, top, right, bottom = scaled.getbbox(str(digit), anchor="mm")
    place = (middle[0] - (left + right) / 2, middle[1] - (top + bottom) / 2)
    ImageDraw.Draw(image).text(place, str(digit), fill=255, font=scaled, anchor="mm")
    return torch.from_numpy(np.asarray(image) / np.float32(255))


def _bent(count: int, distortion: float, generator: Generator) -> Float[Tensor, "count 2 3"]:
    """Where each place of a picture is looked up: turned, slanted, stretched and moved."""

    def around(middle: float, reach: float) -> Tensor:
        return middle + distortion * reach * (2 * torch.rand(count, generator=generator) - 1)

    angle, slant = around(0, math.pi / 9), around(0, 0.25)
    wide, high = around(1, 0.25), around(1, 0.25)
    across, down = around(0, 0.25), around(0, 0.25)
    cos, sin = angle.cos(), angle.sin()
    rows = [wide * cos, wide * (slant * cos - sin), across, high * sin, high * (slant * sin + cos), down]
    return torch.stack(rows, dim=1).view(count, 2, 3)
