"""Labelled texts in three splits, cut off the training texts if need be, in passes that never hold them all."""

from array import array
from collections.abc import Iterator, Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.splits import origins_of
from seqmodels.data.text.formats import LabelledText
from seqmodels.data.text.sources import TextSource

Whole = NDArray[np.integer]


class TextSplits:
    """Reads a source once to see what there is, and then any split of it again and again.

    A split without texts of its own is cut off the training texts, see `cut`.

    Attributes:
        counts: number of texts of each split.
        labels: those that occur in each split.
        origins: where the texts of each split come from.
        has_phrases: whether training texts have phrases.
        errors: what was wrong with the source.

    Args:
        source: the texts.
        held_out: fractions of the training texts for validation and test, where these have no texts of their own.
        seed: of the cut.
        on_error: what becomes of a bad row.

    Raises:
        ValueError: there are no texts for a split.
    """

    def __init__(self, source: TextSource, held_out: Sequence[float], seed: int, on_error: OnError) -> None:
        self._source, self._on_error = source, on_error
        self.errors = RowErrors(on_error)
        self.has_phrases = False
        self.counts: dict[Split, int] = {}
        self.labels: dict[Split, set[str]] = {}
        shares = {
            split: share for split, share in zip(SPLITS[1:], held_out, strict=True) if split not in source.origins
        }
        self._cut_off: tuple[Split, ...] = ("train", *shares)
        self.origins = origins_of(source.origins)
        for split in source.origins:
            keys, codes, names = self._survey(split, seed)
            if split == "train":
                self._places = cut(keys, codes, list(shares.values()))
                for place, cut_off in enumerate(self._cut_off):
                    self._count(cut_off, codes[self._places == place], names)
            else:
                self._count(split, codes, names)
        for split in SPLITS:
            if not self.counts[split]:
                raise ValueError(f"{self.origins[split]}: expected texts, got none")

    def texts(self, split: Split) -> Iterator[LabelledText]:
        """The texts of a split, one after the other."""
        if split not in self._cut_off:
            return self._source.read(split, RowErrors(self._on_error))
        place = self._cut_off.index(split)
        texts = self._source.read("train", RowErrors(self._on_error))
        return (text for text, of_text in zip(texts, self._places, strict=True) if of_text == place)

    def _survey(self, split: Split, seed: int) -> tuple[Whole, Whole, list[str]]:
        """Key and label of each text, labels as numbers, and the names of these."""
        names: dict[str, int] = {}
        keys, codes = array("I"), array("i")
        salt = seed.to_bytes(8, "little", signed=True)
        for text in self._source.read(split, self.errors):
            keys.append(int.from_bytes(blake2b(text.text.encode(), digest_size=4, salt=salt).digest(), "little"))
            codes.append(names.setdefault(text.label, len(names)))
            self.has_phrases |= split == "train" and bool(text.phrases)
        return np.asarray(keys), np.asarray(codes), list(names)

    def _count(self, split: Split, codes: Whole, names: list[str]) -> None:
        self.counts[split] = len(codes)
        self.labels[split] = {names[code] for code in np.unique(codes)}


def cut(keys: Whole, labels: Whole, shares: Sequence[float]) -> NDArray[np.int8]:
    """Draw several shares of some examples, the same from each class: those whose keys are the smallest.

    Examples of equal key stay together, and belong to the class of the first of them. A class of at least three keys
    is found in the first share and in the rest; of a smaller one nothing may be drawn.

    Args:
        keys: 32 random bits for each example, the same for equal examples.
        labels: class of each example.
        shares: what parts of the examples are drawn, together below 1.

    Returns:
        For each example 0, or the number of its share, from 1.

    Example:
        >>> cut(np.array([5, 3, 5, 9, 1, 2]), np.array([0, 0, 0, 1, 1, 1]), [1 / 3])
        array([0, 1, 0, 0, 1, 0], dtype=int8)
    """
    # Key and row in one number: sorting it in its place takes the least memory of all ways to find equal keys.
    packed = (keys.astype(np.uint64) << 32) + np.arange(len(keys), dtype=np.uint64)
    packed.sort()
    rows = packed.astype(np.uint32)
    np.right_shift(packed, np.uint64(32), out=packed)
    is_first = np.ones(len(keys), dtype=bool)
    np.not_equal(packed[1:], packed[:-1], out=is_first[1:])
    del packed
    classes = labels[rows[is_first]]
    places = np.zeros(len(classes), dtype=np.int8)
    for label in np.unique(labels):
        members, drawn = np.flatnonzero(classes == label), 0
        for place, share in enumerate(shares, start=1):
            begin, drawn = drawn, drawn + max(round(share * len(members)), int(len(members) - drawn > 2))
            places[members[begin:drawn]] = place
    placed = np.empty(len(keys), dtype=np.int8)
    placed[rows] = places[np.cumsum(is_first, dtype=np.int32) - 1]
    return placed
