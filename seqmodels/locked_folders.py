"""Locks that end with their process, and folders that several processes fill and remove."""

import errno
import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

LOCK = "lock"
"""Name of the file in a folder that is locked by the processes that fill or read the folder."""

UNSUPPORTED = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def acquire(path: Path, *, shared: bool = False, wait: bool = True, create: bool = True) -> int | None:
    """Lock a file.

    The lock ends when the handle is closed, at the latest with this process and those forked from it. Locks hold
    between containers and, where NFS locks files, between machines. On Windows, and on file systems without locks,
    nothing is locked: the handle is returned if `wait`, and None if not.

    Args:
        path: of the file.
        shared: whether others may hold shared locks at the same time.
        wait: whether to wait until the lock is free.
        create: whether to create the file where it is missing.

    Returns:
        The handle to close; None if another handle holds the lock and `wait` is False.

    Raises:
        OSError: the file cannot be opened.
    """
    while True:
        handle = _open(path, create)
        try:
            locked = _lock(handle, shared, wait)
            if locked and not is_at(handle, path):  # removed or replaced while this process waited
                os.close(handle)
                continue
        except BaseException:
            os.close(handle)
            raise
        if locked or wait:
            return handle
        os.close(handle)
        return None


def is_at(handle: int, path: Path) -> bool:
    """Return whether the file that a handle was opened for still lies at a path."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the exclusive lock of a file, created where it is missing; wait for it first."""
    handle = acquire(path)
    assert handle is not None
    try:
        yield
    finally:
        os.close(handle)


@contextmanager
def unfinished_folder(parent: Path, prefix: str, *, private: bool = False) -> Iterator[tuple[Path, int]]:
    """Create a folder to fill, which `remove_abandoned` leaves alone; remove it at the end unless it was renamed.

    Args:
        parent: where it lies.
        prefix: of its name; a hyphen and 16 hexadecimal digits follow.
        private: whether others than this user are kept out.

    Yields:
        The folder, which holds its locked file `LOCK`, and the handle of the lock.
    """
    handle = None
    while handle is None:
        folder = parent / f"{prefix}-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700 if private else 0o777)
        try:
            handle = acquire(folder / LOCK, shared=True)
        except FileNotFoundError:  # taken for an abandoned one before it was locked
            continue
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    try:
        yield folder, handle
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def remove_abandoned(folders: Iterable[Path]) -> None:
    """Remove the folders that no process has locked.

    What cannot be removed now is left to the next call: NFS keeps files that are still open.
    """
    for folder in folders:
        try:
            handle = acquire(folder / LOCK, wait=False)
        except IsADirectoryError:  # a damaged one
            shutil.rmtree(folder, ignore_errors=True)
            continue
        except OSError:  # another process removes it, or it belongs to another user
            continue
        if handle is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _open(path: Path, create: bool) -> int:
    if sys.platform == "win32":  # an open file there would keep its folder from being renamed
        if create:
            path.touch()
        return os.open(os.devnull, os.O_RDONLY)
    flags = os.O_RDWR | os.O_CREAT if create else os.O_RDWR  # NFS gives exclusive locks only for writing
    try:
        return os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS) or not path.exists():
            raise
        return os.open(path, os.O_RDONLY)


def _lock(handle: int, shared: bool, wait: bool) -> bool:
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return False
    return True
