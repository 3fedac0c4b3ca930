"""Word vectors are read from the three usual formats; words that are missing get noise of the same scale."""

import gzip
import os
import struct
from pathlib import Path

import pytest
import torch

from seqmodels.data.text import vectors as module
from seqmodels.data.text.vectors import load_vectors

WORDS = {
    "the": [0.5, -1.0, 2.0],
    "film": [1.5, 0.25, -0.75],
    "été": [3.0, 0.0, -3.0],
}
ROWS = "".join(f"{word} {' '.join(map(str, row))}\n" for word, row in WORDS.items())
HEADER = f"{len(WORDS)} 3\n"


def binary(line_end: bytes = b"\n") -> bytes:
    rows = (word.encode() + b" " + struct.pack("<3f", *row) + line_end for word, row in WORDS.items())
    return HEADER.encode() + b"".join(rows)


FORMATS = {
    "glove.txt": ROWS.encode(),
    "glove.txt.gz": gzip.compress(ROWS.encode(), mtime=0),
    "word2vec.vec": (HEADER + ROWS.replace("\n", " \n")).encode(),
    "word2vec.bin": binary(),
    "google.bin": binary(line_end=b""),
    "word2vec.bin.gz": gzip.compress(binary(), mtime=0),
}


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("chunk", [1, 1 << 20])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format(tmp_path: Path, name: str, chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CHUNK", chunk)
    tokens = ["été", "<unk>", "the", "film"]
    vectors, found = load_vectors(put(tmp_path / name, FORMATS[name]), tokens)
    assert found.tolist() == [True, False, True, True]
    assert vectors[found].tolist() == [WORDS[token] for token in tokens if token in WORDS]
    assert vectors.shape == (4, 3)


def test_a_word_may_have_spaces_in_text(tmp_path: Path) -> None:
    vectors, found = load_vectors(put(tmp_path / "a.txt", b"a 1 2\n. . b 3 4\n"), ["a", ". . b"])
    assert found.all()
    assert vectors.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_missing_words_get_noise_of_the_same_scale(tmp_path: Path) -> None:
    rows = torch.randn(400, 20) * 0.3 + 0.1
    lines = "".join(f"w{i} {' '.join(map(str, row))}\n" for i, row in enumerate(rows.tolist()))
    path = put(tmp_path / "a.txt", lines.encode())
    vectors, found = load_vectors(path, [f"w{i}" for i in range(800)])
    assert found.sum() == 400
    assert vectors[400:].std().item() == pytest.approx(rows.std().item(), rel=0.05)
    assert vectors[400:].mean().item() == pytest.approx(0.1, abs=0.02)
    assert torch.equal(vectors, load_vectors(path, [f"w{i}" for i in range(800)])[0])
    assert not torch.equal(vectors, load_vectors(path, [f"w{i}" for i in range(800)], seed=1)[0])


def test_the_first_of_two_rows_counts(tmp_path: Path) -> None:
    assert load_vectors(put(tmp_path / "a.txt", b"a 1 2\na 3 4\n"), ["a"])[0].tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"a 1 2\nb 1\n", r"a.txt:2: expected a word and 2 numbers, got 'b 1'"),
        ("a.txt", b"a 1 2\nb 1 2 3\n", r"a.txt:2: expected a word and 2 numbers, got 'b 1 2 3'"),
        ("a.txt", b"b 1 2\na 1 x\n", r"a.txt:2: expected 2 numbers after 'a': .*'x'"),
        ("a.txt", b"a 1 nan\n", r"a.txt:1: the vector of 'a' is not finite"),
        ("a.txt", b"a\n", r"a.txt:1: expected a word and 0 numbers"),
        ("a.txt", b"", r"a.txt has a vector for none of the 1 words, such as \['a'\]"),
        ("a.txt", b"b 1 2\n", r"a.txt has a vector for none of the 1 words"),
        ("a.txt", b"\x80\x03 1 2\n", r"a.txt:1: not UTF-8 text"),
        (
            "a.bin",
            b"no header\n",
            r"a.bin:1: expected the numbers of words and of values, got \[b'no', b'header'\]",
        ),
        ("a.txt.gz", gzip.compress(b"b 1 2\n" * 99, mtime=0)[:20], r"a.txt.gz cannot be read: Compressed file ended"),
        ("a.bin.gz", gzip.compress(binary(), mtime=0)[:20], r"a.bin.gz cannot be read: Compressed file ended"),
        ("a.bin", b"", r"a.bin:1: expected the numbers of words and of values, got \[\]"),
        (
            "a.bin",
            b"2 3\na " + struct.pack("<3f", 1, 2, 3) + b"\nb 123",
            r"a.bin: expected 2 words of 3 values",
        ),
    ],
)
def test_a_bad_file_is_explained(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_vectors(put(tmp_path / name, content), ["a"])
    assert "\n" not in str(caught.value)


def test_glove() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs the vectors of GloVe at $SEQMODELS_DATA/glove")
    path = Path(os.environ["SEQMODELS_DATA"]) / "glove/glove.6B.50d.9163.txt.gz"
    vectors, found = load_vectors(path, ["<pad>", "<unk>", "the", "film", "movie", "parliament"])
    assert found.tolist() == [False, False, True, True, True, True]
    film, movie, parliament = torch.nn.functional.normalize(vectors[3:], dim=1)
    assert film @ movie > 0.9
    assert film @ parliament < 0.3
