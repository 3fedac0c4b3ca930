"""What takes long to make of a file is made once, and read memory-mapped ever after."""

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from seqmodels.data.files import cache_folder

if sys.platform != "win32":
    import fcntl

KEY = "key.json"


class Prepared(NamedTuple):
    """What was made of some files: where it lies, how many bytes it takes, and the files."""

    folder: Path
    size: int
    files: list[str]


def fingerprint(path: Path) -> list[Any]:
    """What tells one state of a file from another, as plain values: its place, size and time of change."""
    path = path.resolve()
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def prepared(key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled for this key, now or earlier; in `$SEQMODELS_CACHE/prepared`.

    An interrupted `make` leaves nothing behind that would be taken for a whole, and what a killed one has left is
    removed by the next. Where two processes make the same at a time, the first one's is kept.

    Args:
        key: plain values that decide what is made: fingerprints of files, settings, and the number of the format.
        make: fills an empty folder.
    """
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    folder = _parent() / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as making:
        # Until the new folder is locked too, nobody may take it for one that was left.
        with _locked(folder.parent):
            _remove_unfinished()
            unfinished = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder.parent))
            making.enter_context(_locked(unfinished))
        making.callback(shutil.rmtree, unfinished, ignore_errors=True)
        make(unfinished)
        (unfinished / KEY).write_text(json.dumps(key), encoding="utf-8")
        _keep(unfinished, folder)
    return folder


def contents() -> list[Prepared]:
    """What has been prepared so far, the largest first."""
    found = []
    for folder in _folders():
        if "-" not in folder.name:
            size = sum(file.stat().st_size for file in folder.rglob("*"))
            key = json.loads((folder / KEY).read_text(encoding="utf-8")) if (folder / KEY).exists() else {}
            found.append(Prepared(folder, size, list(dict.fromkeys(_files(key)))))
    return sorted(found, key=lambda each: each.size, reverse=True)


def clear() -> None:
    """Remove everything that has been prepared; it is made anew when it is needed.

    What is being made at the moment is left alone. A training that goes on may lose the files it reads.
    """
    if not _parent().is_dir():
        return
    with _locked(_parent()):
        for folder in _folders():
            if "-" not in folder.name:
                # No longer whole for others from here on, even if the removal is interrupted.
                folder.rename(folder.with_name(f"{folder.name}-removed"))
        _remove_unfinished()


def _parent() -> Path:
    return cache_folder() / "prepared"


def _folders() -> list[Path]:
    return [folder for folder in _parent().iterdir() if folder.is_dir()] if _parent().is_dir() else []


def _remove_unfinished() -> None:
    """Remove the folders which nobody is filling any more."""
    for folder in _folders():
        if "-" in folder.name and not _is_locked(folder):
            shutil.rmtree(folder)


def _keep(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise


def _files(value: Any) -> Iterator[str]:
    """The data files whose fingerprints are in a key. Python files are how they were read."""
    parts = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if [type(part) for part in parts] == [str, int, int]:
        yield from [] if parts[0].endswith(".py") else parts[:1]
        return
    for part in parts:
        yield from _files(part)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on a folder, which ends with this process at the latest."""
    if sys.platform == "win32":  # there is no such lock there, and nothing left is removed
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_locked(folder: Path) -> bool:
    if sys.platform == "win32":
        return True
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
