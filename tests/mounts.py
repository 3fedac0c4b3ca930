"""Disks that tests fill or make read-only."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, size: int = 256 * 1024) -> Iterator[Path]:
    """Mount a small disk at a new folder; the test is skipped where this process cannot mount."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount")
    folder.mkdir()
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    if mounted.returncode:
        pytest.skip(f"this process cannot mount: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        _run("umount", "--lazy", str(folder)).check_returncode()


def make_read_only(disk: Path) -> None:
    """Remount a disk."""
    _run("mount", "-o", "remount,ro", str(disk)).check_returncode()


def fill(disk: Path) -> Path:
    """Fill a disk; gives the file whose removal empties it again."""
    file = disk / "filling"
    with file.open("wb", buffering=0) as filling:
        try:
            while filling.write(bytes(4096)):
                pass
        except OSError:
            return file
    raise AssertionError


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)
