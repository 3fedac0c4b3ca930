"""Processes that share a cache, and are killed, leave nothing behind and take nothing from each other."""

import os
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from seqmodels.data.prepared import clear, contents, prepared
from seqmodels.data.scratch import scratch_folder
from tests.data.cache_entries import entries, forget
from tests.processes import exit_code, fork, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")

FILE_EVENTS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock")
NAMES = ["lock", "manifest.json", "whole"]


def make(folder: Path) -> None:
    (folder / "whole").write_text("content")


def test_what_another_process_uses_is_not_cleared(cache: Path) -> None:
    def use(wait: Callable[[], None]) -> None:
        prepared({"used": True}, [], make)
        wait()

    with running(use):
        (used,) = entries(cache)
        prepared({"used": False}, [], make)
        forget()
        assert clear() == [(used, "in use")]
        assert entries(cache) == [used]
        assert sorted(path.name for path in used.iterdir()) == NAMES
    assert clear() == []
    assert entries(cache) == []


def test_a_damaged_entry_is_replaced_and_stays_with_the_processes_that_use_it(
    cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def use(wait: Callable[[], None]) -> None:
        prepared({}, [], make)
        wait()

    with running(use):
        (used,) = entries(cache)
        (used / "whole").write_text("CONTENT")
        assert prepared({}, [], make) == used
        assert (used / "whole").read_text() == "content"
        assert len(capsys.readouterr().err.splitlines()) == 1
        _, old = entries(cache)
        assert (old / "whole").read_text() == "CONTENT"
        forget()
        assert clear() == [(old, "in use")]
    prepared({}, [], make)
    assert entries(cache) == [used]


def test_what_another_process_makes_is_left_alone_and_removed_when_it_is_killed(cache: Path) -> None:
    def use(wait: Callable[[], None]) -> None:
        def endless(folder: Path) -> None:
            (folder / "half").touch()
            wait()

        prepared({"another": True}, [], endless)

    with running(use):
        (unfinished,) = entries(cache)
        prepared({}, [], make)
        forget()
        assert clear() == [(unfinished, "being made")]
        assert sorted(path.name for path in unfinished.iterdir()) == ["half", "lock"]
        assert contents() == []
    folder = prepared({}, [], make)
    assert entries(cache) == [folder]


def killed_at(number: int, work: Callable[[], object]) -> bool:
    """Run in another process, and kill it at an operation on files; tell whether it came to that."""

    def run() -> None:
        count = 0

        def audit(event: str, _: object) -> None:
            nonlocal count
            if event not in FILE_EVENTS:
                return
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        work()

    code = exit_code(fork(run))
    assert code in (0, -signal.SIGKILL)
    return code != 0


def nothing(_: Path) -> None:
    """Leave the cache empty."""


def whole(_: Path) -> None:
    """Leave an entry that is fine."""
    prepared({}, [], make)
    forget()


def abandoned(cache: Path) -> None:
    """Leave a damaged entry, and what a killed process had begun to make."""
    folder = prepared({}, [], make)
    forget()
    exit_code(fork(lambda: prepared({"other": 1}, [], lambda _: os.kill(os.getpid(), signal.SIGKILL)) and None))
    (folder / "whole").write_text("CONTENT")
    assert len(entries(cache)) == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "work"),
    [
        pytest.param(nothing, partial(prepared, {}, [], make), id="making"),
        pytest.param(abandoned, partial(prepared, {}, [], make), id="repairing"),
        pytest.param(whole, clear, id="clearing"),
    ],
)
def test_a_process_that_is_killed_anywhere_leaves_an_entry_or_nothing(
    cache: Path, before: Callable[[Path], None], work: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _: None)
    number = 1
    before(cache)
    while killed_at(number, work):
        folder = prepared({}, [], make)
        forget()
        assert sorted(path.name for path in folder.iterdir()) == NAMES
        assert (folder / "whole").read_text() == "content"
        prepared({"next": number}, [], make)
        forget()
        assert all("-" not in path.name for path in entries(cache))
        assert clear() == []
        assert entries(cache) == []
        before(cache)
        number += 1
    assert number > 10


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_scratch_folder_of_another_process_is_left_alone_and_removed_when_it_is_killed(temporary: Path) -> None:
    def use(wait: Callable[[], None]) -> None:
        with scratch_folder() as folder:
            (folder / "half").touch()
            wait()

    own = temporary / "seqmodels-unfinished-data"  # not named by this package
    own.mkdir()
    with running(use):
        with scratch_folder() as folder:
            assert [path.name for path in folder.iterdir()] == ["lock"]
        (other,) = set(temporary.iterdir()) - {own}
        assert (other / "half").exists()
    with scratch_folder() as folder:
        assert set(temporary.iterdir()) == {own, folder}
    assert list(temporary.iterdir()) == [own]


def test_a_process_that_is_killed_anywhere_leaves_no_scratch_folder_to_the_next(temporary: Path) -> None:
    def use() -> None:
        with scratch_folder() as folder:
            (folder / "half").touch()

    number = 1
    while killed_at(number, use):
        use()
        assert list(temporary.iterdir()) == []
        number += 1
    assert number > 5
