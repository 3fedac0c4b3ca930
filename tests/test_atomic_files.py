"""A file is there as a whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from seqmodels.atomic_files import atomic_write, remove_unfinished


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    path.write_bytes(b"before")

    def interrupted() -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_flushed_does_not_take_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "last.ckpt"
    path.write_bytes(b"before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"), atomic_write(path) as file:
        file.write(b"after")
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_it_never_goes_through_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    with atomic_write(tmp_path / "file") as file:
        assert Path(file.name).parent == tmp_path
        file.write(b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    pid = os.fork() if hasattr(os, "fork") else pytest.skip("there is no fork")
    if pid == 0:
        with atomic_write(tmp_path / "file") as file:
            file.write(b"half")
            file.flush()
            os._exit(0)
    os.waitpid(pid, 0)
    assert len(list(tmp_path.iterdir())) == 1
    remove_unfinished(tmp_path)
    assert list(tmp_path.iterdir()) == []
