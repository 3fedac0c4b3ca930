"""What a cache entry holds and what it was made from, with the sizes, times and SHA-256 sums of the files."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from seqmodels.atomic_files import SUFFIX, remove_unfinished
from seqmodels.data.checksums import (
    MAX_BYTES_HASHED_ALWAYS,
    FileState,
    MismatchError,
    check_file,
    file_state,
    read_sealed,
    write_sealed,
)

FILE = "manifest.json"
FORMAT = 1


class Manifest(NamedTuple):
    """The files of an entry and their sources.

    Attributes:
        name: of the entry's folder, so that an entry is not taken for another one.
        files: states of the files in the folder, by their paths within it.
        sources: states of the files that the entry was made from, by their full paths; None if one could not be read.
    """

    name: str
    files: dict[str, FileState]
    sources: dict[str, FileState | None]

    @classmethod
    def of(cls, folder: Path, name: str, sources: Mapping[Path, FileState | None]) -> "Manifest":
        """Return the manifest of the files that are in a folder now; flush them to disk."""
        files = {}
        for inner in sorted(_files(folder)):
            with (folder / inner).open("r+b") as file:
                os.fsync(file.fileno())
            files[inner] = file_state(folder / inner)
        return cls(name, files, {str(path): state for path, state in sources.items()})

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Return the manifest of an entry.

        Raises:
            MismatchError: it is missing, damaged, of another version of this package, or of another entry.
        """
        try:
            value = read_sealed(folder / FILE)
        except MismatchError as error:
            raise MismatchError(f"{FILE} {error}") from error
        if value["format"] != FORMAT:
            raise MismatchError(f"{FILE} has format {value['format']}, expected {FORMAT}")
        if value["name"] != folder.name:
            raise MismatchError(f"{FILE} belongs to the entry {value['name']}")
        files = {inner: FileState(*state) for inner, state in value["files"].items()}
        sources = {path: state and FileState(*state) for path, state in value["sources"].items()}
        return cls(value["name"], files, sources)

    def write(self, folder: Path) -> None:
        """Write it into the folder of the entry, in the place of an earlier one."""
        remove_unfinished(folder)
        write_sealed(folder / FILE, {"format": FORMAT, **self._asdict()})

    def check_sources(self) -> "Manifest":
        """Check that the sources are as they were.

        Returns:
            The manifest with the present times of sources whose content was compared.

        Raises:
            MismatchError: a source has changed; says which and how.
        """
        sources = {path: _checked(Path(path), path, state) for path, state in self.sources.items()}
        return self._replace(sources=sources)

    def check_files(self, folder: Path) -> "Manifest":
        """Check that the files of the entry are as they were written.

        The contents are compared where all files together have up to 64 MiB, and otherwise where sizes or times differ.

        Args:
            folder: of the entry.

        Returns:
            The manifest with the present times of files whose content was compared for their times.

        Raises:
            MismatchError: a file is missing, damaged or superfluous; says which and how.
        """
        for inner in sorted(_files(folder) - set(self.files)):
            raise MismatchError(f"{inner} does not belong there")
        small = sum(state.size for state in self.files.values()) <= MAX_BYTES_HASHED_ALWAYS
        checked: dict[str, FileState] = {}
        for inner, state in self.files.items():
            present = _checked(folder / inner, inner, state, always=small)
            checked[inner] = state if small or present is None else present
        return self._replace(files=checked)


def _checked(path: Path, name: str, state: FileState | None, *, always: bool = False) -> FileState | None:
    try:
        return check_file(path, state, always=always)
    except MismatchError as error:
        raise MismatchError(f"{name} {error}") from error


def _files(folder: Path) -> set[str]:
    """Return the paths of all files within a folder, but its manifest."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())
    return {inner for inner in files if inner != FILE and not inner.endswith(SUFFIX)}
