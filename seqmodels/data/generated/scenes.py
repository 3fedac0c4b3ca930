"""Drawn scenes of a few shapes, and the one sentence that says what is where."""

from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from seqmodels.data.base import Split
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.images.pictures import Pixels
from seqmodels.data.splits import sizes_of

# In the order in which a sentence names them: so that a scene, whose colours all differ, has only one.
COLOURS = {
    "red": (214, 50, 50),
    "yellow": (232, 200, 50),
    "green": (60, 165, 75),
    "blue": (50, 90, 215),
    "purple": (145, 60, 175),
}
SHAPES = ("circle", "cross", "ring")
RADII = (0.1, 0.13)
MOST = 2
FINE = 4


class Thing(NamedTuple):
    """A shape on a grid of three columns and three rows."""

    colour: str
    shape: str
    column: int
    row: int

    def __str__(self) -> str:
        return f"{self.colour} {self.shape}"


def scenes(seed: int, *, size: int = 32, count: int = 12_000) -> dict[Split, list[TitledPicture]]:
    """Draw scenes of one or two shapes, each with the sentence that describes it.

    Shapes are named in the order of `COLOURS`, and each is placed beside, above or below the one named before it.

    Args:
        seed: of every choice.
        size: of a side, in pixels.
        count: number of pictures; an eighth of them for validation, an eighth for test.

    Example:
        >>> splits = scenes(0, count=8)
        >>> splits["train"][0].picture.shape
        (32, 32, 3)
    """
    random = Random(seed)
    return {split: [_scene(number, size, random) for number in range(rows)] for split, rows in sizes_of(count).items()}


def _scene(number: int, size: int, random: Random) -> TitledPicture:
    things = _things(random)
    return TitledPicture(_drawn(things, size, random), _sentence(things), f"scene {number}")


def _things(random: Random) -> list[Thing]:
    """Shapes of different colours, each in a row or column with the one before."""
    colours = sorted(random.sample(list(COLOURS), random.randint(1, MOST)), key=list(COLOURS).index)
    places = [(random.randrange(3), random.randrange(3))]
    while len(places) < len(colours):
        column, row = places[-1]
        beside = [(other, row) for other in range(3)] + [(column, other) for other in range(3)]
        places.append(random.choice([place for place in beside if place not in places]))
    return [Thing(colour, random.choice(SHAPES), *place) for colour, place in zip(colours, places, strict=True)]


def _sentence(things: list[Thing]) -> str:
    words = f"a {things[0]}"
    for before, thing in pairwise(things):
        words += f" {_relation(before, thing)} a {thing}"
    return words


def _relation(one: Thing, other: Thing) -> str:
    if one.row == other.row:
        return "left of" if one.column < other.column else "right of"
    return "above" if one.row < other.row else "below"


def _drawn(things: list[Thing], size: int, random: Random) -> Pixels:
    """On paper of some grey with noise, each shape moved a little from the middle of its place."""
    side = FINE * size
    paper = random.randint(225, 255)
    image = Image.new("RGB", (side, side), (paper, paper, paper))
    draw = ImageDraw.Draw(image)
    for thing in things:
        x, y = ((place + 0.5) / 3 * side + random.uniform(-0.04, 0.04) * side for place in (thing.column, thing.row))
        radius = random.uniform(*RADII) * side
        colour = tuple(min(255, max(0, part + random.randint(-20, 20))) for part in COLOURS[thing.colour])
        if thing.shape == "cross":
            width = round(0.6 * radius)
            draw.line((x - radius, y - radius, x + radius, y + radius), fill=colour, width=width)
            draw.line((x - radius, y + radius, x + radius, y - radius), fill=colour, width=width)
        else:
            box, width = (x - radius, y - radius, x + radius, y + radius), round(0.45 * radius)
            draw.ellipse(box, fill=colour if thing.shape == "circle" else None, outline=colour, width=width)
    small = np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float32)
    noise = np.random.default_rng(random.randrange(2**32)).normal(0, 4, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)
