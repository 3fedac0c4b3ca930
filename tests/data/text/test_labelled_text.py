"""Texts become batches of indices; the vocabulary is that of the training texts."""

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.reviews import reviews
from seqmodels.data.text.formats import LabelledText
from seqmodels.data.text.labelled_text import LabelledTextData
from seqmodels.data.text.phrase_trees import trees
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec
from tests.data.text.labelled_texts import made, write

LETTERS = "aBé'.n t\n\t\u00a0\u0301"


def many(count: int, start: int = 0) -> list[tuple[str, str]]:
    return [(f"text number {i}", "even" if i % 2 == 0 else "odd") for i in range(start, start + count)]


def texts_of(data: LabelledTextData, split: Split) -> Counter[tuple[str, str]]:
    """What is in the batches of a split, as text again."""
    vocabulary = Vocabulary.from_json(data.spec.vocabulary)
    return Counter(
        (vocabulary.decode(row[:length].tolist()), data.spec.classes[target])
        for inputs, targets, lengths, _ in data.loader(split)
        for row, target, length in zip(inputs, targets, lengths, strict=True)
    )


def test_batches_hold_the_texts_and_their_classes(tmp_path: Path) -> None:
    splits = {"train": many(150), "val": many(10), "test": many(20)}
    data = made(path={split: write(tmp_path / split, *rows) for split, rows in splits.items()}, batch_size=32)
    for split in SPLITS:
        assert texts_of(data, split) == Counter(splits[split])


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
    assert {text for split in ("val", "test") for text, _ in texts_of(data, split)} == {"<unk> x"}


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


def test_the_baseline_is_measured_on_the_test_split(tmp_path: Path) -> None:
    path = {
        "train": write(tmp_path / "a", ("good", "+"), ("bad", "-")),
        "val": write(tmp_path / "b", ("good", "+")),
        "test": write(tmp_path / "c", ("good", "+"), ("so bad", "-"), ("so good", "-"), ("bad", "+")),
    }
    assert made(path=path).baseline() == {"accuracy": 0.5, "f1": 0.5, "f1_+": 0.5, "f1_-": 0.5}


def test_the_description_names_the_origin(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", *many(40))
    assert made(path=path).describe()["data"] == path
    data = made(path=None, generate=partial(reviews, sizes={"train": 100, "val": 20, "test": 20}))
    description = data.describe()
    assert description["data"] == "reviews (generated)"
    assert description["texts"] == "100 train, 20 val, 20 test"
    assert description["classes"] == "negative, positive"


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


def test_a_run_reads_text_as_training_did(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", *many(40)), words={"max_length": 2})
    reader = instantiate(data.spec.raw)
    assert Vocabulary.from_json(data.spec.vocabulary).decode(reader.read("Text NUMBER 7").tolist()) == "text number"


@given(
    texts=st.lists(st.text(alphabet=st.sampled_from("aBé'.n t\n\t\u00a0\u0301"), max_size=30), min_size=2, max_size=9)
)
def test_rows_are_what_the_vocabulary_makes_of_the_texts(texts: list[str]) -> None:
    rows = [LabelledText(f"{text} {i}", "xy"[i % 2]) for i, text in enumerate(texts)]
    data = made(path=None, generate=lambda _: dict.fromkeys(SPLITS, rows))
    vocabulary = Vocabulary.from_json(data.spec.vocabulary)
    assert vocabulary.tokens == Vocabulary.words(row.text for row in rows).tokens
    batch = data.store.rows["val"][list(range(len(rows)))]
    assert [inputs[:length].tolist() for inputs, length in zip(batch.inputs, batch.lengths, strict=True)] == [
        vocabulary.encode(row.text) for row in rows
    ]
    assert batch.targets.dtype == batch.lengths.dtype == torch.long
    assert batch.targets.tolist() == [i % 2 for i in range(len(rows))]


@pytest.mark.parametrize(("classes", "bits"), [(127, 8), (129, 16), (40_000, 32)])
def test_classes_take_no_more_room_than_they_need(classes: int, bits: int) -> None:
    rows = [LabelledText("a", f"{i:06d}") for i in range(classes)]
    data = made(path=None, generate=lambda _: {"train": rows, "val": rows[-2:], "test": rows[:2]})
    assert data.store.rows["train"].targets.dtype == getattr(torch, f"int{bits}")
    assert data.store.rows["val"][[0, 1]].targets.tolist() == [classes - 2, classes - 1]
