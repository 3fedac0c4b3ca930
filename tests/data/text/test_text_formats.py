"""Every format gives the texts and labels that are in the file, and says where a file is wrong."""

import csv
import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.formats import LabelledText, aligned, by_suffix, documents, json_lines, label_first, table

GOOD = [LabelledText("A fine film, indeed", "pos"), LabelledText('not "fine" at all', "neg")]
CONTENTS = {
    "a.csv": 'id,label,text\n1,pos,"A fine film, indeed"\n2,neg,"not ""fine"" at all"\n',
    "a.tsv": 'text\tlabel\nA fine film, indeed\tpos\nnot "fine" at all\tneg\n',
    "a.jsonl": "\n".join(json.dumps({"label": label, "text": text}) for text, label, _ in GOOD),
    "a.train": 'pos A fine film, indeed\n\nneg\tnot "fine" at all\n',
}


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("name", CONTENTS)
def test_the_name_tells_the_format(tmp_path: Path, name: str) -> None:
    assert list(by_suffix(put(tmp_path / name, CONTENTS[name]), RowErrors())) == GOOD
    packed = gzip.compress(CONTENTS[name].encode())
    assert list(by_suffix(put(tmp_path / f"{name.upper()}.gz", packed), RowErrors())) == GOOD


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_columns_have_any_name(tmp_path: Path, name: str) -> None:
    renamed = CONTENTS[name].replace("text", "body").replace("label", "stars")
    assert list(by_suffix(put(tmp_path / name, renamed), RowErrors(), text="body", label="stars")) == GOOD


text = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1).filter(str.strip)


@given(rows=st.lists(st.tuples(text, st.sampled_from("abc"))))
def test_any_text_survives_a_table(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    file = io.StringIO()
    csv.writer(file).writerows([("text", "label"), *rows])
    expected = [LabelledText(text.strip(), label) for text, label in rows]
    assert list(table(put(tmp_path / "a.csv", file.getvalue()), RowErrors())) == expected


@given(rows=st.lists(st.tuples(text, st.integers())))
def test_any_text_survives_json(tmp_path: Path, rows: list[tuple[str, int]]) -> None:
    lines = "\n".join(json.dumps({"text": text, "label": label}) for text, label in rows)
    expected = [LabelledText(text.strip(), str(label)) for text, label in rows]
    assert list(json_lines(put(tmp_path / "a.jsonl", lines), RowErrors())) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "body,label\nx,y\n", r"a.csv has no column 'text', but: 'body', 'label'"),
        ("a.csv", "text,label\nx,y\nz\n", r"a.csv:3: expected a label, got None"),
        ("a.csv", "text,label\n  ,y\n", r"a.csv:2: expected a text, got '  '"),
        ("a.csv", 'text,label\n"x\ny",\n', r"a.csv:3: expected a label, got ''"),
        ("a.csv", "text,label\nwell, yes,y\n", r"a.csv:2: expected 2 fields, got more: \['y'\]"),
        ("a.csv", 'text,label\n"x" y,z\n', r"a.csv:2: not a row of the table: "),
        ("a.csv", 'text,label\n"x,z\n', r"a.csv:2: not a row of the table: "),
        ("a.tsv", "text label\n", r"a.tsv has no column 'text', but: 'text label'"),
        ("a.jsonl", '{"text": "x", "label": 1}\n{"text": ', r"a.jsonl:2: not JSON: "),
        ("a.jsonl", '["x", 1]', r"a.jsonl:1: expected a JSON object, got '\[\"x\", 1\]'"),
        ("a.jsonl", '{"body": "x", "label": 1}', r"a.jsonl:1: there is no key 'text', but: 'body', 'label'"),
        ("a.jsonl", '{"text": "", "label": 1}', r"a.jsonl:1: expected a text, got ''"),
        ("a.jsonl", '{"text": 3, "label": 1}', r"a.jsonl:1: expected a text, got 3"),
        ("a.jsonl", '{"text": "x", "label": null}', r"a.jsonl:1: expected a label, got None"),
        ("a.txt", "pos x\n\nneg\n", r"a.txt:3: expected a text, got None"),
        ("a.txt", b"pos x\npos caf\xe9\n", r"a.txt:2: not UTF-8 text: byte 0xe9"),
        ("a.csv", b"text,label\ncaf\xe9,x\n", r"a.csv:2: not UTF-8 text: byte 0xe9"),
        ("a.csv.gz", gzip.compress(b"text,label\n" + b"x,y\n" * 99)[:20], r"a.csv.gz cannot be read: Compressed file"),
        ("a.tar", b"no archive", r"a.tar cannot be read: "),
    ],
)
def test_a_bad_row_is_located(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        list(by_suffix(put(tmp_path / name, content), RowErrors()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", CONTENTS)
def test_an_empty_file_has_no_texts(tmp_path: Path, name: str) -> None:
    assert list(by_suffix(put(tmp_path / name, ""), RowErrors())) == []


def test_a_label_is_the_first_word(tmp_path: Path) -> None:
    assert list(label_first(put(tmp_path / "a", "1 2 3\n"), RowErrors())) == [LabelledText("2 3", "1")]


FILES = {
    "set/train/pos/1.txt": "fine\nfilm",
    "set/train/neg/0.txt": "no",
    "set/train/unsup/2.txt": "who knows",
    "set/train/urls.txt": "not a document",
    "set/train/pos/notes.md": "nor this",
    "set/test/pos/0.txt": "held out",
}


@pytest.fixture(params=["folder", "archive"])
def collection(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Documents in a folder, and in an archive of it."""
    for name, content in FILES.items():
        put(tmp_path / name, content)
    if request.param == "folder":
        return tmp_path
    with tarfile.open(tmp_path / "all.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "set", "set")
    return tmp_path / "all.tar.gz"


def test_documents_are_labelled_by_their_folder(collection: Path) -> None:
    texts = documents(collection, RowErrors(), folder="set/train", labels=["neg", "pos"])
    assert sorted(texts) == [LabelledText("fine\nfilm", "pos"), LabelledText("no", "neg")]
    assert {text.label for text in documents(collection, RowErrors(), folder="set/train")} == {"neg", "pos", "unsup"}


def test_a_folder_is_read_by_its_name(tmp_path: Path) -> None:
    put(tmp_path / "a/pos/1.txt", "fine")
    assert list(by_suffix(tmp_path / "a", RowErrors())) == [LabelledText("fine", "pos")]


@pytest.mark.parametrize(("content", "message"), [(b" ", "expected a text"), (b"caf\xe9", "not UTF-8 text")])
def test_a_bad_document_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    put(tmp_path / "pos/1.txt", content)
    with pytest.raises(ValueError, match=f"pos/1.txt: {message}"):
        list(documents(tmp_path, RowErrors()))


@pytest.mark.parametrize(
    ("name", "content", "first"),
    [
        ("a.csv", b'text,label\nx,1\n  ,2\ny,3,4\ncaf\xe9,5\n"z" q,6\nw,7\n', r"a.csv:3: expected a text"),
        (
            "a.jsonl",
            b'{"text": "x", "label": 1}\n{\n[]\n{"text": 1}\n\xff\n{"text": "w", "label": 7}\n',
            "a.jsonl:2: not",
        ),
        ("a.txt", b"1 x\n2\n3\n4\n\xff y\n7 w\n", "a.txt:2: expected a text"),
    ],
)
def test_bad_rows_are_skipped_and_counted(tmp_path: Path, name: str, content: bytes, first: str) -> None:
    errors = RowErrors("skip")
    texts = list(by_suffix(put(tmp_path / name, content), errors))
    assert texts == [LabelledText("x", "1"), LabelledText("w", "7")]
    assert errors.skipped == 4
    assert errors.first.startswith(f"{tmp_path}/{first}")


@pytest.mark.parametrize("content", [b" ", b"caf\xe9"])
def test_bad_documents_are_skipped(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "pos/1.txt", content)
    put(tmp_path / "pos/2.txt", "fine")
    errors = RowErrors("skip")
    assert list(documents(tmp_path, errors)) == [LabelledText("fine", "pos")]
    assert errors.skipped == 1


def lines_beside(folder: Path, index: str, texts: str) -> Path:
    put(folder / "index.txt", index)
    put(folder / "texts.txt", texts)
    return folder


def test_texts_and_labels_lie_in_two_files(tmp_path: Path) -> None:
    folder = lines_beside(tmp_path, "0\ttrain\tx\n1\ttest\ty\n2\ttrain\tz\n", "a b\nc\nd\n")
    read = {
        part: list(aligned(folder, RowErrors(), texts="texts.txt", index="index.txt", part=part))
        for part in ("train", "test")
    }
    assert read == {"train": [LabelledText("a b", "x"), LabelledText("d", "z")], "test": [LabelledText("c", "y")]}


@pytest.mark.parametrize(
    ("index", "texts", "message"),
    [
        ("0\ttrain\tx\n", "a\nb\n", r"texts.txt has 2 lines, but .*index.txt 1$"),
        ("0\ttrain\tx\n1\ttrain\tx\n", "a\n", r"texts.txt has 1 lines, but .*index.txt 2$"),
        (
            "0 train x\n",
            "a\n",
            r"index.txt:1: expected a name, a part and a label with tabs between, got \['0 train x'\]",
        ),
        ("0\ttrain\tx\n", "  \n", r"index.txt:1: expected a text, got '  "),
        ("0\ttrain\t\n", "a\n", r"index.txt:1: expected a label, got ''"),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, index: str, texts: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(
            aligned(
                lines_beside(tmp_path, index, texts), RowErrors(), texts="texts.txt", index="index.txt", part="train"
            )
        )


def test_a_missing_half_is_named(tmp_path: Path) -> None:
    put(tmp_path / "index.txt", "0\ttrain\tx\n")
    with pytest.raises(ValueError, match=r"texts.txt cannot be read: .*No such file"):
        list(aligned(tmp_path, RowErrors(), texts="texts.txt", index="index.txt", part="train"))
