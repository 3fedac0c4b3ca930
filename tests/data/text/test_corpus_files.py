"""A text file is tokenised once, whatever it holds, and never whole in memory."""

import gzip
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch

from seqmodels.data.base import SPLITS
from seqmodels.data.text.corpus import CorpusData
from seqmodels.data.text.units import Words
from tests.data.text.corpora import random_text, read


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = "Grüße,\r\nthird line\n" * 100
    path.write_bytes(text.encode())
    data = CorpusData(path=path, steps=5, batch_size=2, held_out=(0.1, 0.0))
    data.setup()
    assert "".join(read(data, "val")[1]) == text[-190:][1:]
    assert torch.equal(data.examples["val"][[0]].inputs, data.examples["test"][[0]].inputs)  # type: ignore[index]
    assert data.describe() == {
        "data": str(path),
        "characters": "1,710 train, 190 val, test is val",
        "vocabulary": "16 characters, the unknown one included",
        "streams": "2 rows, 5 steps at a time",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"expected at least 321 characters in the train split \(batch_size 32, steps 10\), got 0"),
        ("a" * 356, r"expected at least 321 characters in the train split .*, got 320"),
        ("a" * 357, None),
    ],
    ids=["empty", "one too few", "enough"],
)
def test_a_short_text_is_refused_in_one_line(tmp_path: Path, text: str, message: str | None) -> None:
    path = tmp_path / "text.txt"
    path.write_text(text)
    data = CorpusData(path=path, steps=10)
    if message is None:
        data.setup()
        return
    with pytest.raises(ValueError, match=message) as error:
        data.setup()
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def write_splits(folder: Path, **texts: str) -> dict[str, str]:
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    return {name: str(folder / f"{name}.txt") for name in texts}


def test_each_split_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    path = write_splits(tmp_path, train="abcd " * 50, val="dcbax", test="cab")
    data = CorpusData(path=path, steps=5, batch_size=1)  # type: ignore[arg-type]
    data.setup()
    assert [read(data, split)[0][0] for split in SPLITS] == ["abcd " * 49 + "abcd", "dcba", "ca"]
    assert read(data, "val")[1] == ["cba<unk>"]
    assert data.describe()["characters"] == "250 train, 5 val, 3 test"
    assert data.describe()["data"] == ", ".join(path.values())


def test_a_compressed_file_is_read_like_a_plain_one_and_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    text = random_text(2000, "aä中\n")
    contents = [text.encode(), text.encode("utf-8-sig"), gzip.compress(text.encode())]
    found = []
    for number, content in enumerate(contents):
        path = tmp_path / f"{number}.txt"
        path.write_bytes(content)
        data = CorpusData(path=path, steps=5, batch_size=2)
        data.setup()
        found.append((data.spec, read(data, "train"), read(data, "test")))
    assert found[0] == found[1] == found[2]


def test_without_a_test_file_the_validation_file_is_tested_on(tmp_path: Path) -> None:
    path = {**write_splits(tmp_path, train="abcd " * 50, val="dcba"), "test": None}
    data = CorpusData(path=path, steps=5, batch_size=1)  # type: ignore[arg-type]
    data.setup()
    assert read(data, "val") == read(data, "test") == (["dcb"], ["cba"])
    assert data.describe()["characters"] == "250 train, 4 val, test is val"


def test_a_file_is_tokenised_once_and_anew_when_it_changes(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def read_again(path: Path, **arguments: Any) -> CorpusData:
        data = CorpusData(path=path, steps=5, batch_size=2, **arguments)
        data.setup()
        return data

    path = tmp_path / "text.txt"
    path.write_text("to be " * 100)
    first, again = read_again(path), read_again(path)
    assert first.spec == again.spec
    assert read(first, "train") == read(again, "train")
    assert len(list((cache / "prepared").iterdir())) == 1
    assert read_again(path, unit=Words()).spec.input_size == 4
    assert read_again(path, held_out=(0.1, 0.1)).describe()["characters"] == "480 train, 60 val, 60 test"
    assert capsys.readouterr().err == ""
    path.write_text("or not " * 100)
    assert read(read_again(path), "val")[0][0].startswith("or not or not ")
    assert len(list((cache / "prepared").iterdir())) == 3
    assert capsys.readouterr().err.endswith(f"is made again: {path} has 700 bytes, expected 600\n")


def test_a_large_file_is_never_whole_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text(random_text(1 << 16) * 256)
    tracemalloc.start()
    data = CorpusData(path=path, steps=64, batch_size=32)
    data.setup()
    batch = next(iter(data.train_dataloader()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert path.stat().st_size == 1 << 24
    assert peak < 0.9 * (1 << 24)
    assert batch.inputs.dtype == torch.long


@pytest.mark.parametrize("unit", [None, Words()])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"one\ntwo\n\xff three", r"text.txt:3: not UTF-8 text: byte 0xff, invalid start byte"),
        (b"one\n" + "ä".encode()[:1], r"text.txt:2: not UTF-8 text: byte 0xc3, unexpected end of data"),
        (
            gzip.compress(random_text(5000).encode(), mtime=0)[:-20],
            r"text.txt:1: a damaged gzip file: Compressed file ended",
        ),
    ],
)
def test_an_unreadable_file_is_refused_in_one_line(
    tmp_path: Path, cache: Path, content: bytes, message: str, unit: Words | None
) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        CorpusData(path=path, unit=unit).setup()
    assert "\n" not in str(error.value)
    assert list((cache / "prepared").iterdir()) == []


def test_wikitext_is_counted_as_published() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("SEQMODELS_DATA is not set")
    names = {"train": "train.shuffled-articles", "val": "valid", "test": "test"}
    path = {split: Path(os.environ["SEQMODELS_DATA"]) / f"wikitext2/{name}.txt.gz" for split, name in names.items()}
    data = CorpusData(path=path, unit=Words(pretokenised=True))  # type: ignore[arg-type]
    data.setup()
    assert data.spec.output_size == 33_278
    assert data.describe()["words"] == "2,088,628 train, 217,646 val, 245,569 test"
    assert sum(int(batch.lengths.sum()) for batch in data.test_dataloader()) == 245_568
    assert data.baseline()["perplexity"] == pytest.approx(290.03, abs=0.01)


def test_tinyshakespeare_is_cut_as_usual() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("SEQMODELS_DATA is not set")
    source = {"name": "tinyshakespeare/input.txt", "url": "https://example.org/input.txt", "sha256": "0" * 64}
    data = CorpusData(path=source, held_out=(0.1, 0.0))
    data.setup()
    assert data.spec.output_size == 66
    assert data.describe()["characters"] == "1,003,854 train, 111,540 val, test is val"
    assert sum(int(batch.lengths.sum()) for batch in data.test_dataloader()) == 111_539
    assert len(SPLITS) == len(data.examples)
