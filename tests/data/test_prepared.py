"""An entry is made once for each key and content of its sources, and is there as a whole or not at all."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from seqmodels.data import checksums, manifest
from seqmodels.data.checksums import FileState, verify_always
from seqmodels.data.prepared import clear, contents, prepared, remove_damaged
from tests.data.cache_entries import entries, forget

Make = Callable[[Path], None]
NEVER: Any = None


def touch(name: str) -> Make:
    return lambda folder: (folder / name).touch()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("abc")
    return path


def copied(source: Path) -> str:
    """Read a source through the cache."""
    folder = prepared({}, [source], lambda folder: (folder / "copy").write_bytes(source.read_bytes()) and None)
    return (folder / "copy").read_text()


def note_times(source: Path, *, seconds_later: float) -> None:
    """Let the only entry have the present times of a source, as if it had been made of it so long after the change."""
    status = source.stat()
    (entry,) = contents()
    noted = manifest.Manifest.read(entry.folder)
    state = noted.sources[str(source)]
    assert state is not None
    seen = max(status.st_mtime_ns, status.st_ctime_ns) + int(seconds_later * 1e9)
    times = FileState(state.size, status.st_mtime_ns, status.st_ctime_ns, seen, state.sha256)
    noted._replace(sources={str(source): times}).write(entry.folder)


def test_it_is_made_once_for_each_key_and_path(source: Path, tmp_path: Path) -> None:
    made: list[int] = []

    def make(folder: Path) -> None:
        made.append(len(made))
        (folder / "number").write_text(str(made[-1]))

    other = shutil.copy(source, tmp_path / "other")
    first = prepared({"a": 1, "b": [2]}, [source], make)
    assert prepared({"b": [2], "a": 1}, iter([source]), make) == first
    others = [prepared({"a": 1, "b": [3]}, [source], make), prepared({"a": 1, "b": [2]}, [other], make)]
    assert [(folder / "number").read_text() for folder in (first, *others)] == ["0", "1", "2"]
    assert made == [0, 1, 2]


@pytest.mark.parametrize("error", [ValueError("a bad line"), KeyboardInterrupt()])
def test_what_was_interrupted_is_made_again(cache: Path, error: BaseException) -> None:
    def broken(folder: Path) -> None:
        (folder / "half").touch()
        raise error

    with pytest.raises(type(error)):
        prepared({}, [], broken)
    assert entries(cache) == []
    folder = prepared({}, [], touch("whole"))
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "manifest.json", "whole"]


def test_of_two_that_make_the_same_at_a_time_the_first_ones_is_kept(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def late(folder: Path) -> None:
        prepared({}, [], touch("first"))
        (folder / "late").touch()

    folder = prepared({}, [], late)
    assert sorted(path.name for path in folder.iterdir()) == ["first", "lock", "manifest.json"]
    assert entries(cache) == [folder]
    assert capsys.readouterr() == ("", "")


def test_an_entry_that_cannot_be_kept_is_an_error(cache: Path) -> None:
    with pytest.raises(OSError, match=f"cannot write to {cache / 'prepared'}: No such file or directory"):
        prepared({}, [], shutil.rmtree)


def test_a_source_that_was_touched_or_replaced_by_a_copy_is_not_read_again(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(manifest, "MAX_BYTES_HASHED_ALWAYS", -1)
    monkeypatch.setattr(checksums, "MIN_AGE_NS", -(10**18))  # whatever the age of the files
    folder = prepared({}, [source], touch("whole"))
    for change in (lambda: os.utime(source, (0, 0)), lambda: Path(shutil.copy(source, tmp_path / "a")).replace(source)):
        change()
        assert prepared({}, [source], NEVER) == folder
        with monkeypatch.context() as patch:  # its new times were noted
            patch.setattr(checksums.hashlib, "file_digest", None)
            assert prepared({}, [source], NEVER) == folder
    assert capsys.readouterr() == ("", "")


def test_a_source_that_was_young_is_read_once_more_when_it_is_old_and_then_no_longer(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared({}, [source], touch("whole"))
    later, read, file_state = time.time_ns() + 10**10, [], checksums.file_state
    monkeypatch.setattr(checksums, "time", SimpleNamespace(time_ns=lambda: later))
    monkeypatch.setattr(checksums, "file_state", lambda path: read.append(path.name) or file_state(path))
    for _ in range(3):
        assert prepared({}, [source], NEVER) == folder
    assert read == ["source", "lock", "whole", "lock", "whole", "lock", "whole"]


@pytest.mark.parametrize(
    ("content", "reason"), [("abcd", "has 4 bytes, expected 3"), ("abd", "has another SHA-256 sum than before")]
)
def test_a_changed_source_is_read_again(
    source: Path, cache: Path, content: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert copied(source) == "abc"
    modified = source.stat().st_mtime_ns
    source.write_text(content)
    os.utime(source, ns=(modified, modified))
    assert copied(source) == content
    (folder,) = entries(cache)
    assert capsys.readouterr().err == f"seqmodels: the cache entry {folder} is made again: {source} {reason}\n"
    assert copied(source) == content
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds_later", "verify", "expected"),
    [(0, False, "abd"), (1.9, False, "abd"), (2.1, False, "abc"), (2.1, True, "abd")],
)
def test_a_change_that_the_times_do_not_show_is_noticed_where_the_source_was_young_or_when_asked_for(
    source: Path, seconds_later: float, verify: bool, expected: str
) -> None:
    copied(source)
    source.write_text("abd")
    note_times(source, seconds_later=seconds_later)
    with verify_always(verify):
        assert copied(source) == expected


def test_a_source_that_was_missing_and_comes_later_is_read(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source.unlink()
    folder = prepared({}, [source], touch("without"))
    assert prepared({}, [source], NEVER) == folder
    source.write_text("abc")
    assert (prepared({}, [source], touch("with")) / "with").exists()
    assert capsys.readouterr().err.endswith(f"{source} could not be read before\n")
    source.unlink()
    assert (prepared({}, [source], touch("without")) / "without").exists()
    assert capsys.readouterr().err.endswith(f"{source} is missing\n")


@pytest.mark.parametrize("content", ["abcd", "abd"])
def test_a_source_that_changes_while_it_is_read_is_an_error(source: Path, cache: Path, content: str) -> None:
    def make(folder: Path) -> None:
        (folder / "copy").write_bytes(source.read_bytes())
        source.write_text(content)

    with pytest.raises(ValueError, match=f"^{source} was changed while it was read: it has .*; run again$"):
        prepared({}, [source], make)
    assert entries(cache) == []
    assert copied(source) == content


def test_the_contents_name_the_sources_and_can_be_cleared(tmp_path: Path, cache: Path) -> None:
    assert contents() == clear() == []
    small, large = tmp_path / "small", tmp_path / "large"
    for path in (small, large):
        path.write_text("abc")
    one = prepared({}, [small, Path(__file__)], touch("whole"))
    two = prepared({}, [large, small], lambda folder: (folder / "values").write_bytes(bytes(10_000)) and None)
    found = [(two, 10_000, [str(large), str(small)]), (one, 0, [str(small)])]
    assert contents() == found
    (one / "manifest.json").unlink()
    assert contents() == [found[0], (one, 0, [])]
    assert clear() == [(entry, "in use") for entry in sorted((one, two))]
    forget()
    assert clear() == contents() == entries(cache) == []


def test_damaged_and_outdated_entries_are_found_and_removed(source: Path, tmp_path: Path, cache: Path) -> None:
    missing = Path(shutil.copy(source, tmp_path / "missing"))
    whole, outdated, damaged = (
        prepared({"number": number}, [path], lambda folder: (folder / "content").write_text("content") and None)
        for number, path in enumerate((missing, source, missing))
    )
    assert remove_damaged() == []
    missing.unlink()
    source.write_text("abd")
    (damaged / "content").write_text("CONTENT")
    expected = {
        outdated: f"{source} has another SHA-256 sum than before",
        damaged: "content has another SHA-256 sum than before",
    }
    assert dict(remove_damaged()) == expected
    forget()
    assert remove_damaged() == []
    assert entries(cache) == [whole]
