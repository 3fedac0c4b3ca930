"""What is prepared is made once for each key, and is there as a whole or not at all."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqmodels.data.prepared import clear, contents, fingerprint, prepared


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
    assert sorted(path.name for path in folder.iterdir()) == ["key.json", "whole"]


def test_of_two_that_make_the_same_at_a_time_the_first_ones_is_kept(cache: Path) -> None:
    def late(folder: Path) -> None:
        prepared({"a": 1}, lambda first: (first / "first").touch())
        (folder / "late").touch()

    folder = prepared({"a": 1}, late)
    assert sorted(path.name for path in folder.iterdir()) == ["first", "key.json"]
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


@contextmanager
def another_process(folder: Path) -> Iterator[int]:
    """Its number. It fills a folder beside and does not come to an end."""

    def endless(unfinished: Path) -> None:
        (unfinished / "half").write_text("half")
        os.write(end, b"begun")
        time.sleep(60)

    begin, end = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            prepared({"another": str(folder)}, endless)
        finally:
            os._exit(1)
    assert os.read(begin, 5) == b"begun"
    try:
        yield process
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        os.close(begin)
        os.close(end)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_what_a_killed_process_left_is_removed_and_what_another_makes_is_not(cache: Path) -> None:
    with another_process(cache):
        (unfinished,) = (cache / "prepared").iterdir()
        folder = prepared({"a": 1}, lambda folder: (folder / "whole").touch())
        clear()
        assert [path.name for path in unfinished.iterdir()] == ["half"]
        assert not folder.exists()
    assert unfinished.exists()
    folder = prepared({"a": 1}, lambda folder: (folder / "whole").touch())
    assert list((cache / "prepared").iterdir()) == [folder]


def test_the_contents_name_the_files_and_can_be_cleared(tmp_path: Path, cache: Path) -> None:
    assert contents() == []
    clear()
    small, large = tmp_path / "small", tmp_path / "large"
    for path in (small, large):
        path.write_text("abc")
    one = prepared({"b": fingerprint(small), "reader": ["x", fingerprint(Path(__file__))]}, lambda _: None)
    two = prepared(
        {"a": [fingerprint(large), fingerprint(small)], "c": {"d": [1]}},
        lambda folder: (folder / "values").write_bytes(bytes(10_000)),
    )
    assert [(each.folder, each.files) for each in contents()] == [(two, [str(large), str(small)]), (one, [str(small)])]
    assert contents()[0].size == 10_000 + (two / "key.json").stat().st_size
    clear()
    assert contents() == []
    assert list((cache / "prepared").iterdir()) == []
