"""From a sentence to its words as a model reads them: each by its index and by its characters."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from seqmodels.data.raw import RawInput
from seqmodels.data.vocabulary import WORD, Vocabulary
from seqmodels.types import PADDING, UNKNOWN


@dataclass(frozen=True)
class SpelledWords(RawInput):
    """Reads a sentence, given as a text or as the list of its words.

    A step is the index of the word, case ignored, and the indices of its characters as they are written, padded
    with zeros.

    Args:
        vocabulary: the serialised `Vocabulary` of the words, which are in lower case.
        characters: the serialised `Vocabulary` of the characters.
        longest: how many characters of a word are read.

    Example:
        >>> sentences = SpelledWords.of([["The", "lights"], ["the", "end"]], longest=4)
        >>> sentences.read("The night")
        tensor([[2, 2, 6, 4, 0],
                [1, 9, 7, 5, 6]])
    """

    vocabulary: str
    characters: str
    longest: int = 20

    @classmethod
    def of(
        cls,
        sentences: Iterable[Sequence[str]],
        *,
        max_size: int | None = None,
        min_count: int = 1,
        longest: int = 20,
    ) -> "SpelledWords":
        """With the words and the characters of some sentences.

        Args:
            sentences: the training sentences, as words.
            max_size: number of words at most, the most frequent first, with an entry for padding and one for
                unknown words.
            min_count: rarer words are unknown, and known by their characters alone.
            longest: how many characters of a word are read.

        Raises:
            ValueError: one of the numbers is too small.
        """
        if longest < 1 or min_count < 1 or (max_size is not None and max_size < 2):
            raise ValueError(
                "expected max_size to be at least 2 or None, min_count and longest to be at least 1, "
                f"got {max_size}, {min_count} and {longest}"
            )
        counts = Counter(word for sentence in sentences for word in sentence)
        letters = sorted({letter for word in counts for letter in word})
        folded: Counter[str] = Counter()
        for word, count in counts.items():
            folded[_key(word)] += count
        kept = folded.most_common(None if max_size is None else max_size - 2)
        words = [word for word, count in kept if count >= min_count]
        return cls(_listed(words), _listed(letters), longest)

    def read(self, item: str | Sequence[str]) -> Int[Tensor, "time word_and_characters"]:
        """The steps of a sentence.

        Raises:
            ValueError: it is neither a text nor a list of words, or it has no words.
        """
        words = self.words(item)
        if not words:
            raise ValueError(f"a sentence must have at least one word, got {item!r}")
        return torch.tensor([self._step(word) for word in words])

    def words(self, item: str | Sequence[str]) -> list[str]:
        """The words of a sentence, as they are written: those of a text are cut as by `Vocabulary.words`.

        Raises:
            ValueError: it is neither a text nor a list of words.

        Example:
            >>> SpelledWords.of([["a"]]).words("It can't rain.")
            ['It', 'ca', "n't", 'rain', '.']
        """
        if isinstance(item, str):
            return re.findall(WORD, unicodedata.normalize("NFC", item))
        if not isinstance(item, Sequence) or not all(isinstance(word, str) and word for word in item):
            raise ValueError(f"expected a sentence, as a text or as a list of words, got {item!r}")
        return list(item)

    @cached_property
    def _word_index(self) -> dict[str, int]:
        return _index(self.vocabulary)

    @cached_property
    def _character_index(self) -> dict[str, int]:
        return _index(self.characters)

    def _step(self, word: str) -> list[int]:
        spelling = [self._character_index.get(letter, 1) for letter in word[: self.longest]]
        return [self._word_index.get(_key(word), 1), *spelling, *[0] * (self.longest - len(spelling))]


def spelled(characters: Vocabulary, steps: Int[Tensor, "time word_and_characters"]) -> list[str]:
    """The words of some steps, as far as their characters were read."""
    letters: list[Any] = ["", *("�" if token == UNKNOWN else token for token in characters.tokens[1:])]
    return ["".join(letters[i] for i in step) for step in steps[:, 1:].tolist()]


def _key(word: str) -> str:
    return unicodedata.normalize("NFC", word).lower()


def _index(vocabulary: str) -> dict[str, int]:
    return {token: i for i, token in enumerate(Vocabulary.from_json(vocabulary).tokens)}


def _listed(entries: Iterable[str]) -> str:
    return Vocabulary.listed([entry for entry in entries if entry not in (PADDING, UNKNOWN)], marks=False).to_json()
