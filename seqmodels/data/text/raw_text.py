"""Text as a model of words reads it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from seqmodels.data.raw import RawInput
from seqmodels.data.vocabulary import Vocabulary


@dataclass(frozen=True)
class Words(RawInput):
    """A text as the indices of its tokens.

    Args:
        vocabulary: the serialised `Vocabulary`.
        max_length: after how many tokens a text is cut off; None for never.

    Example:
        >>> words = Words(Vocabulary.words(["a good film"]).to_json(), max_length=2)
        >>> words.read("A bad film")
        tensor([2, 1])
    """

    vocabulary: str
    max_length: int | None = None

    def read(self, item: Any) -> Int[Tensor, " time"]:
        """The indices of a text.

        Raises:
            ValueError: it is no text, or holds no token.
        """
        if not isinstance(item, str):
            raise ValueError(f"expected a text, got {item!r}")
        (indices,) = self.indices([item])
        if not indices:
            raise ValueError(f"a text must hold at least one token, got {item!r}")
        return torch.tensor(indices)

    def unknown(self, item: Any) -> list[str]:
        """Return the words of a text that are not in the vocabulary, those behind `max_length` left out."""
        unread = self._parsed.encode(item)[self.max_length or len(item) :]
        words = self._parsed.unknown(item)
        return words[: len(words) - unread.count(self._parsed.unknown_index)]

    def indices(self, texts: list[str]) -> list[list[int]]:
        """Those of many texts, in less time."""
        return [row[: self.max_length] for row in self._parsed.encode_batch(texts)]

    @cached_property
    def _parsed(self) -> Vocabulary:
        return Vocabulary.from_json(self.vocabulary)
