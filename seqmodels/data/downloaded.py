"""Notes about downloaded files, by which a damaged or outdated one is noticed when it is used."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from seqmodels.data.checksums import (
    MAX_BYTES_HASHED_ALWAYS,
    FileState,
    MismatchError,
    check_file,
    file_state,
    read_sealed,
    verify_always,
    write_sealed,
)
from seqmodels.data.write_errors import explain_write_errors

NOTE = ".sum"
"""Suffix of the hidden file beside a download that notes its size, times, SHA-256 sum and origin."""


def is_usable(target: Path, sha256: str, member: str | None = None) -> bool:
    """Return whether a downloaded file is there, undamaged, and the one that is expected.

    Another one is named on standard error, for it to be fetched again. Up to 64 MiB are hashed at every use;
    `checksums.check_file` says when a larger file is.

    Args:
        target: where the file is.
        sha256: the expected SHA-256 sum of what was downloaded, in hexadecimal.
        member: the name of the file in the archive that was downloaded, if it was one.
    """
    if not target.exists():
        return False
    try:
        _check(target, sha256.lower(), member)
    except MismatchError as error:
        sys.stderr.write(f"seqmodels: the downloaded file {target} is fetched again: it {error}\n")
        return False
    return True


def put_in_place(part: Path, target: Path, sha256: str, member: str | None = None) -> Path:
    """Flush a file to disk and rename it to its place, with a note for `is_usable`; arguments are the same."""
    with part.open("r+b") as file:
        os.fsync(file.fileno())
    # The note first: a process that is killed in between leaves no file without a note.
    _write_note(target, file_state(part), sha256.lower(), member)
    return part.replace(target)


def remove_damaged_downloads(folder: Path) -> list[tuple[Path, str]]:
    """Compare the content of all downloaded files in a folder and below, and remove the damaged ones.

    Returns:
        The files that were removed, and what was wrong.
    """
    removed = []
    with explain_write_errors(folder, "SEQMODELS_CACHE"), verify_always():
        for note in sorted(folder.rglob(f".*{NOTE}")):
            target = note.with_name(note.name.removeprefix(".").removesuffix(NOTE))
            try:
                check_file(target, FileState(*read_sealed(note)["state"]))
            except MismatchError as error:
                note.unlink()
                if target.is_file():
                    target.unlink()
                    removed.append((target, f"it {error}"))
    return removed


def _check(target: Path, sha256: str, member: str | None) -> None:
    """Compare a file with the note about it; where there is none, with the sum of the download alone."""
    try:
        noted = read_sealed(_note(target))
    except MismatchError:
        recorded, present = None, file_state(target)
        noted = {"sha256": present.sha256 if member is None else sha256, "member": member}
    else:
        recorded = FileState(*noted["state"])
        present = check_file(target, recorded, always=recorded.size <= MAX_BYTES_HASHED_ALWAYS) or recorded
    if (noted["sha256"], noted["member"]) != (sha256, member):
        raise MismatchError(f"is {_described(noted['sha256'], noted['member'])}, expected {_described(sha256, member)}")
    if present != recorded and (recorded is None or present.is_settled):
        with suppress(OSError):  # where nothing can be written, the content is compared again
            _write_note(target, present, sha256, member)


def _write_note(target: Path, state: FileState, sha256: str, member: str | None) -> None:
    write_sealed(_note(target), {"state": state, "sha256": sha256, "member": member})


def _note(target: Path) -> Path:
    return target.with_name(f".{target.name}{NOTE}")


def _described(sha256: str, member: str | None) -> str:
    return (
        f"the file with the SHA-256 sum {sha256}"
        if member is None
        else f"{member!r} of the archive with the sum {sha256}"
    )
