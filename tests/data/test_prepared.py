"""What is prepared is made once for each key, and is there as a whole or not at all."""

import os
from pathlib import Path

import pytest

from seqmodels.data.prepared import fingerprint, prepared


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_it_is_made_once_for_each_key() -> None:
    made: list[int] = []

    def make(folder: Path) -> None:
        made.append(len(made))
        (folder / "number").write_text(str(made[-1]))

    first, again = prepared({"a": 1, "b": [2]}, make), prepared({"b": [2], "a": 1}, make)
    other = prepared({"a": 1, "b": [3]}, make)
    assert first == again != other
    assert made == [0, 1]
    assert [(folder / "number").read_text() for folder in (first, other)] == ["0", "1"]


@pytest.mark.parametrize("error", [ValueError("a bad line"), KeyboardInterrupt()])
def test_what_was_interrupted_is_made_anew(cache: Path, error: BaseException) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise error

    with pytest.raises(type(error)):
        prepared({"a": 1}, broken)
    assert list((cache / "prepared").iterdir()) == []
    folder = prepared({"a": 1}, lambda folder: (folder / "whole").touch())
    assert [path.name for path in folder.iterdir()] == ["whole"]


def test_of_two_that_make_the_same_at_a_time_the_first_ones_is_kept(cache: Path) -> None:
    def late(folder: Path) -> None:
        prepared({"a": 1}, lambda first: (first / "first").touch())
        (folder / "late").touch()

    folder = prepared({"a": 1}, late)
    assert [path.name for path in folder.iterdir()] == ["first"]
    assert list((cache / "prepared").iterdir()) == [folder]


def test_what_cannot_be_kept_is_an_error(cache: Path) -> None:
    def make(folder: Path) -> None:
        folder.rmdir()

    with pytest.raises(FileNotFoundError):
        prepared({"a": 1}, make)


def test_a_changed_file_has_another_fingerprint(tmp_path: Path) -> None:
    path, link = tmp_path / "text", tmp_path / "link"
    path.write_text("abc")
    link.symlink_to(path)
    before = fingerprint(path)
    assert before == fingerprint(link) == [str(path.resolve()), 3, path.stat().st_mtime_ns]
    os.utime(path, ns=(0, 1))
    touched = fingerprint(path)
    path.write_text("abcd")
    assert len({str(each) for each in (before, touched, fingerprint(path))}) == 3
