"""Claims on run folders: a folder belongs to one run, and one process at a time uses it."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

from seqmodels.atomic_files import SUFFIX, remove_unfinished
from seqmodels.locked_folders import acquire
from seqmodels.plain_files import explained, read_mapping
from seqmodels.run_folder import RunFolder, RunFolderError, files_of_run, now, this_process

LOCK = ".run.lock"
"""Name of the file that is locked by the process which uses the folder, and names it."""


@contextmanager
def claim(
    path: str | os.PathLike[str], *, resume: bool = False, overwrite: bool = False, exact: bool = True
) -> Iterator[RunFolder]:
    """Keep a run folder for this process, until the block or the process ends.

    Nothing in the folder changes before `RunFolder.start`, except that temporary files of killed processes are removed
    and that a locked file `.run.lock` names this process. At the end of the block that is removed, and so is a folder
    that is empty then. On Windows, and on file systems without locks, two processes can use a folder at a time.

    Args:
        path: of the folder; it is made if it does not exist.
        resume: resume the run there; `RunFolder.resumes` tells whether it has a checkpoint to resume from.
        overwrite: remove the run there, in `RunFolder.start`.
        exact: whether a person chose `path`. If not, `-2`, `-3` and so on are added until the folder is a new one.

    Raises:
        RunFolderError: another process uses the folder, it holds something else than what is requested, or both
            `resume` and `overwrite` are requested.
        OSError: the folder cannot be made, or nothing can be written there.
    """
    if resume and overwrite:
        raise RunFolderError("resume=true keeps the run and overwrite=true removes it: expected one of them, got both")
    with ExitStack() as held:
        with explained(f"use {path} as a run folder"):
            folder = _exactly(Path(path), resume, overwrite, held) if exact else _unused(Path(path), held)
        yield folder


def is_running(path: str | os.PathLike[str]) -> bool:
    """Return whether a process uses a run folder; False on Windows and on file systems without locks."""
    return _is_locked(Path(path)) and _has_locks(Path(path))


def _exactly(path: Path, resume: bool, overwrite: bool, held: ExitStack) -> RunFolder:
    path.mkdir(parents=True, exist_ok=True)
    held.callback(_remove_if_empty, path)
    folder = RunFolder(path)
    if not is_running(path):
        # Refuse before anything is written there.
        _resumes(folder, resume, overwrite)
    if not _lock_if_free(path, held) and _has_locks(path):
        raise RunFolderError(f"{path} is in use by {_owner(path)}: wait for it, or choose another folder")
    _sign(path, held)
    folder.resumes = _resumes(folder, resume, overwrite)
    _remove_leftovers(path)
    return folder


def _unused(path: Path, held: ExitStack) -> RunFolder:
    for number in count(1):
        candidate = path if number == 1 else path.with_name(f"{path.name}-{number}")
        # The folder may be there already, or be removed again by another process.
        with ExitStack() as tried, suppress(FileExistsError, FileNotFoundError):
            # Hydra may have made the folder of the first name for several processes.
            candidate.mkdir(parents=True, exist_ok=number == 1)
            tried.callback(_remove_if_empty, candidate)
            if any(candidate.iterdir()) or not (_lock(candidate, tried) or not _has_locks(candidate)):
                continue
            _sign(candidate, tried)
            if not _names(candidate):
                held.push(tried.pop_all())
                return RunFolder(candidate)
    raise AssertionError("there is no last number")


def _resumes(folder: RunFolder, resume: bool, overwrite: bool) -> bool:
    """Return whether a training resumes in a folder; refuse one that holds something else."""
    path, run = folder.path, folder.describe()
    names, written = _names(path), files_of_run(path)
    if names and run is None and (written or not resume):
        listed = ", ".join([*names[:3], *(["..."] if len(names) > 3 else [])])
        raise RunFolderError(f"{path} holds no run but other files ({listed}): choose another folder")
    if run is None:
        return False
    if not (resume or overwrite):
        raise RunFolderError(f"{path} holds {run}: resume=true resumes it, overwrite=true replaces it")
    resumes = resume and folder.last.exists()
    if resume and not resumes and folder.is_finished():
        raise RunFolderError(f"{path} holds {run} without {folder.last.name} to resume: overwrite=true replaces it")
    links = [file for file in written if file.resolve() != path.resolve() / file.relative_to(path)]
    if links and not resumes:
        raise RunFolderError(f"{links[0]} is a link or behind one, and is not replaced: remove it, or the link")
    return resumes


def _names(folder: Path) -> list[str]:
    """Return what is in a folder, except what processes write while they use it."""
    names = sorted(entry.name for entry in folder.iterdir())
    return [name for name in names if name != LOCK and not (name.startswith(".") and name.endswith(SUFFIX))]


def _lock(folder: Path, held: ExitStack) -> bool:
    """Try to lock a folder until a stack ends; return whether that worked."""
    if (folder / LOCK).is_symlink():
        raise RunFolderError(f"{folder / LOCK} is a link, expected a file: remove it")
    handle = acquire(folder / LOCK, wait=False)
    if handle is None:
        return False
    held.callback(os.close, handle)
    return True


def _sign(folder: Path, held: ExitStack) -> None:
    """Write which process uses a folder, until a stack ends."""
    held.callback((folder / LOCK).unlink, missing_ok=True)
    # Written in place: a renamed file would not be the locked one.
    (folder / LOCK).write_text(json.dumps({**this_process(), "since": now()}), encoding="utf-8")


def _lock_if_free(folder: Path, held: ExitStack) -> bool:
    """Try to lock a folder, again if another process was only looking whether it is locked or removed it."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            if _lock(folder, held):
                return True
            if _is_locked(folder):
                return False


def _is_locked(folder: Path) -> bool:
    """Return whether a folder is locked by a process that uses it; also if there are no locks."""
    try:
        handle = acquire(folder / LOCK, shared=True, wait=False, create=False)
    except FileNotFoundError:
        return False
    if handle is not None:
        os.close(handle)
    return handle is None


def _has_locks(folder: Path) -> bool:
    """Return whether files in a folder can be locked, which is assumed where none can be created."""
    try:
        with NamedTemporaryFile(dir=folder, prefix=".", suffix=SUFFIX) as file:
            handle = acquire(Path(file.name), wait=False)
    except OSError:
        return True
    if handle is not None:
        os.close(handle)
    return handle is not None


def _owner(folder: Path) -> str:
    try:
        owner = read_mapping(folder / LOCK)
    except (ValueError, OSError):
        # It has locked the file, and has not written its name yet.
        return "another process"
    return f"process {owner.get('process')} on {owner.get('host')} since {owner.get('since')}"


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left; folders of other runs may lie in this one."""
    for file in folder.glob(f".*{SUFFIX}"):
        file.unlink(missing_ok=True)
    checkpoints = folder / "checkpoints"
    if checkpoints.is_dir() and not checkpoints.is_symlink():
        remove_unfinished(checkpoints)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # It is not empty, is gone, or something is mounted there.
        folder.rmdir()
