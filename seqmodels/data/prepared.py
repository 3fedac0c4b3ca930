"""Cache of what takes long to make from files: made once, checked at every use, read memory-mapped.

An entry is a folder in `$SEQMODELS_CACHE/prepared`. Its manifest is written last. It is used while its files are those
that were written and its sources those it was made from; otherwise it is made again, and a line on standard error says
which entry that is, and why. `checksums.check_file` says what is compared.
"""

import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, NamedTuple

from seqmodels.data.checksums import FileState, MismatchError, check_file, source_state, verify_always
from seqmodels.data.files import cache_folder
from seqmodels.data.manifest import Manifest
from seqmodels.data.write_errors import explain_write_errors
from seqmodels.locked_folders import LOCK, acquire, is_at, locked, remove_abandoned, unfinished_folder

_in_use: dict[Path, int] = {}
"""The locks of the entries that this process reads, held until it ends: their files are memory-mapped."""


class Prepared(NamedTuple):
    """An entry of the cache: its folder, how many bytes it takes, and the data files it was made from."""

    folder: Path
    size: int
    files: list[str]


def prepared(key: Mapping[str, Any], sources: Iterable[Path], make: Callable[[Path], None]) -> Path:
    """Return the folder that `make` has filled for a key and some sources, now or earlier.

    The folder is marked as used by this process until that ends. What a killed `make` leaves is never used, and is
    removed by the next. Where two processes make the same entry at a time, the first one's is kept.

    Args:
        key: plain values that decide what is made, apart from the sources: settings, and the number of the format.
        sources: the files whose content decides what is made. A missing one counts, too.
        make: fills an empty folder.

    Raises:
        ValueError: a source was changed while it was read.
        OSError: the cache cannot be written; names `$SEQMODELS_CACHE`.
    """
    paths = [Path(os.path.realpath(path)) for path in sources]  # in half the time of `Path.resolve`
    identity = json.dumps([key, list(map(str, paths))], sort_keys=True)
    folder = _parent() / hashlib.sha256(identity.encode()).hexdigest()[:32]
    with explain_write_errors(_parent(), "SEQMODELS_CACHE"):
        while not (_use(folder) or _make(folder, paths, make)):
            pass
    return folder


def contents() -> list[Prepared]:
    """Return the entries of the cache, the largest first."""
    found = []
    for folder in _entries():
        try:
            manifest = Manifest.read(folder)
        except MismatchError:
            manifest = Manifest(folder.name, {}, {})
        size = sum(state.size for state in manifest.files.values())
        found.append(Prepared(folder, size, [path for path in manifest.sources if not path.endswith(".py")]))
    return sorted(found, key=lambda each: each.size, reverse=True)


def clear() -> list[tuple[Path, str]]:
    """Remove the entries that no process uses; they are made again when they are needed.

    Returns:
        The folders that stay, and why.
    """
    with explain_write_errors(_parent(), "SEQMODELS_CACHE"):
        stay = [(folder, reason) for folder in _entries() if (reason := _remove(folder))]
        remove_abandoned(_others())
    return stay + [(folder, "in use" if "removed" in folder.name else "being made") for folder in _others()]


def remove_damaged() -> list[tuple[Path, str]]:
    """Compare all contents in the cache, and remove the entries that are damaged or out of date.

    Sources that are missing at the moment are not compared.

    Returns:
        The folders that were removed, and why.
    """
    removed = []
    with explain_write_errors(_parent(), "SEQMODELS_CACHE"), verify_always():
        for folder in _entries():
            try:
                manifest = Manifest.read(folder).check_files(folder)
                present = {path: state for path, state in manifest.sources.items() if Path(path).exists()}
                manifest._replace(sources=present).check_sources()
            except MismatchError as error:
                removed.append((folder, str(error)))
                with locked(_lock()):
                    _move_away(folder)
        remove_abandoned(_others())
    return removed


def _use(folder: Path) -> bool:
    """Mark an entry as used by this process, if there is one that is whole and up to date."""
    if not os.path.lexists(folder):
        return False
    with ExitStack() as stack:
        handle = _hold(folder)
        if handle is not None:
            stack.callback(os.close, handle)
        try:
            manifest = Manifest.read(folder)
            checked = manifest.check_sources().check_files(folder)
        except MismatchError as error:
            if os.path.lexists(folder):  # else it was just removed
                sys.stderr.write(f"seqmodels: the cache entry {folder} is made again: {error}\n")
            return False
        stack.pop_all()
    assert handle is not None  # the manifest lists the lock
    _keep(folder, handle)
    _remember(folder, manifest, checked)
    return True


def _make(folder: Path, paths: Sequence[Path], make: Callable[[Path], None]) -> bool:
    """Make an entry; return False if another process has made the same meanwhile, for that one to be used."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    remove_abandoned(_others())
    with unfinished_folder(folder.parent, folder.name) as (unfinished, handle):
        sources = {path: source_state(path) for path in dict.fromkeys(paths)}
        make(unfinished)
        _check_unchanged(sources)
        Manifest.of(unfinished, folder.name, sources).write(unfinished)
        with locked(_lock()):
            if _is_usable(folder):
                return False
            _move_away(folder)
            unfinished.rename(folder)
        _keep(folder, os.dup(handle))
    remove_abandoned(_others())
    return True


def _check_unchanged(sources: Mapping[Path, FileState | None]) -> None:
    for path, state in sources.items():
        try:
            check_file(path, state)
        except MismatchError as error:
            raise ValueError(f"{path} was changed while it was read: it {error}; run again") from error


def _is_usable(folder: Path) -> bool:
    try:
        Manifest.read(folder).check_sources().check_files(folder)
    except MismatchError:
        return False
    return True


def _remember(folder: Path, before: Manifest, now: Manifest) -> None:
    """Note the times of files whose content was compared, so that the times are enough from now on."""
    earlier = {*before.files.values(), *before.sources.values()}
    compared = {*now.files.values(), *now.sources.values()} - earlier
    if not any(state is not None and state.is_settled for state in compared):
        return
    with suppress(OSError), locked(_lock()):  # where nothing can be written, contents are compared again
        if is_at(_in_use[folder], folder / LOCK):
            now.write(folder)


def _remove(folder: Path) -> str:
    """Remove an entry that nobody uses; return why it stays otherwise."""
    try:
        handle = acquire(folder / LOCK, wait=False)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):  # gone, or damaged
        handle = os.open(os.devnull, os.O_RDONLY)
    except OSError as error:
        return error.strerror or str(error)
    if handle is None and sys.platform != "win32":  # Windows keeps open files from being moved
        return "in use"
    try:
        with locked(_lock()):
            _move_away(folder)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        if handle is not None:
            os.close(handle)
    return ""


def _move_away(folder: Path) -> None:
    """Take an entry out of its place, to be removed when nobody uses it."""
    if folder.is_dir():
        folder.rename(folder.with_name(f"{folder.name}-removed-{secrets.token_hex(8)}"))
    else:
        folder.unlink(missing_ok=True)


def _hold(folder: Path) -> int | None:
    try:
        return acquire(folder / LOCK, shared=True, create=False)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def _keep(folder: Path, handle: int) -> None:
    earlier = _in_use.get(folder)
    _in_use[folder] = handle
    if earlier is not None:
        os.close(earlier)


def _parent() -> Path:
    return cache_folder() / "prepared"


def _lock() -> Path:
    """Return the file that is locked while entries are put in place or taken away."""
    return cache_folder() / "prepared.lock"


def _entries() -> list[Path]:
    return [path for path in _paths() if "-" not in path.name]


def _others() -> list[Path]:
    """Return the folders that are being filled, or were taken away."""
    return [path for path in _paths() if "-" in path.name]


def _paths() -> list[Path]:
    return sorted(_parent().iterdir()) if _parent().is_dir() else []
