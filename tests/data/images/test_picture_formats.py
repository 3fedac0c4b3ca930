"""Folders, tables and idx files of pictures, whole and damaged."""

import gzip
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seqmodels.data.images.formats import TitledPicture, by_suffix, idx
from seqmodels.data.images.idx import read_idx
from seqmodels.data.row_errors import OnError, RowErrors

HEADER = struct.pack(">BBBBIII", 0, 0, 8, 3, 2, 3, 4)


def read(path: Path, on_error: OnError = "stop", **columns: str) -> list[TitledPicture]:
    return list(by_suffix(path, RowErrors(on_error), **columns))


def write_idx(path: Path, values: np.ndarray) -> Path:
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(gzip.compress(header + values.tobytes()) if path.suffix == ".gz" else header + values.tobytes())
    return path


def pair(tmp_path: Path, num_labels: int = 3) -> Path:
    pictures = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    write_idx(tmp_path / "a-labels-idx1-ubyte.gz", np.arange(num_labels, dtype=np.uint8))
    return write_idx(tmp_path / "a-images-idx3-ubyte.gz", pictures)


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_an_idx_file_holds_what_was_written(tmp_path: Path, suffix: str) -> None:
    values = np.random.default_rng(0).integers(0, 255, (7, 3, 2), np.uint8)
    assert np.array_equal(read_idx(write_idx(tmp_path / f"a-idx3{suffix}", values), 3), values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"begins with bytes 00 00 08 03, this with no bytes$"),
        (b"\x89PNG rest", r"begins with bytes 00 00 08 03, this with bytes 89 50 4e 47$"),
        (b"\0\0\x0d\x03" + b"\0" * 12, r"this with bytes 00 00 0d 03$"),
        (b"\0\0\x08\x01" + b"\0" * 4, r"this with bytes 00 00 08 01$"),
        (HEADER + b"\1" * 20, r"expected 24 bytes for shape \(2, 3, 4\), got 20$"),
        (HEADER + b"\1" * 25, r"expected 24 bytes for shape \(2, 3, 4\), got 25$"),
        (gzip.compress(b"\0\0\x08\x03" * 50, mtime=0)[:-10], r"cannot be read: "),
    ],
)
def test_what_is_no_idx_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a-images-idx3-ubyte"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"a-images-idx3-ubyte.*{message}"):
        read_idx(path, 3)


def test_labels_lie_beside_the_pictures(tmp_path: Path) -> None:
    titled = read(pair(tmp_path))
    assert [item.text for item in titled] == ["0", "1", "2"]
    assert np.array_equal(titled[2].picture, np.arange(40, 60).reshape(4, 5))
    named = list(idx(pair(tmp_path), RowErrors(), names=["zero", "one", "two"]))
    assert [item.text for item in named] == ["zero", "one", "two"]


def test_pairs_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"holds 3 pictures, but a-labels-idx1-ubyte.gz 4 labels$"):
        read(pair(tmp_path, num_labels=4))
    with pytest.raises(ValueError, match=r"a-labels-idx1-ubyte.gz: expected labels from 0 to 1, got 2$"):
        list(idx(pair(tmp_path), RowErrors(), names=["zero", "one"]))
    path = pair(tmp_path)
    (tmp_path / "a-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"expected the labels beside it, in a-labels-idx1-ubyte.gz$"):
        read(path)


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    for name in ("cat/b.png", "cat/a.jpg", "dog/sub.PNG", "dog/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    titled = read(tmp_path)
    assert [(Path(item.picture).name, item.text) for item in titled] == [
        ("a.jpg", "cat"),
        ("b.png", "cat"),
        ("sub.PNG", "dog"),
    ]


def test_pictures_beside_the_folders_are_bad_rows(tmp_path: Path) -> None:
    for name in ("cat/b.png", "a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(ValueError, match=r"a.png lies in no folder that is named by its label$"):
        read(tmp_path)
    assert len(read(tmp_path, "skip")) == 1


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=r"expected <label>/<picture>, found no picture$"):
        read(tmp_path)


ROWS = [("x/1.png", "a cat, asleep"), ("2.png", "a dog")]


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "csv.gz"])
def test_tables_name_pictures_beside_them(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    lines = {
        "csv": ["image,caption", *(f'{name},"{text}"' for name, text in ROWS)],
        "tsv": ["image\tcaption", *("\t".join(row) for row in ROWS)],
        "jsonl": [json.dumps({"image": name, "caption": text}) for name, text in ROWS],
    }[kind.removesuffix(".gz")]
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if kind.endswith("gz") else content)
    titled = read(path, picture="image", text="caption")
    assert [(item.picture, item.text) for item in titled] == [(tmp_path / name, text) for name, text in ROWS]
    assert titled[1].place == f"{path}:{2 if kind == 'jsonl' else 3}"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"file,label\n1.png,x\n", r"a.csv has no column 'path', but: 'file', 'label'$"),
        ("a.csv", b"", r"a.csv has no column 'path', but: none$"),
        ("a.csv", b"path,label\n1.png,x\n2.png,\n", r"a.csv:3: expected a text under 'label', got ''$"),
        ("a.csv", b"path,label\n1.png\n", r"a.csv:2: expected a text under 'label', got None$"),
        ("a.csv", b"path,label\n1.png,x,y\n", r"a.csv:2: expected 2 fields, got more: \['y'\]$"),
        ("a.csv", b'path,label\n1.png,"x\n', r"a.csv:\d: not a row of the table: "),
        ("a.tsv", b"path\tlabel\n1.png\t\xe9\n", r"a.tsv:2: not UTF-8 text: byte 0xe9"),
        ("a.jsonl", b'{"path": "1.png"}\n', r"a.jsonl:1: there is no key 'label', but: 'path'$"),
        ("a.jsonl", b"{'path'}\n", r"a.jsonl:1: not JSON: "),
        ("a.jsonl", b"[1, 2]\n", r"a.jsonl:1: expected a JSON object, got '\[1, 2\]'$"),
        ("a.parquet", b"", r"a.parquet: expected a folder of <label>/<picture>, a .csv, .tsv or .jsonl, or an idx3"),
    ],
)
def test_bad_tables_are_refused_with_their_place(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_bad_rows_are_skipped_if_asked(tmp_path: Path) -> None:
    path, errors = tmp_path / "a.csv", RowErrors("skip")
    path.write_text("path,label\n1.png,\n2.png,x\n,y\n3.png,z\n")
    assert [item.text for item in by_suffix(path, errors)] == ["x", "z"]
    assert errors.describe() == f"2 skipped, the first: {path}:2: expected a text under 'label', got ''"


def test_mnist() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs MNIST at $SEQMODELS_DATA/mnist")
    titled = read(Path(os.environ["SEQMODELS_DATA"]) / "mnist/t10k-images-idx3-ubyte.gz")
    assert [item.text for item in titled[:6]] == ["7", "2", "1", "0", "4", "1"]
    assert sum(item.text == "7" for item in titled) == 1028  # as yann.lecun.com's test set holds
    assert Image.fromarray(np.asarray(titled[0].picture)).size == (28, 28)
