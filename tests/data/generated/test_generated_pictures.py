"""Drawn digits and scenes."""

import re
from collections import Counter

import numpy as np
import pytest

from seqmodels.data.base import SPLITS
from seqmodels.data.generated.glyphs import FONTS, digits
from seqmodels.data.generated.scenes import COLOURS, SHAPES, scenes

FEW = 400


@pytest.mark.parametrize("draw", [digits, scenes])
def test_the_seed_decides(draw: object) -> None:
    first, again, other = (draw(seed, count=FEW) for seed in (0, 0, 1))  # type: ignore[operator]
    for split in SPLITS:
        assert len(first[split]) == {"train": 300, "val": 50, "test": 50}[split]
        same = [np.array_equal(a.picture, b.picture) for a, b in zip(first[split], again[split], strict=True)]
        assert all(same)
        assert [item.text for item in first[split]] == [item.text for item in again[split]]
    assert [item.text for item in first["train"]] != [item.text for item in other["train"]]


def test_fonts_are_in_one_split_only() -> None:
    used = [font for split in SPLITS for font in FONTS[split]]
    assert len(used) == len(set(used))


def test_every_digit_is_drawn_about_as_often() -> None:
    counts = Counter(item.text for item in digits(0, size=14, count=1200)["train"])
    assert sorted(counts) == list("0123456789")
    assert min(counts.values()) > 60


def test_clean_digits_are_told_apart_and_alike_in_one_font() -> None:
    clean = digits(0, distortion=0, count=FEW)["train"]
    pictures = {(item.text, item.picture.tobytes()) for item in clean}  # type: ignore[union-attr]
    assert len(pictures) <= 10 * len(FONTS["train"])
    assert len({pixels for _, pixels in pictures}) == len(pictures)


def test_a_digit_is_white_on_black_and_whole() -> None:
    for item in digits(3, distortion=0, count=FEW)["train"]:
        pixels = np.asarray(item.picture)
        assert pixels.shape == (28, 28)
        assert pixels.max() > 200
        assert not np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).any()


THING = rf"a ({'|'.join(COLOURS)}) (?:{'|'.join(SHAPES)})"


def test_sentences_name_colours_in_order() -> None:
    for item in scenes(0, count=FEW)["train"]:
        assert re.fullmatch(rf"{THING}(?: (?:left of|right of|above|below) {THING}){{0,2}}", item.text)
        colours = re.findall("|".join(COLOURS), item.text)
        assert colours == sorted(set(colours), key=list(COLOURS).index)


def test_sentences_say_what_is_drawn() -> None:
    """The first and the second shape lie as the sentence says, seen from the pixels nearest to their colours."""
    checked = 0
    for item in scenes(1, count=FEW)["train"]:
        said = re.fullmatch(rf"{THING} (left of|right of|above|below) {THING}", item.text)
        if said is None:
            continue
        first, relation, second = said.groups()
        (x, y), (a, b) = (middle(np.asarray(item.picture), colour) for colour in (first, second))
        beyond = {"left of": a - x, "right of": x - a, "above": b - y, "below": y - b}
        assert max(beyond, key=beyond.__getitem__) == relation, item.text
        assert beyond[relation] > 3
        checked += 1
    assert checked > 50


def middle(picture: np.ndarray, colour: str) -> tuple[float, float]:
    named = np.array([*COLOURS.values(), (240, 240, 240)])
    nearest = ((picture[:, :, None].astype(float) - named) ** 2).sum(-1).argmin(-1)
    rows, columns = np.nonzero(nearest == list(COLOURS).index(colour))
    return float(np.median(columns)), float(np.median(rows))


@pytest.mark.parametrize("draw", [digits, scenes])
def test_every_split_needs_a_picture(draw: object) -> None:
    with pytest.raises(ValueError, match=r"^count must be at least 8, to leave something .*, got 7$"):
        draw(0, count=7)  # type: ignore[operator]
