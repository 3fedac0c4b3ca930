"""Tagged sentences are read as their formats say; what cannot be read is named by file and line, or left out."""

import gzip
import os
from collections import Counter
from pathlib import Path

import pytest

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.tagged_columns import TaggedSentence, by_suffix, columns, conllu

COMMENT = "# sent_id = 1\n"


def row(number: str, form: str, upos: str, xpos: str = "_") -> str:
    return f"{number}\t{form}\t_\t{upos}\t{xpos}\t_\t0\t_\t_\t_\n"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path, **arguments: str | int) -> list[TaggedSentence]:
    return list(by_suffix(path, RowErrors(), **arguments))  # type: ignore[arg-type]


def test_conllu_without_comments_multiword_tokens_and_empty_nodes(tmp_path: Path) -> None:
    text = (
        f"{COMMENT}# text = Don't go.\n"
        + row("1-2", "Don't", "_")
        + row("1", "Do", "AUX", "VBP")
        + row("2", "n't", "PART", "RB")
        + row("2.1", "you", "PRON", "PRP")
        + row("3", "go", "VERB", "VB")
        + f"\n\n{COMMENT}\n"
        + row("1", "10 000", "NUM", "CD")
    )
    path = write(tmp_path / "a.conllu", text)
    assert read(path) == [(("Do", "n't", "go"), ("AUX", "PART", "VERB")), (("10 000",), ("NUM",))]
    assert read(path, tag="xpos")[0].tags == ("VBP", "RB", "VB")
    assert read(write(tmp_path / "a.conllu.gz", gzip.compress(text.encode()))) == read(path)


def test_columns_with_blanks_or_tabs(tmp_path: Path) -> None:
    articles = [
        "\ufeff-DOCSTART- -X- O\n\nAda NNP I-PER\r\nran\tVBD  O\r\n \r\n\n",
        "-DOCSTART- -X- O\nin IN O\nNew\u00a0York NNP I-LOC",
    ]
    path = write(tmp_path / "a.txt", "".join(articles))
    assert read(path) == [(("Ada", "ran"), ("I-PER", "O")), (("in", "New\u00a0York"), ("O", "I-LOC"))]
    assert read(path, tag=1)[0].tags == ("NNP", "VBD")
    assert read(path, word=-1, tag=0)[0] == (("I-PER", "O"), ("Ada", "ran"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.conllu", row("1", "a", "DET") + "2\tb\tNOUN\n", r"a.conllu:2: expected 10 columns .* got 3$"),
        ("a.conllu", row("1", "", "DET"), r"a.conllu:1: expected a word and its tag, got '' and 'DET'$"),
        (
            "a.conllu",
            row("1", "a", "_"),
            r"a.conllu:1: expected a tag in the column 'upos', got '_'",
        ),
        ("a.conllu", row("x", "a", "DET"), r"a.conllu:1: expected the number of a word .*, got 'x'$"),
        ("a.conllu", b"# \xe9\n", r"a.conllu:1: not UTF-8 text: byte 0xe9"),
        ("a.txt", "a O\nb\n", r"a.txt:2: expected 2 columns as above, got 1 in 'b'$"),
        ("a.txt", "a O\nb O O\n", r"a.txt:2: expected 2 columns as above, got 3 in 'b O O'$"),
        ("a.txt", "word\n", r"a.txt:1: expected a word and its tag, got 'word'$"),
        ("a.txt", b"a O\n\nna\xefve O\n", r"a.txt:3: not UTF-8 text: byte 0xef"),
        ("a.txt.gz", gzip.compress(b"a O\n" * 99, mtime=0)[:20], r"a.txt.gz cannot be read: Compressed file ended"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(write(tmp_path / name, text))


def test_a_bad_line_spoils_its_sentence_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"a O\nb O\n\nc O\nd\ne\n\n\xff O\n\nf O\n")
    errors = RowErrors("skip")
    assert [sentence.words for sentence in columns(path, errors)] == [("a", "b"), ("f",)]
    assert errors.skipped == 2
    assert errors.first.endswith("a.txt:5: expected 2 columns as above, got 1 in 'd'")


def test_an_empty_file_has_no_sentences(tmp_path: Path) -> None:
    assert read(write(tmp_path / "b.txt", "\ufeff\n")) == []
    assert read(write(tmp_path / "a.txt", "")) == read(write(tmp_path / "a.conllu", "\n\n# nothing\n")) == []


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^CoNLL-U has no column 'pos', but: id, form, lemma, upos"):
        read(write(tmp_path / "a.conllu", row("1", "a", "DET")), tag="pos")
    path = write(tmp_path / "a.txt", "a O\n")
    with pytest.raises(ValueError, match=r"a.txt have no names but numbers, such as 0 and -1, got 0 and 'tag'$"):
        read(path, tag="tag")
    with pytest.raises(ValueError, match=r"a.txt:1: expected the columns 0 and 2, got 2 in 'a O'$"):
        read(path, tag=2)


def test_ud_ewt_and_wikigold() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs the data sets $SEQMODELS_DATA/ud_ewt and $SEQMODELS_DATA/wikigold")
    folder = Path(os.environ["SEQMODELS_DATA"])
    treebank = list(conllu(folder / "ud_ewt/en_ewt-ud-test.conllu.gz", RowErrors()))
    assert (len(treebank), sum(len(sentence.words) for sentence in treebank)) == (2077, 25094)
    names = list(columns(folder / "wikigold/wikigold.conll.txt", RowErrors()))
    assert (len(names), sum(len(sentence.words) for sentence in names)) == (1696, 39007)
    assert set(Counter(tag for sentence in names for tag in sentence.tags)) == {
        "O",
        "I-PER",
        "I-LOC",
        "I-ORG",
        "I-MISC",
    }
