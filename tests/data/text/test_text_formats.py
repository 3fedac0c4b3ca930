"""Every format gives the texts and labels that are in the file, and says where a file is wrong."""

import gzip
import json
import tarfile
from pathlib import Path

import pytest

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.formats import LabelledText, aligned, by_suffix, documents, label_first

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


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "body,label\nx,y\n", r"a.csv has no column 'text', but: 'body', 'label'"),
        ("a.csv", "text,label\nx,y\nz\n", r"a.csv:3: expected a text under 'label', got None"),
        ("a.tsv", "text\tlabel\n\ty\n", r"a.tsv:2: expected a text under 'text', got ''"),
        ("a.jsonl", '{"body": "x", "label": 1}', r"a.jsonl:1: there is no key 'text', but: 'body', 'label'"),
        ("a.txt", "pos x\n\nneg\n", r"a.txt:3: expected a text, got None"),
        ("a.txt", b"pos x\npos caf\xe9\n", r"a.txt:2: not UTF-8 text: byte 0xe9"),
        ("a.txt.gz", gzip.compress(b"pos x\n" * 99, mtime=0)[:20], r"a.txt.gz cannot be read: Compressed file"),
        ("a.tar", b"no archive", r"a.tar: not a whole tar archive: "),
        ("a.tar.xz", b"", r"a.tar.xz: not a whole tar archive: "),
    ],
)
def test_a_bad_row_is_located(tmp_path: Path, name: str, content: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        list(by_suffix(put(tmp_path / name, content), RowErrors()))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.jsonl", "a.train"])
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


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "message"), [(b"", "expected a text"), (b" ", "expected a text"), (b"caf\xe9", "not UTF-8 text")]
)
def test_a_bad_document_is_named(tmp_path: Path, content: bytes, message: str, packed: bool) -> None:
    path = put(tmp_path / "in/pos/1.txt", content).parents[1]
    if packed:
        with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as archive:
            archive.add(path / "pos", "pos")
        path = tmp_path / "a.tar.xz"
    with pytest.raises(ValueError, match=f"{path}/pos/1.txt: {message}"):
        list(documents(path, RowErrors()))


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_an_archive_that_ends_before_its_time_is_named_in_one_line(tmp_path: Path, kind: str) -> None:
    for number in range(20):
        put(tmp_path / f"in/pos/{number}.txt", f"{number} " * 500)
    with tarfile.open(tmp_path / f"a.tar.{kind}", f"w:{kind}") as archive:
        archive.add(tmp_path / "in", "in")
    path = tmp_path / f"a.tar.{kind}"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=rf"a.tar.{kind}: not a whole tar archive: ") as caught:
        list(documents(path, RowErrors(), folder="in"))
    assert "\n" not in str(caught.value)


def test_bad_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    errors = RowErrors("skip")
    path = put(tmp_path / "a.txt", b"1 x\n2\n3\n4\n\xff y\n7 w\n")
    assert list(by_suffix(path, errors)) == [LabelledText("x", "1"), LabelledText("w", "7")]
    assert errors.describe() == f"4 skipped, the first: {path}:2: expected a text, got None"


@pytest.mark.parametrize("content", [b" ", b"caf\xe9"])
def test_bad_documents_are_skipped(tmp_path: Path, content: bytes) -> None:
    put(tmp_path / "pos/1.txt", content)
    put(tmp_path / "pos/2.txt", "fine")
    errors = RowErrors("skip")
    assert list(documents(tmp_path, errors)) == [LabelledText("fine", "pos")]
    assert errors.skipped == 1


def lines_beside(folder: Path, index: str | bytes, texts: str | bytes) -> Path:
    put(folder / "index.txt", index)
    put(folder / "texts.txt", texts)
    return folder


def test_texts_and_labels_lie_in_two_files(tmp_path: Path) -> None:
    folder = lines_beside(tmp_path, "0\ttrain\tx\n1\ttest\ty\n2\ttrain\tz\n", "a b\nc\nd\n")
    read = {
        split: list(aligned(folder, RowErrors(), texts="texts.txt", index="index.txt", split=split))
        for split in ("train", "test")
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
            r"index.txt:1: expected a name, a split and a label with tabs between, got \['0 train x'\]",
        ),
        ("0\ttrain\tx\n", "  \n", r"texts.txt:1: expected a text, got '  "),
        (
            "0\ttrain\t\n",
            "a\n",
            r"index.txt:1: expected a name, a split and a label with tabs between, got \['0', 'train', ''\]",
        ),
        ("\n", "a\n", r"index.txt:1: expected a name, a split and a label with tabs between, got \[''\]"),
        (b"0\ttrain\t\xe9\n", "a\n", r"index.txt:1: not UTF-8 text: byte 0xe9"),
        ("0\ttrain\tx\n", b"caf\xe9\n", r"texts.txt:1: not UTF-8 text: byte 0xe9"),
    ],
)
def test_files_that_do_not_go_together(tmp_path: Path, index: str | bytes, texts: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(
            aligned(
                lines_beside(tmp_path, index, texts), RowErrors(), texts="texts.txt", index="index.txt", split="train"
            )
        )


def test_a_missing_half_is_named(tmp_path: Path) -> None:
    put(tmp_path / "index.txt", "0\ttrain\tx\n")
    with pytest.raises(ValueError, match=r"texts.txt cannot be read: .*No such file"):
        list(aligned(tmp_path, RowErrors(), texts="texts.txt", index="index.txt", split="train"))
