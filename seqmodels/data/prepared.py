"""What takes long to make of a file is made once, and read memory-mapped ever after."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from seqmodels.data.files import cache_folder


def fingerprint(path: Path) -> list[Any]:
    """What tells one state of a file from another, as plain values: its place, size and time of change."""
    path = path.resolve()
    stat = path.stat()
    return [str(path), stat.st_size, stat.st_mtime_ns]


def prepared(key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """The folder that `make` filled for this key, now or earlier; in `$SEQMODELS_CACHE/prepared`.

    An interrupted `make` leaves nothing behind that would be taken for a whole. Where two processes make the same at
    a time, the first one's is kept.

    Args:
        key: plain values that decide what is made: fingerprints of files, settings, and the number of the format.
        make: fills an empty folder.
    """
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    folder = cache_folder() / "prepared" / name
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder.parent))
    try:
        make(unfinished)
        _keep(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _keep(made: Path, folder: Path) -> None:
    try:
        made.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
