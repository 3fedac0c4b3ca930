"""Files of labelled texts are cut into splits without a leak, and read once; what cannot be learnt from is refused."""

import os
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.text.formats import documents
from seqmodels.data.text.labelled_text import LabelledTextData
from seqmodels.data.text.phrase_trees import trees
from tests.data.text.labelled_texts import made, write

CONFIGS = Path(__file__).parents[3] / "configs"


def labels_of(data: LabelledTextData, split: Split) -> Counter[str]:
    """What is in the batches of a split."""
    return Counter(data.spec.classes[target] for batch in data.loader(split) for target in batch.targets)


def many(count: int, start: int = 0) -> list[tuple[str, str]]:
    return [(f"text number {i}", "even" if i % 2 == 0 else "odd") for i in range(start, start + count)]


@given(seed=st.integers(0, 20), classes=st.integers(2, 4))
def test_one_file_is_cut_into_eight_one_and_one(tmp_path: Path, seed: int, classes: int) -> None:
    rows = [(f"t{i}", f"c{i % classes}") for i in range(60 * classes)]
    data = made(path=write(tmp_path / "a.txt", *rows), seed=seed, words={"lowercase": False})
    for split, share in zip(SPLITS, (48, 6, 6), strict=True):
        counts = Counter({f"c{i}": share for i in range(classes)})
        assert labels_of(data, split) == counts


def test_other_fractions_can_be_held_out(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *many(200)), held_out=[0.08, 0.2])
    assert data.store.texts == {"train": 144, "val": 16, "test": 40}


def test_the_seed_decides_the_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", *many(100))
    first, again, other = (made(path=path, seed=seed).store.sample("test") for seed in (0, 0, 1))
    assert first == again != other


def test_equal_texts_are_on_one_side(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *(many(20) * 5)))
    splits = [set(data.store.sample(split)) for split in ("train", "test")]
    assert [len(split) for split in splits] == [16, 2]
    assert not splits[0] & splits[1]
    assert data.store.texts == {"train": 80, "val": 10, "test": 10}


def test_a_missing_split_is_a_tenth_of_training(tmp_path: Path) -> None:
    train, test = write(tmp_path / "a.txt", *many(100)), write(tmp_path / "b.txt", *many(10, start=100))
    data = made(path={"train": train, "val": None, "test": test})
    assert data.store.texts == {"train": 90, "val": 10, "test": 10}
    assert [text[:2] for text in data.store.sample("test")] == many(10, start=100)


def test_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("stars,body\n" + "".join(f"{i % 2},text {i}\n" for i in range(40)))
    data = made(path=path, columns={"text": "body", "label": "stars"})
    assert data.spec.classes == ("0", "1")


def test_a_format_for_each_split(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for label in ("neg", "pos"):
            for i in range(10):
                (tmp_path / split / label).mkdir(parents=True, exist_ok=True)
                (tmp_path / split / label / f"{i}.txt").write_text(f"{split} {label} {i}")
    data = made(
        path={"train": tmp_path, "test": tmp_path},
        format={split: partial(documents, folder=split) for split in ("train", "test")},
    )
    assert data.store.texts == {"train": 18, "val": 2, "test": 20}
    assert all(text.text.startswith("test") for text in data.store.sample("test"))


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([], many(4), r"train.txt: expected texts, got none"),
        (many(9), [], r"test.txt: expected texts, got none"),
        ([("a", "x"), ("b", "x")], [("c", "x")], r"train.txt: expected at least two classes, got only 'x'"),
        (many(9), [("c", "z")], r"test.txt: 'z' is no training label, those are: even, odd"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(
    tmp_path: Path, train: list[tuple[str, str]], test: list[tuple[str, str]], message: str
) -> None:
    path = {"train": write(tmp_path / "train.txt", *train), "test": write(tmp_path / "test.txt", *test)}
    with pytest.raises(ValueError, match=message):
        made(path=path | {"val": path["train"]})


def test_too_few_texts_to_cut(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the val split of .*a.txt: expected texts, got none"):
        made(path=write(tmp_path / "a.txt", ("a", "x"), ("b", "y")))


def test_sst2() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs the Stanford Sentiment Treebank at $SEQMODELS_DATA/sst")
    folder = Path(os.environ["SEQMODELS_DATA"])
    names = zip(SPLITS, ("train", "dev", "test"), strict=True)
    path = {split: folder / f"sst/trees_{name}.txt.gz" for split, name in names}
    data = made(path=path, format=trees, vectors=folder / "glove/glove.6B.50d.9163.txt.gz")
    assert [len(data.store.rows[split]) for split in SPLITS] == [67_349, 872, 1821]
    assert data.store.texts == {"train": 6920, "val": 872, "test": 1821}
    assert data.vectors.shape == (data.spec.input_size, 50)
    assert torch.isfinite(data.vectors).all()
    assert data.baseline()["accuracy"] == pytest.approx(0.815, abs=0.01)


def test_bad_rows_are_skipped_and_the_summary_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"odd\n" + "".join(f"{label} {text}\n" for text, label in many(40)).encode() + b"odd \xff\n")
    with pytest.raises(ValueError, match=r"a.txt:1: expected a text, got None"):
        made(path=path)
    data = made(path=path, on_error="skip")
    assert data.describe()["skipped"] == f"2 skipped, the first: {path}:1: expected a text, got None"
    assert sum(data.store.texts.values()) == 40


def test_files_are_indexed_once_and_again_when_something_changed(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(write(tmp_path / "a.txt", *many(40)))
    first = made(path=path)
    (about,) = cache.rglob("about.json")
    written = about.stat().st_mtime_ns
    assert made(path=path, batch_size=3).store.texts == first.store.texts
    assert about.stat().st_mtime_ns == written
    for other in ({"seed": 1}, {"words": {"max_length": 2}}, {"on_error": "skip"}):
        made(path=path, **other)
    assert len(list(cache.rglob("about.json"))) == 4
    assert capsys.readouterr().err == ""
    path.write_text(path.read_text() + "\nodd one more")
    assert sum(made(path=path).store.texts.values()) == sum(first.store.texts.values()) + 1
    assert len(list(cache.rglob("about.json"))) == 4
    assert f"{about.parent} is made again: {path} has " in capsys.readouterr().err


def test_the_state_of_every_file_in_a_folder_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i in range(20):
        (tmp_path / "in" / "xy"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "xy"[i % 2] / f"{i}.txt").write_text(f"text {i}")
    for _ in range(2):
        assert "wording" not in (made(path=tmp_path / "in").spec.vocabulary or "")
    for i in range(20):
        (tmp_path / "in" / "xy"[i % 2] / f"{i}.txt").write_text(f"wording {i}")
        made(path=tmp_path / "in")
        assert f"{i}.txt has " in capsys.readouterr().err
    assert "wording" in (made(path=tmp_path / "in").spec.vocabulary or "")


def test_a_format_with_other_arguments_is_another_format(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("\n".join(f"({4 * (i % 2)} (3 w{i}) (2 x))" for i in range(30)))
    assert made(path=path, format=trees).spec.classes == ("negative", "positive")
    fine = made(path=path, format=partial(trees, fine=True))
    assert fine.spec.classes == ("neutral", "positive", "very negative", "very positive")


@pytest.mark.parametrize("name", ["sms_spam", "r8"])
def test_real_data_sets_have_their_published_size(name: str) -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip(f"needs $SEQMODELS_DATA/{name}")
    config = yaml.safe_load((CONFIGS / "data" / f"{name}.yaml").read_text().replace("${seed}", "0"))
    data = instantiate(config)
    data.setup()
    counts = data.store.texts
    if name == "sms_spam":
        assert sum(counts.values()) == 5574
        assert counts["test"] / 5574 == pytest.approx(0.2, abs=0.01)
        assert 0.92 < data.baseline()["f1_spam"] < 0.98
    else:
        assert counts["train"] + counts["val"] == 5485
        assert counts["test"] == 2189
        assert len(data.spec.classes) == 8
        assert data.baseline()["accuracy"] == pytest.approx(0.97, abs=0.01)
