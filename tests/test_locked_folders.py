"""Locks end with their process, and folders that nobody fills any more are removed."""

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seqmodels import locked_folders
from seqmodels.locked_folders import LOCK, acquire, is_at, locked, remove_abandoned, unfinished_folder
from tests.processes import exit_code, fork, running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")


def is_free(path: Path, *, shared: bool = False) -> bool:
    handle = acquire(path, shared=shared, wait=False)
    if handle is not None:
        os.close(handle)
    return handle is not None


@pytest.mark.parametrize(("shared", "free"), [(False, (False, False)), (True, (False, True))])
def test_a_lock_is_held_by_one_or_shared_by_several_until_the_process_ends(
    tmp_path: Path, shared: bool, free: tuple[bool, bool]
) -> None:
    path = tmp_path / "lock"

    def hold(wait: Callable[[], None]) -> None:
        acquire(path, shared=shared)
        wait()

    with running(hold):
        assert (is_free(path), is_free(path, shared=True)) == free
    assert is_free(path)
    assert is_free(path, shared=True)


def test_a_lock_ends_with_its_block(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"):
        assert not is_free(tmp_path / "lock")
    assert is_free(tmp_path / "lock")


@pytest.mark.parametrize("replaced", [False, True])
def test_who_waited_for_a_file_that_was_removed_locks_the_one_that_is_there(
    tmp_path: Path, replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = tmp_path / "lock", locked_folders._lock
    removed: list[None] = []

    def remove_first(handle: int, shared: bool, wait: bool) -> bool:
        if not removed:
            removed.append(path.unlink())
            if replaced:
                path.touch()
        return lock(handle, shared, wait)

    monkeypatch.setattr(locked_folders, "_lock", remove_first)
    handle = acquire(path)
    assert handle is not None
    assert is_at(handle, path)
    os.close(handle)


def test_a_missing_file_is_not_created_unless_asked_for(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        acquire(tmp_path / "lock", create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_without_locks_nothing_counts_as_free_and_nobody_waits(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", unsupported)
    assert not is_free(tmp_path / "lock")
    with locked(tmp_path / "lock"), unfinished_folder(tmp_path, "a") as (folder, _):
        remove_abandoned([folder])
        assert folder.is_dir()


def test_an_unfinished_folder_is_removed_at_the_end_unless_it_was_renamed(tmp_path: Path) -> None:
    with unfinished_folder(tmp_path, "a") as (first, _):
        (first / "file").touch()
    assert list(tmp_path.iterdir()) == []
    with unfinished_folder(tmp_path, "a") as (second, _):
        assert second.name.startswith("a-")
        assert second != first
        second.rename(tmp_path / "kept")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert is_free(tmp_path / "kept" / LOCK)


def test_only_private_folders_keep_others_out(tmp_path: Path) -> None:
    with (
        unfinished_folder(tmp_path, "a") as (public, _),
        unfinished_folder(tmp_path, "a", private=True) as (private, _),
    ):
        mask = os.umask(0)
        os.umask(mask)
        assert public.stat().st_mode & 0o777 == 0o777 & ~mask
        assert private.stat().st_mode & 0o777 == 0o700 & ~mask


def test_folders_that_are_filled_or_used_stay_and_abandoned_ones_are_removed(tmp_path: Path) -> None:
    abandoned, without_lock, damaged = (tmp_path / name for name in ("abandoned", "without lock", "damaged"))
    for folder in (abandoned, without_lock, damaged / LOCK):
        folder.mkdir(parents=True)
    (abandoned / LOCK).touch()
    file = tmp_path / "file"
    file.touch()
    with unfinished_folder(tmp_path, "a") as (filled, _):
        remove_abandoned([abandoned, without_lock, damaged, file, filled, tmp_path / "gone"])
        assert set(tmp_path.iterdir()) == {file, filled}


def test_a_new_folder_that_was_taken_for_an_abandoned_one_is_created_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Path] = []

    def take_first(path: Path, **arguments: bool) -> int | None:
        if not taken:
            taken.append(path.parent)
            exit_code(fork(lambda: remove_abandoned([path.parent])))
        return acquire(path, **arguments)

    monkeypatch.setattr(locked_folders, "acquire", take_first)
    with unfinished_folder(tmp_path, "a") as (folder, _):
        assert list(tmp_path.iterdir()) == [folder]
        assert taken != [folder]
