"""A file is found where it should be looked for, and read as text whatever it is compressed with."""

import gzip
import hashlib
import tarfile
from pathlib import Path

import pytest

from seqmodels.data import files
from seqmodels.data.files import archived, decoded, is_archive, locate, numbered, open_text

SUM = hashlib.sha256(b"text").hexdigest()
REMOTE = {"name": "set/a.txt", "url": "https://example.org/a.txt", "sha256": SUM}


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The user's folder and the cache."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    monkeypatch.setenv("SEQMODELS_DATA", str(data))
    monkeypatch.setenv("SEQMODELS_CACHE", str(cache))
    return data, cache


def put(path: Path, content: bytes = b"text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_path_is_that_path(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt")
    assert locate(path) == locate(str(path)) == path


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = put(tmp_path / "a.txt")
    assert locate("~/a.txt") == path


def test_a_missing_path_is_said_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        locate("no/such.csv")
    assert str(caught.value) == f"there is no file 'no/such.csv': looked at {tmp_path / 'no/such.csv'}"


def test_the_users_folder_comes_before_the_cache(folders: tuple[Path, Path]) -> None:
    data, cache = folders
    cached = put(cache / "set/a.txt")
    assert locate(REMOTE) == cached
    own = put(data / "set/a.txt")
    assert locate(REMOTE) == own


def test_what_is_nowhere_is_downloaded_into_the_cache(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    monkeypatch.setattr(files, "download", lambda *arguments: calls.append(arguments) or arguments[-1])
    assert locate(REMOTE) == folders[1] / "set/a.txt"
    assert calls == [(REMOTE["url"], REMOTE["sha256"], folders[1] / "set/a.txt")]


def test_a_failed_download_says_where_the_file_could_be_put(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError("cannot download")

    monkeypatch.setattr(files, "download", fail)
    with pytest.raises(ConnectionError, match=r"^cannot download; or put the file at \$SEQMODELS_DATA/set/a.txt$"):
        locate(REMOTE)


def test_the_cache_has_a_place_of_its_own_unless_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEQMODELS_CACHE", raising=False)
    assert files.cache_folder() == Path.home() / ".cache/seqmodels"


@pytest.mark.parametrize("source", [{"name": "a"}, {}, REMOTE | {"file": "b"}])
def test_a_download_needs_its_sum(source: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"a file is given by name, url, sha256 .*, got "):
        locate(source)


def test_lines_keep_their_ends_and_lose_the_byte_order_mark(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", b"\xef\xbb\xbfone\r\ntw\xc3\xb6\n\nlast")
    assert list(open_text(path)) == ["one\r\n", "twö\n", "\n", "last"]


def test_gzip_is_told_by_its_content(tmp_path: Path) -> None:
    packed = put(tmp_path / "plain.txt", gzip.compress(b"a\nb\n"))
    plain = put(tmp_path / "packed.txt.gz", b"a\nb\n")
    assert list(open_text(packed)) == list(open_text(plain)) == ["a\n", "b\n"]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert list(open_text(put(tmp_path / "a.txt", b""))) == []


def test_bytes_that_are_no_text_are_located(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", b"fine\ncaf\xe9\n")
    with pytest.raises(ValueError, match=r"a.txt:2: not UTF-8 text: byte 0xe9"):
        list(open_text(path))


def test_a_file_with_a_page_must_be_fetched_by_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_DATA", str(tmp_path))
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    source = {"name": "set/a.txt", "page": "https://example.org/set"}
    with pytest.raises(
        FileNotFoundError, match=r"nor \$SEQMODELS_DATA/set/a.txt: get it from https://example.org/set$"
    ):
        locate(source)
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a.txt").write_text("a")
    assert locate(source) == tmp_path / "set" / "a.txt"


def test_lines_have_their_place_whatever_is_in_them(tmp_path: Path) -> None:
    path = put(tmp_path / "a.txt", gzip.compress(b"\xef\xbb\xbfone\ncaf\xe9\n"))
    (first, one), (second, bad) = numbered(path)
    assert (first, second) == (f"{path}:1", f"{path}:2")
    assert decoded(one) == "one\n"
    with pytest.raises(ValueError, match=r"^not UTF-8 text: byte 0xe9, invalid continuation byte$"):
        decoded(bad)


def test_what_cannot_be_read_to_its_end_is_named(tmp_path: Path) -> None:
    for name, content in (("cut.gz", gzip.compress(b"one\ntwo\n")[:-9]), ("bad.gz", b"\x1f\x8bnothing like it")):
        for read in (open_text, numbered):
            with pytest.raises(ValueError, match=rf"^{tmp_path}/{name} cannot be read: ") as caught:
                list(read(put(tmp_path / name, content)))
            assert "\n" not in str(caught.value)


def test_only_the_files_wanted_are_read_from_an_archive(tmp_path: Path) -> None:
    for name in ("in/a.txt", "in/b.txt", "in/c.wav"):
        put(tmp_path / name, name.encode())
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "in", "in")
    found = dict(archived(tmp_path / "a.tar.gz", lambda name: name != "in/b.txt"))
    assert found == {"in/a.txt": b"in/a.txt", "in/c.wav": b"in/c.wav"}
    assert is_archive(tmp_path / "a.tar.gz")
    assert not is_archive(tmp_path / "in")
    with pytest.raises(ValueError, match=r"a.txt: not a whole tar archive: ") as caught:
        list(archived(tmp_path / "in" / "a.txt", lambda _: True))
    assert "\n" not in str(caught.value)
