"""A tree gives its sentence and every phrase of it."""

import gzip
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.formats import LabelledText
from seqmodels.data.text.phrase_trees import FINE, trees
from seqmodels.data.text.store import with_phrases

TREE = r"(3 (2 (2 An) (3 (4 un\/usual) (2 film))) (2 -LRB-))"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


def test_a_sentence_and_its_phrases(tmp_path: Path) -> None:
    (sentence,) = trees(write(tmp_path / "a.txt", TREE, ""), RowErrors(), fine=True)
    assert sentence[:2] == ("An un/usual film (", "positive")
    assert sorted(sentence.phrases) == [
        LabelledText("(", "neutral"),
        LabelledText("An", "neutral"),
        LabelledText("An un/usual film", "neutral"),
        LabelledText("film", "neutral"),
        LabelledText("un/usual", "very positive"),
        LabelledText("un/usual film", "positive"),
    ]


def test_two_classes_leave_out_what_is_neutral(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", TREE, "(2 (4 a) (0 b))", "(0 (1 c) (2 d))")
    one, two = trees(path, RowErrors())
    assert sorted(one.phrases) == [
        LabelledText("un/usual", "positive"),
        LabelledText("un/usual film", "positive"),
    ]
    assert two == LabelledText("c d", "negative", (LabelledText("c", "negative"),))


def test_whole_sentences_only(tmp_path: Path) -> None:
    assert [text.phrases for text in trees(write(tmp_path / "a.txt", TREE), RowErrors(), phrases=False)] == [()]


Node = st.recursive(
    st.tuples(st.sampled_from("01234"), st.text("abc", min_size=1)),
    lambda nodes: st.tuples(st.sampled_from("01234"), st.lists(nodes, min_size=1, max_size=3)),
)


def as_text(node: tuple) -> str:
    label, content = node
    return f"({label} {content if isinstance(content, str) else ' '.join(map(as_text, content))})"


def expected(node: tuple) -> list[tuple[str, str]]:
    """Every phrase and its class, the phrase of the node itself first."""
    label, content = node
    if isinstance(content, str):
        return [(content, FINE[label])]
    parts = [expected(child) for child in content]
    whole = " ".join(part[0][0] for part in parts)
    return [(whole, FINE[label]), *(phrase for part in parts for phrase in part)]


@given(node=Node)
def test_any_tree(tmp_path: Path, node: tuple) -> None:
    (sentence,) = trees(write(tmp_path / "a.txt", as_text(node)), RowErrors(), fine=True)
    whole, *parts = expected(node)
    assert sentence[:2] == whole
    assert sorted(phrase[:2] for phrase in sentence.phrases) == sorted(parts)


@pytest.mark.parametrize(
    "line",
    ["(3 (2 a) (2 b)", "(3 a))", "(3 a) (2 b)", "(7 a)", "(3)", "(3 (2 a) (2))", "a b", "()", "3 a film"],
)
def test_what_is_no_tree_is_located(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match=r"a.txt:2: expected one tree like"):
        list(trees(write(tmp_path / "a.txt", TREE, line), RowErrors()))
    errors = RowErrors("skip")
    assert len(list(trees(tmp_path / "a.txt", errors))) == errors.skipped == 1


def test_other_bytes_and_empty_files(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TREE.encode() + b"\n(3 caf\xe9)\n")
    with pytest.raises(ValueError, match=r"a.txt:2: not UTF-8 text: byte 0xe9"):
        list(trees(tmp_path / "a.txt", RowErrors()))
    assert len(list(trees(tmp_path / "a.txt", RowErrors("skip")))) == 1
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(TREE.encode() * 9)[:20])
    with pytest.raises(ValueError, match=r"a.txt.gz cannot be read: Compressed file ended"):
        list(trees(tmp_path / "a.txt.gz", RowErrors()))
    assert list(trees(write(tmp_path / "b.txt"), RowErrors())) == []


@pytest.mark.parametrize(
    ("fine", "sentences", "phrases"),
    [(False, (6920, 872, 1821), 67_349), (True, (8544, 1101, 2210), 159_274)],
)
def test_the_treebank_has_its_published_size(fine: bool, sentences: tuple[int, ...], phrases: int) -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs the Stanford Sentiment Treebank at $SEQMODELS_DATA/sst")
    folder = Path(os.environ["SEQMODELS_DATA"]) / "sst"
    files = [folder / f"trees_{split}.txt.gz" for split in ("train", "dev", "test")]
    splits = [list(trees(file, RowErrors(), fine=fine)) for file in files]
    assert tuple(map(len, splits)) == sentences
    assert len(with_phrases(splits[0])) == phrases
