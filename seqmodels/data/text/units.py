"""What a text is read as: characters, or words."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

from seqmodels.data.text.between_blanks import BetweenBlanks
from seqmodels.data.vocabulary import WORD, Vocabulary
from seqmodels.types import UNKNOWN

LINE_END = "<eos>"
NUM_CODE_POINTS = 0x110000
CLITIC = r"n't\b|'(?:s|re|ve|ll|d|m)\b"


class Numbering(ABC):
    """Gives each different token a number, the next free one when the token is first seen.

    Attributes:
        entries: the tokens, by number.
    """

    entries: list[str]

    @abstractmethod
    def numbers(self, pieces: Iterable[str]) -> Iterator[NDArray[Any]]:
        """The numbers of the tokens of a text, which comes in pieces cut anywhere."""


@dataclass(frozen=True)
class Unit(ABC):
    """Cuts a text into tokens, and knows which of them make a vocabulary.

    Attributes:
        name: what the tokens are.
        extra: which entries of the vocabulary are no such tokens.
        order: of the n-gram model that is the baseline.
    """

    name: ClassVar[str]
    extra: ClassVar[str]
    order: ClassVar[int]

    @abstractmethod
    def numbering(self) -> Numbering:
        """A fresh numbering of the tokens."""

    @abstractmethod
    def vocabulary(self, counts: Mapping[str, int]) -> Vocabulary:
        """The vocabulary of a training text.

        Args:
            counts: how often each of its tokens occurs, in the order in which they were first seen.
        """


@dataclass(frozen=True)
class Characters(Unit):
    """Code points. The vocabulary is every character of the training text, behind an unknown entry.

    Example:
        >>> numbering = Characters().numbering()
        >>> [numbers.tolist() for numbers in numbering.numbers(["cab", "bad"])]
        [[2, 0, 1], [1, 0, 3]]
        >>> numbering.entries
        ['a', 'b', 'c', 'd']
    """

    name: ClassVar[str] = "characters"
    extra: ClassVar[str] = "the unknown one"
    order: ClassVar[int] = 6

    def numbering(self) -> Numbering:
        """By a table over all code points."""
        return _CharacterNumbering()

    def vocabulary(self, counts: Mapping[str, int]) -> Vocabulary:
        """In code point order."""
        return Vocabulary.characters("".join(counts))


@dataclass(frozen=True)
class Words(Unit):
    """Words and punctuation marks, and the end of each line as the token `<eos>`.

    The vocabulary is the unknown entry `<unk>`, `<eos>`, and the words of the training text, the most frequent first.
    Decoding puts blanks and line ends back as they are usually set.

    Args:
        pretokenised: whether blanks stand between all tokens, as in WikiText; else the text is cut as
            `vocabulary.WORD` says.
        lowercase: whether case is ignored.
        max_size: number of entries at most; None for no limit.
        min_count: rarer words are unknown.

    Example:
        >>> words = Words().vocabulary({"It": 1, "'s": 1, "late": 2, ",": 1})
        >>> words.encode("It's late,\\n\\nlate!")
        [3, 4, 2, 5, 1, 1, 2, 0]
        >>> words.decode([3, 4, 2, 5, 1, 1, 2])
        "It's late,\\n\\nlate"
    """

    name: ClassVar[str] = "words"
    extra: ClassVar[str] = "the unknown one and the line end"
    order: ClassVar[int] = 3

    pretokenised: bool = False
    lowercase: bool = False
    max_size: int | None = None
    min_count: int = 1

    def numbering(self) -> Numbering:
        """By the same rule that cuts a prompt."""
        return _WordNumbering(self._tokenizer([]))

    def vocabulary(self, counts: Mapping[str, int]) -> Vocabulary:
        """By frequency; equally frequent words as they were first seen."""
        special = [UNKNOWN, LINE_END]
        words = [word for word, count in counts.items() if count >= self.min_count and word not in special]
        words.sort(key=counts.__getitem__, reverse=True)
        return Vocabulary(self._tokenizer([*special, *words][: self.max_size]))

    def _tokenizer(self, entries: list[str]) -> Tokenizer:
        model = models.WordLevel({entry: i for i, entry in enumerate(entries)}, unk_token=UNKNOWN)
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.Sequence(
            [
                *([] if self.pretokenised else [normalizers.NFC()]),
                *([normalizers.Lowercase()] if self.lowercase else []),
                normalizers.Replace("\n", f" {LINE_END} "),
            ]
        )
        rule = Regex(f"{LINE_END}|{UNKNOWN}|{WORD}")
        tokenizer.pre_tokenizer = (
            pre_tokenizers.WhitespaceSplit()
            if self.pretokenised
            else pre_tokenizers.Split(rule, behavior="removed", invert=True)
        )
        tokenizer.decoder = _typeset()
        return tokenizer


def _typeset() -> decoders.Decoder:
    """A blank between tokens, then none where none is usual; `@-@` is WikiText's hyphen within a word."""
    return decoders.Sequence(
        [
            decoders.WordPiece(prefix="\0", cleanup=False),
            decoders.Fuse(),
            decoders.Replace(Regex(f" ?{LINE_END} ?"), "\n"),
            decoders.Replace(Regex(r" @(?=[-,.]@ )|(?<= @[-,.])@ "), ""),
            decoders.Replace(Regex(rf" (?=[,.;:!?)\]}}%]|{CLITIC})|(?<=[(\[{{]) "), ""),
        ]
    )


def continuation(vocabulary: Vocabulary, prompt: Sequence[int], written: Sequence[int]) -> str:
    """The text of what was written behind a prompt: with a blank or line end in front, where one belongs there.

    Example:
        >>> words = Words().vocabulary({"late": 2, ",": 1})
        >>> continuation(words, [2], [3]), continuation(words, [2], [2])
        (',', ' late')
    """
    before, whole = vocabulary.decode(prompt), vocabulary.decode([*prompt, *written])
    kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, whole, strict=False)))
    return whole[kept:]


class _CharacterNumbering(Numbering):
    def __init__(self) -> None:
        self.entries = []
        self._table = np.full(NUM_CODE_POINTS, -1, dtype=np.int32)

    def numbers(self, pieces: Iterable[str]) -> Iterator[NDArray[Any]]:
        for piece in pieces:
            codes = np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
            numbers = self._table[codes]
            if numbers.size and numbers.min() < 0:
                self._add(np.unique(codes[numbers < 0]))
                numbers = self._table[codes]
            yield numbers

    def _add(self, codes: NDArray[np.uint32]) -> None:
        self._table[codes] = np.arange(len(self.entries), len(self.entries) + len(codes))
        self.entries.extend(map(chr, codes.tolist()))


class _WordNumbering(Numbering):
    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._numbers: defaultdict[str, int] = defaultdict(lambda: len(self._numbers))
        self._pieces = BetweenBlanks(self._cut)

    @property
    def entries(self) -> list[str]:  # type: ignore[override]
        return list(self._numbers)

    def numbers(self, pieces: Iterable[str]) -> Iterator[NDArray[Any]]:
        for piece in _whole_words(pieces):
            # A line end stands alone, so that the words around it are found again elsewhere.
            yield self._pieces.of(piece.replace("\n", " \n "))

    def _cut(self, piece: str) -> list[int]:
        text = self._tokenizer.normalizer.normalize_str(piece)
        return [self._numbers[word] for word, _ in self._tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def _whole_words(pieces: Iterable[str]) -> Iterator[str]:
    """The same text, cut at blanks or line ends only."""
    rest = ""
    for piece in pieces:
        head, blank, tail = _after_last_blank(piece)
        if blank:
            yield rest + head
            rest = tail
        else:
            rest += tail
    yield rest


def _after_last_blank(piece: str) -> tuple[str, bool, str]:
    end = max(piece.rfind(" "), piece.rfind("\n")) + 1
    return piece[:end], end > 0, piece[end:]
