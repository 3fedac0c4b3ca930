"""Tagged sentences become batches of words and tags, cut in their order; what cannot be learnt from is refused."""

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.tagged_sentences import parts_of_speech
from seqmodels.data.text.spelled_words import SpelledWords, spelled
from seqmodels.data.text.tagged_columns import TaggedSentence, columns, conllu
from seqmodels.data.text.tagged_text import TaggedTextData
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec

Rows = list[list[tuple[str, str]]]


def write(path: Path, rows: Rows) -> str:
    path.write_text("".join("".join(f"{word} {tag}\n" for word, tag in row) + "\n" for row in rows))
    return str(path)


def made(**arguments: Any) -> TaggedTextData:
    data = TaggedTextData(**arguments)
    data.setup()
    return data


def many(count: int, start: int = 0) -> Rows:
    """Sentences of one to four words."""
    return [[(f"Word{i + k}", "even" if k % 2 == 0 else "odd") for k in range(1 + i % 4)] for i in range(start, count)]


def rows_of(data: TaggedTextData, split: Split) -> Counter[tuple[tuple[str, str], ...]]:
    """What is in the batches of a split, as words and tags again."""
    characters = Vocabulary.from_json(data.spec.characters or "")
    return Counter(
        tuple(zip(spelled(characters, row[:length]), [data.spec.classes[i] for i in target[:length]], strict=True))
        for inputs, targets, lengths, _ in data.loader(split)
        for row, target, length in zip(inputs, targets, lengths, strict=True)
    )


def test_batches_hold_the_words_and_their_tags(tmp_path: Path) -> None:
    splits = {"train": many(150), "val": many(12), "test": many(20)}
    data = made(path={split: write(tmp_path / split, rows) for split, rows in splits.items()}, batch_size=8)
    for split in SPLITS:
        assert rows_of(data, split) == Counter(map(tuple, splits[split]))


def test_a_batch_is_its_rows_alone(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", many(60)), words={"longest": 6})
    batch = data.examples["train"][[3, 0]]
    assert batch.inputs.shape == (2, 4, 7)
    assert batch.lengths.tolist() == [4, 1]
    assert torch.equal(batch.inputs[1, :1], data.examples["train"][[0]].inputs[0])
    assert not batch.inputs[1, 1:].any()
    assert batch.targets.tolist() == [[0, 1, 0, 1], [0, 0, 0, 0]]


def test_the_spec_is_all_a_model_needs(tmp_path: Path) -> None:
    spec = made(path=write(tmp_path / "a.txt", many(60))).spec
    assert (spec.inputs, spec.output_size, spec.classes, spec.padding_index) == ("words", 2, ("even", "odd"), 0)
    assert spec.input_size == len(Vocabulary.from_json(spec.vocabulary or ""))
    assert DataSpec.from_dict(spec.to_dict()) == spec


def test_a_persons_own_sentence_is_read_as_those_of_the_file(tmp_path: Path) -> None:
    data = made(path=write(tmp_path / "a.txt", many(60)))
    reader = SpelledWords(**{name: value for name, value in data.spec.raw.items() if name != "_target_"})
    assert torch.equal(reader.read("Word2 Word3 Word4"), data.rows["train"].inputs[2])


def test_one_file_is_cut_in_its_order(tmp_path: Path) -> None:
    rows = many(50)
    data = made(path=write(tmp_path / "a.txt", rows), held_out=[0.1, 0.2])
    assert [len(data.sentences[split]) for split in SPLITS] == [35, 5, 10]
    cut = [[*zip(*sentence, strict=True)] for split in SPLITS for sentence in data.sentences[split]]
    assert cut == rows


@pytest.mark.parametrize(("given", "missing", "counts"), [("test", "val", (36, 4, 7)), ("val", "test", (32, 7, 8))])
def test_a_missing_split_is_cut_off_training(tmp_path: Path, given: Split, missing: Split, counts: Any) -> None:
    path = {"train": write(tmp_path / "a.txt", many(40)), given: write(tmp_path / "b.txt", many(7)), missing: None}
    data = made(path=path, held_out=[0.1, 0.2])
    assert tuple(len(data.sentences[split]) for split in SPLITS) == counts
    last = data.sentences[missing][-1]
    assert [*zip(*last, strict=True)] == many(40)[-1]
    assert data.origins[missing] == f"the {missing} split of {path['train']}"


def test_training_is_shuffled_by_the_seed_and_the_rest_sorted() -> None:
    draw = partial(parts_of_speech, count=200)
    first, again, other = (made(path=None, generate=lambda _: draw(0), seed=seed) for seed in (0, 0, 1))

    def batches(data: TaggedTextData, split: Split) -> list[list[int]]:
        return [batch.lengths.tolist() for batch in data.loader(split)]

    assert batches(first, "train") == batches(again, "train") != batches(other, "train")
    lengths = [length for batch in batches(first, "test") for length in batch]
    assert lengths == sorted(lengths)


def test_the_baseline_and_the_summary() -> None:
    splits: dict[Split, list[TaggedSentence]] = {
        "train": [TaggedSentence(("a", "dog", "ran"), ("DET", "NOUN", "VERB"))] * 3,
        "val": [TaggedSentence(("ran",), ("VERB",))],
        "test": [TaggedSentence(("a", "cat", "ran", "a"), ("DET", "NOUN", "VERB", "NOUN"))],
    }
    data = made(path=None, generate=lambda _: splits)
    assert data.baseline() == {"accuracy": 0.5}  # "cat" ends as nothing else, and any tag is as frequent
    summary = data.describe()
    assert summary["sentences"] == "3 train, 1 val, 1 test"
    assert summary["length"] == "3 words in the median, 4 at most"
    assert summary["tags"] == "DET, NOUN, VERB"
    assert summary["vocabulary"] == "5 words, 75.0 % of the test known"
    assert "skipped" not in summary


def test_bad_sentences_are_left_out_and_counted(tmp_path: Path) -> None:
    path = Path(write(tmp_path / "a.txt", many(40)))
    path.write_text(path.read_text() + "nothing\n")
    with pytest.raises(ValueError, match=r"a.txt:141: expected 2 columns as above, got 1 in 'nothing'"):
        made(path=path)
    data = made(path=path, on_error="skip")
    assert sum(len(data.sentences[split]) for split in SPLITS) == 40
    assert data.describe()["skipped"].startswith(f"1 skipped, the first: {path}:141: expected 2 columns")
    with pytest.raises(
        ValueError, match=r"a.txt: expected tagged sentences, got none \(41 skipped, the first: .*a.txt:1: "
    ):
        made(path=path, on_error="skip", format=partial(columns, tag=2))


def test_pretrained_vectors(tmp_path: Path) -> None:
    vectors = tmp_path / "vectors.txt"
    vectors.write_text("word1 1 2\nword3 3 4\n")
    data = made(path=write(tmp_path / "a.txt", many(60)), vectors=vectors)
    assert data.vectors is not None
    index = Vocabulary.from_json(data.spec.vocabulary or "").tokens.index("word3")
    assert data.vectors.shape == (data.spec.input_size, 2)
    assert data.vectors[index].tolist() == [3, 4]
    assert data.describe()["vectors"].startswith("for ")


ONE_TAG = [[("a", "x")]] * 30


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        ([], many(4), r"train.txt: expected tagged sentences, got none"),
        (many(20), [], r"test.txt: expected tagged sentences, got none"),
        (ONE_TAG, ONE_TAG, r"train.txt: expected at least two classes, got only 'x'"),
        (many(20), [[("b", "z")]], r"test.txt: 'z' is no training label, those are: even, odd"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path, train: Rows, test: Rows, message: str) -> None:
    path = {"train": write(tmp_path / "train.txt", train), "test": write(tmp_path / "test.txt", test)}
    with pytest.raises(ValueError, match=message):
        made(path=path | {"val": path["train"]})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": None}, "expected the path of a file or a function that generates sentences, got neither"),
        ({"path": "a", "on_error": "ignore"}, "on_error must be 'stop' or 'skip', got 'ignore'"),
        ({"path": {"train": "a", "dev": "b"}}, "expected a file for train and .*, got {'train': 'a', 'dev': 'b'}"),
        ({"path": "a", "held_out": [0.5, 0.5]}, r"held_out must be two fractions above 0, .* got \[0.5, 0.5\]"),
        ({"path": "a", "held_out": [0.1]}, r"held_out must be two fractions above 0, .* got \[0.1\]"),
        ({"path": __file__, "words": {"longest": 0}, "generate": None}, "."),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_ud_ewt_and_wikigold() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs the data sets $SEQMODELS_DATA/ud_ewt and $SEQMODELS_DATA/wikigold")
    folder = Path(os.environ["SEQMODELS_DATA"])
    names = zip(SPLITS, ("dev", "dev", "test"), strict=True)  # of the training split's size, everything takes longer
    path = {split: folder / f"ud_ewt/en_ewt-ud-{name}.conllu.gz" for split, name in names}
    treebank = made(path=path, format=conllu)
    assert treebank.spec.output_size == 17
    wikigold = made(path=folder / "wikigold/wikigold.conll.txt", format=columns, held_out=[0.1, 0.2])
    assert [len(wikigold.sentences[split]) for split in SPLITS] == [1186, 170, 340]
    assert wikigold.spec.classes == ("I-LOC", "I-MISC", "I-ORG", "I-PER", "O")
    assert wikigold.baseline() == pytest.approx({"accuracy": 0.859, "entity_f1": 0.265}, abs=0.001)
