"""Pairs of texts: every format gives the same ones, in splits without a leak; what is wrong has its file and line."""

import gzip
import zipfile
from pathlib import Path

import pytest

from seqmodels.data.base import SPLITS
from seqmodels.data.generated.algorithms import copy_memory, reverse, sort
from seqmodels.data.generated.phrasebook import english_number, french_number, phrasebook
from seqmodels.data.generated.reports import reports
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.pair_formats import Pair, aligned, by_suffix, tab_separated
from seqmodels.data.text.parallel_text import ParallelTextData
from seqmodels.data.vocabulary import Vocabulary

PAIRS = [Pair("good morning", "bonjour"), Pair("thank you", "merci")]


def test_every_format_gives_the_same_pairs(tmp_path: Path) -> None:
    lines = [f"{pair.source}\t{pair.target}\n" for pair in PAIRS]
    (tmp_path / "a.csv").write_text("source,target\n" + "".join(f"{p.source},{p.target}\n" for p in PAIRS))
    (tmp_path / "a.tsv").write_text("source\ttarget\n" + "".join(lines))
    (tmp_path / "a.jsonl").write_text("".join(f'{{"source": "{p.source}", "target": "{p.target}"}}\n' for p in PAIRS))
    (tmp_path / "a.txt").write_text("".join(line.replace("\n", "\tCC BY\n") for line in lines))
    for name in ("a.csv", "a.tsv", "a.jsonl", "a.txt"):
        assert list(by_suffix(tmp_path / name, RowErrors())) == PAIRS
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("fra.txt", "".join(lines))
    assert list(tab_separated(tmp_path / "a.zip", RowErrors(), member="fra.txt")) == PAIRS
    for suffix, side in (("en", 0), ("fr", 1)):
        (tmp_path / f"train.{suffix}").write_text("".join(f"{pair[side]}\n" for pair in PAIRS))
    assert list(aligned(tmp_path / "train.en", RowErrors(), target_suffix=".fr")) == PAIRS


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"one\tun\ntwo\n", r"a\.txt:2: expected a source, a tab and a target, got 'two'"),
        ("a.txt", b"one\tun\n\tdeux\n", r"a\.txt:2: expected a source, a tab and a target"),
        ("a.txt", b"one\tun\n\xff\tdeux\n", r"a\.txt:2: not UTF-8"),
        ("a.txt", b"one\tun\n\n", r"a\.txt:2: expected a source, a tab and a target, got ''"),
        ("a.txt.gz", gzip.compress(b"one\tun\n" * 99, mtime=0)[:20], r"a\.txt\.gz cannot be read: Compressed file"),
        ("a.csv", b"source,goal\none,un\n", r"a\.csv has no column 'target'"),
        ("a.csv", b"source,target\none,\n", r"a\.csv:2: expected a text under 'target'"),
        ("a.jsonl", b'{"source": "one"}\n', r"a\.jsonl:1: there is no key 'target'"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(by_suffix(tmp_path / name, RowErrors()))


def test_bad_rows_may_be_skipped_and_are_counted(tmp_path: Path) -> None:
    rows = [f"word {i}\tmot {i}\n" for i in range(30)]
    (tmp_path / "a.txt").write_text("".join([*rows, "alone\n"]))
    data = ParallelTextData(path=tmp_path / "a.txt", on_error="skip")
    data.setup()
    assert data.describe()["skipped"].startswith("1 skipped, the first: ")
    assert "a.txt:31: " in data.describe()["skipped"]
    (tmp_path / "empty.txt").touch()
    with pytest.raises(ValueError, match=r"empty\.txt: expected pairs of texts, got none"):
        ParallelTextData(path={"train": tmp_path / "a.txt", "test": tmp_path / "empty.txt"}, on_error="skip").setup()


def test_files_that_should_belong_together_and_archives_that_do_not_hold_the_file(tmp_path: Path) -> None:
    (tmp_path / "train.en").write_text("one\ntwo\nthree\n")
    with pytest.raises(FileNotFoundError, match=r"no file .*train\.fr beside"):
        list(aligned(tmp_path / "train.en", RowErrors(), target_suffix=".fr"))
    (tmp_path / "train.fr").write_text("un\ndeux\n")
    with pytest.raises(ValueError, match=r"train\.en:3: there is no such line in .*train\.fr, which has 2"):
        list(aligned(tmp_path / "train.en", RowErrors(), target_suffix=".fr"))
    (tmp_path / "train.fr").write_text("un\n\ntrois\n")
    with pytest.raises(ValueError, match=r"train\.fr:2: expected a text, got an empty line"):
        list(aligned(tmp_path / "train.en", RowErrors(), target_suffix=".fr"))
    (tmp_path / "train.fr").write_bytes(b"un\ndeux\ntroi\xff\n")
    with pytest.raises(ValueError, match=r"train\.fr:3: not UTF-8 text: byte 0xff"):
        list(aligned(tmp_path / "train.en", RowErrors(), target_suffix=".fr"))
    errors = RowErrors("skip")
    assert len(list(aligned(tmp_path / "train.en", errors, target_suffix=".fr"))) == 2
    assert errors.skipped == 1
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(ValueError, match=r"a\.zip: cannot read fra\.txt"):
        list(tab_separated(tmp_path / "a.zip", RowErrors(), member="fra.txt"))
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("deu.txt", b"one\teins\ntwo\tzw\xff\nthree\tdrei\n")
    with pytest.raises(ValueError, match=r"b\.zip has no file 'fra\.txt', but: deu\.txt"):
        list(tab_separated(tmp_path / "b.zip", RowErrors(), member="fra.txt"))
    with pytest.raises(ValueError, match=r"b\.zip/deu\.txt:2: not UTF-8 text: byte 0xff"):
        list(tab_separated(tmp_path / "b.zip", RowErrors(), member="deu.txt"))
    assert len(list(tab_separated(tmp_path / "b.zip", RowErrors("skip"), member="deu.txt"))) == 2


def test_pairs_of_one_source_stay_in_one_split(tmp_path: Path) -> None:
    rows = [f"word {i}\tmot {i} {j}\n" for i in range(40) for j in range(3)]
    (tmp_path / "a.txt").write_text("".join(rows))
    data = ParallelTextData(path=tmp_path / "a.txt", held_out=[0.2, 0.2])
    data.setup()
    sources = [{pair.source for pair in data._pairs[split]} for split in SPLITS]
    assert sum(map(len, sources)) == len(set.union(*sources)) == 40
    assert [len(split) for split in sources] == [24, 8, 8]


def test_long_pairs_are_tested_but_not_trained_on(tmp_path: Path) -> None:
    for name, count in (("train", 20), ("test", 5)):
        (tmp_path / f"{name}.txt").write_text("a b c d e f\tun\n" + "".join(f"a {i}\tun {i}\n" for i in range(count)))
    paths = {name: tmp_path / f"{name}.txt" for name in ("train", "test")}
    data = ParallelTextData(path=paths, max_length=2, held_out=[0.1, 0.1])
    data.setup()
    assert int(data.rows["train"].lengths.max()) == 2
    assert int(data.rows["test"].lengths.max()) == 6


def test_a_training_batch_has_targets_of_one_length_and_sources_of_any() -> None:
    pairs = [
        Pair(" ".join(["one"] * (1 + row % 7)) + f" {row}", " ".join(["un"] * (1 + row % 5))) for row in range(350)
    ]
    data = ParallelTextData(generate=lambda _: pairs, batch_size=14)
    data.setup()
    batches = list(data.train_dataloader())
    assert all(batch.target_lengths is not None for batch in batches)
    mixed = [batch.target_lengths.unique() for batch in batches if batch.target_lengths is not None]
    assert sum(len(lengths) > 1 for lengths in mixed) <= 4
    assert max(len(batch.lengths.unique()) for batch in batches) == 7


@pytest.mark.parametrize("unit", ["words", "subwords", "characters"])
def test_targets_end_with_the_end_mark_whatever_the_unit(unit: str) -> None:
    side = {"unit": unit, **({"max_size": 60} if unit == "subwords" else {})}
    data = ParallelTextData(generate=lambda seed: reverse(seed, count=60), source=side, target=side)
    data.setup()
    batch = next(iter(data.val_dataloader()))
    written = Vocabulary.from_json(data.spec.target_vocabulary or "")
    assert batch.target_lengths is not None
    for row, length in zip(batch.targets, batch.target_lengths.tolist(), strict=True):
        assert row[length - 1] == written.end_index
        assert not row[length:].any()
        assert written.start_index not in row


def test_the_baseline_looks_up_the_nearest_source() -> None:
    data = ParallelTextData(generate=lambda seed: phrasebook(seed, count=300))
    data.setup()
    baseline = data.baseline()
    assert baseline["exact"] < 0.1
    assert 10 < baseline["bleu"] < 70


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="got neither"):
        ParallelTextData()
    with pytest.raises(ValueError, match=r"held_out must be two fractions above 0.*, got \[0.1\]"):
        ParallelTextData(generate=lambda seed: reverse(seed, count=60), held_out=[0.1])
    with pytest.raises(ValueError, match="unit must be one of words, subwords, characters, got 'letters'"):
        ParallelTextData(generate=lambda seed: reverse(seed, count=60), source={"unit": "letters"})


def test_generated_pairs_are_right_and_different() -> None:
    for told, asked in reverse(1, count=50):
        assert asked.split() == told.split()[::-1]
    for told, asked in sort(1, count=50):
        assert asked.split() == sorted(told.split())
    for told, asked in copy_memory(1, count=50):
        assert told.replace(".", "").replace(">", "").split() == asked.split()
    for make in (phrasebook, reports):
        pairs = make(1, count=200)
        assert len({source for source, _ in pairs}) == 200
        assert pairs == make(1, count=200) != make(2, count=200)
    with pytest.raises(ValueError, match="do not make 100 different ones"):
        copy_memory(0, count=100, length=2, symbols=3)


def test_numbers_are_spelled() -> None:
    spelled = {0: "zéro", 17: "dix-sept", 21: "vingt et un", 71: "soixante et onze", 80: "quatre-vingts"}
    spelled |= {81: "quatre-vingt-un", 97: "quatre-vingt-dix-sept", 200: "deux cents", 201: "deux cent un"}
    spelled |= {1000: "mille", 2080: "deux mille quatre-vingts"}
    assert {number: french_number(number) for number in spelled} == spelled
    assert len({french_number(number) for number in range(10_000)}) == 10_000
    assert len({english_number(number) for number in range(10_000)}) == 10_000
