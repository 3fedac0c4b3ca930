"""Texts become batches of indices, cut into parts without a leak; what cannot be learnt from is refused."""

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.reviews import reviews
from seqmodels.data.text.formats import documents
from seqmodels.data.text.labelled_text import LabelledTextData
from seqmodels.data.text.phrase_trees import trees
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is prepared here is forgotten."""
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path_factory.mktemp("cache")))


CONFIGS = Path(__file__).parents[2] / "configs"


def write(path: Path, *rows: tuple[str, str]) -> str:
    path.write_text("\n".join(f"{label} {text}" for text, label in rows))
    return str(path)


def made(**arguments: Any) -> LabelledTextData:
    data = LabelledTextData(**arguments)
    data.setup()
    return data


def many(count: int, start: int = 0) -> list[tuple[str, str]]:
    return [(f"text number {i}", "even" if i % 2 == 0 else "odd") for i in range(start, start + count)]


def texts_of(data: LabelledTextData, split: Split) -> Counter[tuple[str, str]]:
    """What is in the batches of a part, as text again."""
    vocabulary = Vocabulary.from_json(data.spec.vocabulary)
    return Counter(
        (vocabulary.decode(row[:length].tolist()), data.spec.classes[target])
        for inputs, targets, lengths, _ in data.loader(split)
        for row, target, length in zip(inputs, targets, lengths, strict=True)
    )


def test_batches_hold_the_texts_and_their_classes(tmp_path: Path) -> None:
    parts = {"train": many(150), "val": many(10), "test": many(20)}
    data = made(path={split: write(tmp_path / split, *rows) for split, rows in parts.items()}, batch_size=32)
    for split in SPLITS:
        assert texts_of(data, split) == Counter(parts[split])


def test_the_spec_is_all_a_model_needs(tmp_path: Path) -> None:
    spec = made(path=write(tmp_path / "a.txt", *many(40))).spec
    assert (spec.inputs, spec.output_size, spec.classes, spec.padding_index) == (
        "tokens",
        2,
        ("even", "odd"),
        0,
    )
    assert spec.input_size == len(Vocabulary.from_json(spec.vocabulary))
    assert DataSpec.from_dict(spec.to_dict()) == spec


@given(seed=st.integers(0, 20), classes=st.integers(2, 4))
def test_one_file_is_cut_into_eight_one_and_one(tmp_path: Path, seed: int, classes: int) -> None:
    rows = [(f"t{i}", f"c{i % classes}") for i in range(60 * classes)]
    data = made(path=write(tmp_path / "a.txt", *rows), seed=seed, words={"lowercase": False})
    for split, share in zip(SPLITS, (48, 6, 6), strict=True):
        counts = Counter({f"c{i}": share for i in range(classes)})
        assert Counter(data.spec.classes[target] for target in data.store.rows[split].targets) == counts
    assert sum((labels_of(data, split) for split in SPLITS), Counter()) == Counter(
        {f"c{i}": 60 for i in range(classes)}
    )


def labels_of(data: LabelledTextData, split: Split) -> Counter[str]:
    return Counter(label for (_, label), count in texts_of(data, split).items() for _ in range(count))


def test_other_fractions_can_be_held_out(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *many(200)), held_out=[0.08, 0.2])
    assert data.store.texts == {"train": 144, "val": 16, "test": 40}


def test_the_seed_decides_the_cut(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", *many(100))
    first, again, other = (made(path=path, seed=seed).store.sample("test") for seed in (0, 0, 1))
    assert first == again != other


def test_equal_texts_are_on_one_side(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *(many(20) * 5)))
    parts = [set(data.store.sample(split)) for split in ("train", "test")]
    assert [len(part) for part in parts] == [16, 2]
    assert not parts[0] & parts[1]
    assert data.store.texts == {"train": 80, "val": 10, "test": 10}


def test_a_missing_part_is_a_tenth_of_training(tmp_path: Path) -> None:
    train, test = write(tmp_path / "a.txt", *many(100)), write(tmp_path / "b.txt", *many(10, start=100))
    data = made(path={"train": train, "val": None, "test": test})
    assert data.store.texts == {"train": 90, "val": 10, "test": 10}
    assert [text[:2] for text in data.store.sample("test")] == many(10, start=100)


def test_words_of_training_are_known_and_no_others(tmp_path: Path) -> None:
    rows = {
        "train": [("a a a b B c", "x"), ("b c d", "y")],
        "val": [("e", "x")],
        "test": [("a e f", "y")],
    }
    path = {split: write(tmp_path / split, *each) for split, each in rows.items()}
    assert Vocabulary.from_json(made(path=path).spec.vocabulary).tokens == [
        "<pad>",
        "<unk>",
        "a",
        "b",
        "c",
        "d",
    ]
    for words, expected in (
        ({"max_size": 4}, ["a", "b"]),
        ({"min_count": 2}, ["a", "b", "c"]),
        ({"lowercase": False, "min_count": 2}, ["a", "b", "c"]),
    ):
        data = made(path=path, words=words)
        assert Vocabulary.from_json(data.spec.vocabulary).tokens[2:] == expected
        assert list(texts_of(data, "val")) == [("<unk>", "x")]


def test_long_texts_are_cut_off(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *many(40)), words={"max_length": 2})
    assert {text for text, _ in texts_of(data, "train")} == {"text number"}
    assert data.describe()["length"].endswith("cut to 2")


def test_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("stars,body\n" + "".join(f"{i % 2},text {i}\n" for i in range(40)))
    data = made(path=path, columns={"text": "body", "label": "stars"})
    assert data.spec.classes == ("0", "1")


def test_a_format_for_each_part(tmp_path: Path) -> None:
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


def test_phrases_are_trained_on_once_and_never_judged_by(tmp_path: Path) -> None:
    lines = ["(3 (2 a) (4 (3 fine) (2 film)))", "(1 (0 bad) (2 film))", "(3 fine)"]
    path = tmp_path / "trees.txt"
    path.write_text("\n".join(lines))
    data = made(path=dict.fromkeys(SPLITS, path), format=trees)
    assert sorted(text for text, _ in texts_of(data, "train")) == [
        "a fine film",
        "bad",
        "bad film",
        "fine",
        "fine film",
    ]
    assert set(texts_of(data, "train").values()) == {1}
    assert sorted(text for text, _ in texts_of(data, "test")) == ["a fine film", "bad film", "fine"]
    assert data.describe()["texts"] == "3 (in 5 phrases) train, 3 val, 3 test"


def test_a_class_may_be_found_in_phrases_only(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("(3 (2 a) (2 film))\n(1 (1 bad) (2 thing))\n")
    data = made(path=dict.fromkeys(SPLITS, path), format=partial(trees, fine=True))
    assert data.spec.classes == ("negative", "neutral", "positive")


def test_a_cut_parts_a_sentence_from_no_phrase_of_it(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("\n".join(f"({3 * (i % 2)} (4 w{i}) (2 x))" for i in range(30)))
    data = made(path=path, format=trees)
    trained = {text.split()[0] for text, _ in texts_of(data, "train")}
    assert trained == {text.text.split()[0] for text in data.store.sample("train")}
    assert len(trained) == 22
    assert {text for part in ("val", "test") for text, _ in texts_of(data, part)} == {"<unk> x"}


def test_training_is_shuffled_and_the_rest_goes_from_short_to_long() -> None:
    data = made(path=None, generate=partial(reviews, sizes=dict.fromkeys(SPLITS, 300)), batch_size=16)
    loader = data.train_dataloader()
    first, second = ([batch.lengths.tolist() for batch in loader] for _ in range(2))
    assert first != second
    for split in ("val", "test"):
        loader = data.loader(split)
        first, second = ([batch.lengths.tolist() for batch in loader] for _ in range(2))
        assert first == second
        lengths = [length for batch in first for length in batch]
        assert lengths == sorted(lengths)


def test_batches_hold_little_padding() -> None:
    data = made(path=None, generate=partial(reviews, sizes={"train": 2000, "val": 50, "test": 50}))
    batches = list(data.train_dataloader())
    steps = sum(batch.inputs.numel() for batch in batches)
    assert sum(int(batch.lengths.sum()) for batch in batches) / steps > 0.85


def test_vectors_belong_to_the_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "v.txt").write_text("number 1 2\ntext 3 4\nunseen 5 6\n")
    data = made(path=write(tmp_path / "a.txt", *many(40)), vectors=tmp_path / "v.txt")
    tokens = Vocabulary.from_json(data.spec.vocabulary).tokens
    assert data.vectors.shape == (data.spec.input_size, 2)
    assert data.vectors[tokens.index("text")].tolist() == [3.0, 4.0]
    assert data.describe()["vectors"] == "for 5.6 % of the vocabulary, 66.7 % of what is trained on"


def test_the_floor_is_measured_on_the_test_part(tmp_path: Path) -> None:
    path = {
        "train": write(tmp_path / "a", ("good", "+"), ("bad", "-")),
        "val": write(tmp_path / "b", ("good", "+")),
        "test": write(tmp_path / "c", ("good", "+"), ("so bad", "-"), ("so good", "-"), ("bad", "+")),
    }
    assert made(path=path).floor() == {"accuracy": 0.5, "f1": 0.5, "f1_+": 0.5, "f1_-": 0.5}


def test_the_description_names_the_origin(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", *many(40))
    assert made(path=path).describe()["data"] == path
    data = made(path=None, generate=partial(reviews, sizes={"train": 100, "val": 20, "test": 20}))
    description = data.describe()
    assert description["data"] == "reviews (generated)"
    assert description["texts"] == "100 train, 20 val, 20 test"
    assert description["classes"] == "negative, positive"


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
    with pytest.raises(ValueError, match=r"the val part of .*a.txt: expected texts, got none"):
        made(path=write(tmp_path / "a.txt", ("a", "x"), ("b", "y")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": None}, "expected the path of a file or a function that generates texts, got neither"),
        ({"path": "a", "words": {"max_length": 0}}, "max_length must be at least 1 or None, got 0"),
        ({"path": "a", "held_out": [0.1]}, r"held_out must be two fractions above 0.*, got \[0.1\]"),
        ({"path": "a", "held_out": [0.5, 0.5]}, r"below 1 in sum, got \[0.5, 0.5\]"),
        ({"path": "a", "on_error": "ignore"}, "'ignore'"),
        ({"path": "a", "batch_size": 0}, "batch_size must be at least 1, got 0"),
        (
            {"path": {"train": "a", "dev": "b"}},
            "expected a file for train and .*, got {'train': 'a', 'dev': 'b'}",
        ),
        ({"path": {"train": None, "test": "b"}}, "expected a file for train and .*, got {'train': None"),
        (
            {"path": {"train": __file__}, "format": {"test": trees}},
            "for the train file, got only one for test",
        ),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)


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
    assert data.floor()["accuracy"] == pytest.approx(0.815, abs=0.01)


def test_bad_rows_are_skipped_and_the_summary_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"odd\n" + "".join(f"{label} {text}\n" for text, label in many(40)).encode() + b"odd \xff\n")
    with pytest.raises(ValueError, match=r"a.txt:1: expected a text, got None"):
        made(path=path)
    data = made(path=path, on_error="skip")
    assert data.describe()["skipped"] == f"2 skipped, the first: {path}:1: expected a text, got None"
    assert sum(data.store.texts.values()) == 40


def test_files_are_indexed_once_and_again_when_something_changed(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.txt", *many(40)))
    folder = made(path=path).store._folder
    written = (folder / "about.json").stat().st_mtime_ns
    assert made(path=path, batch_size=3).store._folder == folder
    assert (folder / "about.json").stat().st_mtime_ns == written
    others = [made(path=path, **each) for each in ({"seed": 1}, {"words": {"max_length": 2}}, {"on_error": "skip"})]
    path.write_text(path.read_text() + "\nodd one more")
    folders = [folder, *(data.store._folder for data in (*others, made(path=path)))]
    assert len(set(folders)) == 5


def test_the_state_of_every_file_in_a_folder_counts(tmp_path: Path) -> None:
    for i in range(20):
        (tmp_path / "in" / "xy"[i % 2]).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / "xy"[i % 2] / f"{i}.txt").write_text(f"text {i}")
    first = made(path=tmp_path / "in").store._folder
    assert made(path=tmp_path / "in").store._folder == first
    (tmp_path / "in" / "x" / "0.txt").write_text("wording " * 3)
    assert made(path=tmp_path / "in").store._folder != first


def test_a_format_with_other_arguments_is_another_format(tmp_path: Path) -> None:
    path = tmp_path / "trees.txt"
    path.write_text("\n".join(f"({4 * (i % 2)} (3 w{i}) (2 x))" for i in range(30)))
    assert made(path=path, format=trees).spec.classes == ("negative", "positive")
    fine = made(path=path, format=partial(trees, fine=True))
    assert fine.spec.classes == ("neutral", "positive", "very negative", "very positive")


def test_a_run_reads_text_as_training_did(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *many(40)), words={"max_length": 2})
    reader = instantiate(data.spec.raw)
    assert Vocabulary.from_json(data.spec.vocabulary).decode(reader.read("Text NUMBER 7").tolist()) == "text number"


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
        assert 0.92 < data.floor()["f1_spam"] < 0.98
    else:
        assert counts["train"] + counts["val"] == 5485
        assert counts["test"] == 2189
        assert len(data.spec.classes) == 8
        assert data.floor()["accuracy"] == pytest.approx(0.97, abs=0.01)
