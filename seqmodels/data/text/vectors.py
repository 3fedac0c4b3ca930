"""Readers of pretrained word vectors: GloVe's text, word2vec's text and word2vec's binary."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from jaxtyping import Bool, Float
from numpy.typing import NDArray
from torch import Tensor

from seqmodels.data.files import open_bytes, open_text

Row = tuple[str, str, NDArray[np.float32]]
CHUNK = 1 << 20


def load_vectors(
    path: Path, tokens: Sequence[str], *, seed: int = 0
) -> tuple[Float[Tensor, "tokens size"], Bool[Tensor, " tokens"]]:
    """The vectors of some words, in their order.

    A word which the file does not have gets a random vector, normally distributed, of the mean and standard
    deviation of those that were found.

    Args:
        path: a `.bin` file is word2vec's binary format. Any other is text, a word and its numbers per line,
            with or without word2vec's first line of two counts. Each plain or gzip.
        tokens: the words.
        seed: of the random vectors.

    Returns:
        The vectors, and which of them come from the file.

    Raises:
        ValueError: a line is not a word and as many numbers as the others, or the file has none of the words.
    """
    index = {token: i for i, token in enumerate(tokens)}
    read = _binary if path.name.removesuffix(".gz").endswith(".bin") else _text
    rows: dict[int, NDArray[np.float32]] = {}
    for place, word, vector in read(path, index):
        if not np.isfinite(vector).all():
            raise ValueError(f"{place}: the vector of {word!r} is not finite")
        rows.setdefault(index[word], vector)
    if not rows:
        raise ValueError(f"{path} has a vector for none of the {len(tokens)} words, such as {list(tokens[-3:])}")
    known = torch.from_numpy(np.stack(list(rows.values())))
    noise = torch.randn(len(tokens), known.shape[1], generator=torch.Generator().manual_seed(seed))
    vectors = known.mean() + known.std(correction=0) * noise
    places = torch.tensor(list(rows))
    vectors[places] = known
    found = torch.zeros(len(tokens), dtype=torch.bool)
    found[places] = True
    return vectors, found


def _text(path: Path, wanted: dict[str, int]) -> Iterator[Row]:
    size = 0
    for number, line in enumerate(open_text(path), start=1):
        fields = line.rstrip(" \r\n").split(" ")
        if number == 1 and len(fields) == 2 and all(field.isdecimal() for field in fields):
            size = int(fields[1])
            continue
        size = size or len(fields) - 1
        # A few of GloVe's words have spaces in them, so a row is read from its end.
        word, values = " ".join(fields[:-size]), fields[-size:]
        if len(fields) <= max(size, 1) or (len(fields) > size + 1 and _is_number(fields[-size - 1])):
            raise ValueError(f"{path}:{number}: expected a word and {size} numbers, got {line.strip()[:60]!r}")
        if word not in wanted:
            continue
        try:
            yield f"{path}:{number}", word, np.array(values, dtype=np.float32)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: expected {size} numbers after {word!r}: {error}") from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _binary(path: Path, wanted: dict[str, int]) -> Iterator[Row]:
    with open_bytes(path) as file:
        header = file.readline(100).split()
        if len(header) != 2 or not all(field.isdigit() for field in header):
            raise ValueError(f"{path}:1: expected the numbers of words and of values, got {header[:2]}")
        count, size = map(int, header)
        for number, (word, values) in enumerate(_records(file, 4 * size), start=1):
            text = word.decode("utf-8", errors="replace")
            if text in wanted:
                yield f"{path}, word {number}", text, np.frombuffer(values, dtype="<f4").astype(np.float32)
            if number == count:
                return
    raise ValueError(f"{path}: expected {count} words of {size} values, the file ends before")


def _records(file: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Word, space, `size` bytes and possibly a line end, again and again."""
    buffer, start = b"", 0
    while True:
        end = buffer.find(b" ", start)
        if end < 0 or end + 1 + size > len(buffer):
            chunk = file.read(max(CHUNK, size))
            if not chunk:
                return
            buffer, start = buffer[start:] + chunk, 0
            continue
        yield buffer[start:end].lstrip(b"\n"), buffer[end + 1 : end + 1 + size]
        start = end + 1 + size
