"""Sizes, times and SHA-256 sums of files, by which a damaged or changed file is noticed."""

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from seqmodels.atomic_files import atomic_write

MAX_BYTES_HASHED_ALWAYS = 2**26
"""Up to this size, what was cached is hashed at every use: 64 MiB take about 0.1 s, at 1 GB/s with one loaded core."""

MIN_AGE_NS = 2 * 10**9
"""A file system may keep times in steps of up to two seconds (FAT); a later change within a step is invisible."""

_verify: ContextVar[bool] = ContextVar("verify", default=False)


class MismatchError(ValueError):
    """A file that is not as it was recorded: what was expected and found, without the name of the file."""


class FileState(NamedTuple):
    """What tells one state of a file from another.

    Attributes:
        size: in bytes.
        modified: time of the last change of the content, in nanoseconds since 1970.
        changed: time of the last change of content, name, owner or permissions, which no program can set; on Windows,
            the time of creation.
        seen: time at which the file was looked at, before it was read.
        sha256: sum of the content, in hexadecimal.
    """

    size: int
    modified: int
    changed: int
    seen: int
    sha256: str

    @property
    def is_settled(self) -> bool:
        """Whether any later change of the file shows in its size or times."""
        return max(self.modified, self.changed) + MIN_AGE_NS < self.seen


@contextmanager
def verify_always(enabled: bool = True) -> Iterator[None]:
    """Compare the content of all cached files and of their sources within this block, whatever their size and times.

    Args:
        enabled: False to leave things as they are.
    """
    token = _verify.set(enabled or _verify.get())
    try:
        yield
    finally:
        _verify.reset(token)


def file_state(path: Path) -> FileState:
    """Return the present state of a file.

    Raises:
        OSError: there is no such file, or it cannot be read.
    """
    seen = time.time_ns()
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return FileState(status.st_size, status.st_mtime_ns, status.st_ctime_ns, seen, sha256)


def source_state(path: Path) -> FileState | None:
    """Return the present state of a file, or None where none can be read."""
    try:
        return file_state(path) if path.is_file() else None
    except OSError:
        return None


def check_file(path: Path, recorded: FileState | None, *, always: bool = False) -> FileState | None:
    """Check that a file has the content that it had, or still cannot be read if it could not.

    The size is compared first, then the times. Where the times differ, where the file was changed less than two
    seconds before it was recorded, and within `verify_always`, the SHA-256 sum of the content decides.

    Args:
        path: of the file.
        recorded: what `file_state` or `source_state` returned earlier.
        always: whether the sum is compared whatever the times are.

    Returns:
        The recorded state, or the present one if the content was read for it.

    Raises:
        MismatchError: the file has changed, or cannot be read.
    """
    try:
        if recorded is None:
            _check_unreadable(path)
            return None
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MismatchError("is not a file")
        if status.st_size != recorded.size:
            raise MismatchError(f"has {status.st_size:,} bytes, expected {recorded.size:,}")
        same_times = (status.st_mtime_ns, status.st_ctime_ns) == (recorded.modified, recorded.changed)
        if same_times and recorded.is_settled and not always and not _verify.get():
            return recorded
        present = file_state(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MismatchError("is missing") from error
    except OSError as error:
        raise MismatchError(f"cannot be read: {error.strerror or error}") from error
    if present.sha256 != recorded.sha256:
        raise MismatchError("has another SHA-256 sum than before")
    return present


def write_sealed(path: Path, value: Any) -> None:
    """Write plain values as JSON behind their SHA-256 sum, as a whole or not at all."""
    content = json.dumps(value).encode()
    with atomic_write(path) as file:
        file.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def read_sealed(path: Path) -> Any:
    """Return what `write_sealed` has written.

    Raises:
        MismatchError: the file is missing or damaged.
    """
    try:
        sha256, _, content = path.read_bytes().partition(b"\n")
    except FileNotFoundError as error:
        raise MismatchError("is missing") from error
    except OSError as error:
        raise MismatchError(f"cannot be read: {error.strerror or error}") from error
    if hashlib.sha256(content).hexdigest().encode() != sha256:
        raise MismatchError("has another SHA-256 sum than its first line says")
    return json.loads(content)


def _check_unreadable(path: Path) -> None:
    if source_state(path) is not None:
        raise MismatchError("could not be read before")
