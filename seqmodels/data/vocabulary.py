"""Text to indices and back, over the `tokenizers` library."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from seqmodels.types import END, PADDING, START, UNKNOWN

# Words, clitics split off as in the Penn Treebank (do n't, it 's), runs of dots or dashes, single marks.
WORD = r"\w+(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\w+|\.{2,}|-{2,}|[^\w\s]"
CHARACTER = r"[\s\S]"
PIECES = 1 << 18


class Vocabulary:
    """A fixed list of tokens and the rule that cuts text into them.

    Args:
        tokenizer: a tokenizer of the `tokenizers` library.

    Example:
        >>> words = Vocabulary.words(["A good film", "not a good film"], max_size=10)
        >>> words.decode(words.encode("a GOOD day"))
        'a good <unk>'
        >>> Vocabulary.characters("abba").encode("ab?")
        [1, 2, 0]
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def words(
        cls,
        texts: Iterable[str],
        *,
        max_size: int | None = None,
        min_count: int = 1,
        lowercase: bool = True,
        marks: bool = False,
    ) -> "Vocabulary":
        """The most frequent words of some texts, behind a padding entry (index 0) and an unknown entry.

        Args:
            texts: the training texts.
            max_size: number of entries at most, those in front of the words included.
            min_count: rarer words are unknown.
            lowercase: whether case is ignored.
            marks: whether there are entries for the start and the end of a text, as a model that writes needs them.
        """
        special = [PADDING, UNKNOWN, *([START, END] if marks else [])]
        tokenizer = Tokenizer(models.WordLevel({PADDING: 0, UNKNOWN: 1}, unk_token=UNKNOWN))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFC(), *([normalizers.Lowercase()] if lowercase else [])]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
        counts: Counter[str] = Counter()
        for pieces in _between_blanks(texts):
            for piece, count in pieces.items():
                normal = tokenizer.normalizer.normalize_str(piece)
                for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal):
                    counts[word] += count
        kept = max_size and max(max_size - len(special), 0)
        frequent = [word for word, count in counts.most_common(kept) if count >= min_count]
        tokenizer.model = _word_level([*special, *frequent])
        return cls(tokenizer)

    @classmethod
    def characters(cls, text: str, *, marks: bool = False) -> "Vocabulary":
        """Every character of a text, in code point order, behind an unknown entry (index 0).

        Args:
            text: the training text.
            marks: whether there are entries for padding (then at index 0), start and end, as writing needs them.
        """
        special = [PADDING, UNKNOWN, START, END] if marks else [UNKNOWN]
        tokenizer = Tokenizer(_word_level([*special, *sorted(set(text))]))
        tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(CHARACTER), behavior="isolated")
        tokenizer.decoder = decoders.Fuse()
        return cls(tokenizer)

    @classmethod
    def subwords(cls, texts: Iterable[str], *, max_size: int = 8000, marks: bool = False) -> "Vocabulary":
        """Frequent pieces of words, joined from their characters pair by pair, behind padding and unknown.

        Case and spacing are kept, so that decoding gives back the text; hardly anything is unknown.

        Args:
            texts: the training texts.
            max_size: number of entries at most, those in front of the pieces included.
            marks: whether there are entries for start and end too.

        Source:
            R. Sennrich, B. Haddow and A. Birch, "Neural machine translation of rare words with subword units",
            ACL 2016.

        Example:
            >>> pieces = Vocabulary.subwords(["low lower lowest", "new newer newest"], max_size=30)
            >>> pieces.decode(pieces.encode("newest lower"))
            'newest lower'
        """
        special = [PADDING, UNKNOWN, *([START, END] if marks else [])]
        tokenizer = Tokenizer(models.BPE(unk_token=UNKNOWN))
        tokenizer.normalizer = normalizers.NFC()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Metaspace(), pre_tokenizers.Split(Regex(r"\p{P}"), behavior="isolated")]
        )
        tokenizer.decoder = decoders.Metaspace()
        trainer = trainers.BpeTrainer(vocab_size=max_size, special_tokens=special, show_progress=False)
        tokenizer.train_from_iterator(texts, trainer)
        return cls(tokenizer)

    @classmethod
    def listed(cls, entries: Iterable[str], *, marks: bool = True) -> "Vocabulary":
        """A fixed list of entries, behind padding and unknown; a text is entries with blanks between them.

        Args:
            entries: without blanks in them.
            marks: whether there are entries for start and end too.

        Example:
            >>> notes = Vocabulary.listed(["60", "62", "rest"])
            >>> notes.encode("62 rest 61")
            [5, 6, 1]
        """
        special = [PADDING, UNKNOWN, *([START, END] if marks else [])]
        tokenizer = Tokenizer(_word_level([*special, *entries]))
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
        return cls(tokenizer)

    @classmethod
    def from_json(cls, json: str) -> "Vocabulary":
        """The inverse of `to_json`."""
        return cls(Tokenizer.from_str(json))

    def to_json(self) -> str:
        """The whole vocabulary as text, for a checkpoint."""
        return str(self._tokenizer.to_str())

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    @property
    def tokens(self) -> list[str]:
        """Every entry, by index."""
        vocabulary = self._tokenizer.get_vocab()
        return sorted(vocabulary, key=vocabulary.__getitem__)

    @property
    def padding_index(self) -> int | None:
        """The index of the padding entry, or None."""
        index = self._tokenizer.token_to_id(PADDING)
        return None if index is None else int(index)

    @property
    def unknown_index(self) -> int:
        """The index that stands for anything not in the vocabulary."""
        return self._index(UNKNOWN)

    @property
    def start_index(self) -> int:
        """The index of what a written text starts from."""
        return self._index(START)

    @property
    def end_index(self) -> int:
        """The index of what ends a written text."""
        return self._index(END)

    def _index(self, entry: str) -> int:
        index = self._tokenizer.token_to_id(entry)
        if index is None:
            raise ValueError(f"the vocabulary has no entry {entry!r}")
        return int(index)

    def encode(self, text: str) -> list[int]:
        """Indices of a text's tokens."""
        return list(self._tokenizer.encode(text).ids)

    def unknown(self, text: str) -> list[str]:
        """Return the tokens of a text that have no entry, as they are written.

        Example:
            >>> Vocabulary.words(["a good film"]).unknown("a gripping film")
            ['gripping']
        """
        encoding = self._tokenizer.encode(text)
        pairs = zip(encoding.ids, encoding.offsets, strict=True)
        return [text[start:end] for index, (start, end) in pairs if index == self.unknown_index]

    def encode_batch(self, texts: list[str], *, end: bool = False) -> list[list[int]]:
        """Indices of each text's tokens, in parallel; with the end mark behind them, if asked for."""
        mark = [self.end_index] if end else []
        return [encoding.ids + mark for encoding in self._tokenizer.encode_batch_fast(texts)]

    def decode(self, indices: Iterable[int]) -> str:
        """The text of some indices."""
        return str(self._tokenizer.decode(list(indices), skip_special_tokens=False))


def _between_blanks(texts: Iterable[str]) -> Iterator[Counter[str]]:
    """How often each piece between two blanks occurs, in as many texts at a time as have `PIECES` different ones.

    No word reaches across a blank, so it is enough to cut each piece into words once.
    """
    pieces: Counter[str] = Counter()
    for text in texts:
        pieces.update(text.split(" "))
        if len(pieces) > PIECES:
            yield pieces
            pieces = Counter()
    yield pieces


def _word_level(entries: list[str]) -> models.WordLevel:
    return models.WordLevel({entry: i for i, entry in enumerate(entries)}, unk_token=UNKNOWN)
