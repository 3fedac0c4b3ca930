"""A text as indices into a vocabulary: made in one pass over its files, with little of it in memory at a time."""

import codecs
import gzip
import json
import mmap
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.base import Split
from seqmodels.data.files import open_bytes
from seqmodels.data.scratch import scratch_folder
from seqmodels.data.text.units import Unit

PIECE = 1 << 18
Cut = Callable[[Sequence[int]], dict[Split, range]]
"""From the number of tokens in each text to the splits, counted over all texts in a row."""


class Tokens:
    """Some of the indices of a text.

    Args:
        array: returns all of them: an array, or a file mapped into memory. It is called whenever something is read, so
            that it can release the memory of what was read of a file before.
        part: which of them.
    """

    def __init__(self, array: Callable[[], NDArray[Any]], part: range) -> None:
        self._array = array
        self.part = part

    def __len__(self) -> int:
        return len(self.part)

    def first(self, count: int) -> "Tokens":
        """As many as that from the beginning, or all."""
        return Tokens(self._array, self.part[:count])

    def last(self, count: int) -> "Tokens":
        """As many as that from the end, or all."""
        return Tokens(self._array, self.part[max(len(self) - count, 0) :])

    def read(self) -> NDArray[np.int64]:
        """All of them."""
        return self._array()[self.part.start : self.part.stop].astype(np.int64)

    def rows(self, starts: Sequence[int], lengths: Sequence[int]) -> NDArray[np.int64]:
        """Several pieces, padded with zeros to the longest."""
        array = self._array()
        rows = np.zeros((len(starts), max(lengths)), dtype=np.int64)
        for row, start, length in zip(rows, starts, lengths, strict=True):
            row[:length] = array[self.part.start + start : self.part.start + start + length]
        return rows


class TokenisedText(NamedTuple):
    """The indices of each split, and the serialised `Vocabulary` they point into."""

    vocabulary: str
    splits: dict[Split, Tokens]

    @classmethod
    def make(cls, texts: Sequence[Iterable[str]], unit: Unit, cut: Cut) -> "TokenisedText":
        """In memory."""
        with scratch_folder() as folder:
            write(folder, texts, unit, cut)
            about = _about(folder)
            tokens = np.fromfile(folder / "tokens", about["dtype"])
        return cls._of(about, lambda: tokens)

    @classmethod
    def load(cls, folder: Path) -> "TokenisedText":
        """Return what `write` has left in a folder, memory-mapped; nothing in the folder is opened later."""
        about = _about(folder)
        if not (folder / "tokens").stat().st_size:
            return cls._of(about, lambda: np.empty(0, about["dtype"]))
        return cls._of(about, _Mapped(np.memmap(folder / "tokens", about["dtype"], mode="r")))

    @classmethod
    def _of(cls, about: dict[str, Any], array: Callable[[], NDArray[Any]]) -> "TokenisedText":
        return cls(about["vocabulary"], {split: Tokens(array, range(*part)) for split, part in about["splits"].items()})


class _Mapped:
    """An array mapped from a file, without the memory of what was read of it before."""

    def __init__(self, tokens: "np.memmap[Any, Any]") -> None:
        # As a plain array, which stays mapped but is cut into pieces in half the time.
        self._tokens, self._mapping = np.asarray(tokens), tokens._mmap  # type: ignore[attr-defined]

    def __call__(self) -> NDArray[Any]:
        if hasattr(mmap, "MADV_DONTNEED"):
            self._mapping.madvise(mmap.MADV_DONTNEED)
        return self._tokens


def _about(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "text.json").read_text(encoding="utf-8"))
    return about


def write(folder: Path, texts: Sequence[Iterable[str]], unit: Unit, cut: Cut) -> None:
    """Tokenise some texts into a folder, for `TokenisedText.load`.

    Tokens are numbered as they come, then, when their number and with it the training split is known, its vocabulary
    is made and the numbers become indices: each in the smallest type that holds them.

    Args:
        folder: where to write.
        texts: each in pieces, cut anywhere.
        unit: what they are read as.
        cut: which tokens are the training split, validation and test.
    """
    numbering = unit.numbering()
    with TemporaryFile(dir=folder) as file:
        numbered = _Pieces(file)
        sizes = [sum(map(numbered.append, numbering.numbers(text))) for text in texts]
        splits = cut(sizes)
        entries = numbering.entries
        del numbering  # and with it a table of all entries
        counts = numbered.count(splits["train"], len(entries))
        vocabulary = unit.vocabulary({entry: count for entry, count in zip(entries, counts, strict=True) if count})
        index = {entry: i for i, entry in enumerate(vocabulary.tokens)}
        dtype = np.min_scalar_type(len(index) - 1)
        table = np.array([index.get(entry, vocabulary.unknown_index) for entry in entries], dtype=dtype)
        with (folder / "tokens").open("wb") as tokens:
            for numbers in numbered:
                tokens.write(table[numbers].data)  # see `array_files`
    about = {
        "dtype": dtype.str,
        "splits": {split: [part.start, part.stop] for split, part in splits.items()},
        "vocabulary": vocabulary.to_json(),
    }
    (folder / "text.json").write_text(json.dumps(about), encoding="utf-8")


class _Pieces:
    """Arrays of whole numbers in a file, each in the smallest type that holds its own."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._kinds: list[tuple[np.dtype[Any], int]] = []

    def append(self, numbers: NDArray[Any]) -> int:
        if numbers.size:
            narrow = numbers.astype(np.min_scalar_type(int(numbers.max())))
            self._file.write(narrow.data)
            self._kinds.append((narrow.dtype, len(narrow)))
        return len(numbers)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        self._file.seek(0)
        for dtype, size in self._kinds:
            yield np.frombuffer(self._file.read(dtype.itemsize * size), dtype)

    def count(self, part: range, num_entries: int) -> list[int]:
        """How often each number occurs in a part."""
        counts, start = np.zeros(num_entries, dtype=np.int64), 0
        for numbers in self:
            inside = numbers[max(part.start - start, 0) : max(part.stop - start, 0)]
            counts += np.bincount(inside, minlength=num_entries)
            start += len(numbers)
        return [int(count) for count in counts]


def file_pieces(path: Path) -> Iterator[str]:
    """The text of a UTF-8 file, plain or gzip, in pieces; a byte order mark is dropped.

    Raises:
        ValueError: the file is not UTF-8, or a damaged gzip file; names the line where that begins.
    """
    decoder, line = codecs.getincrementaldecoder("utf-8-sig")(), 1
    with open_bytes(path) as file:
        try:
            while chunk := file.read(PIECE):
                piece = decoder.decode(chunk)
                yield piece
                line += piece.count("\n")
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            byte = error.object[error.start]
            raise ValueError(f"{path}:{line}: not UTF-8 text: byte 0x{byte:02x}, {error.reason}") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}:{line}: a damaged gzip file: {error}") from error


def text_pieces(text: str) -> Iterator[str]:
    """A text in memory, in pieces."""
    return (text[start : start + PIECE] for start in range(0, len(text), PIECE))
