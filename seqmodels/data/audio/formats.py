"""Readers of recordings, one function per format: a path in, sounds and what is known of them out.

A format of your own is one more such function.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seqmodels.data.audio.sound import SUFFIXES, Sound, decoded
from seqmodels.data.files import archived, is_archive
from seqmodels.data.records import records
from seqmodels.data.row_errors import RowErrors

FOLDER = r"(?:.*/)?([^/]+)/[^/]+"


class Recording(NamedTuple):
    """A sound, its label or what is said in it, and where it was found."""

    sound: Path | bytes | Sound
    text: str
    place: str

    def open(self) -> bytes | Sound:
        """What `LogMel` reads.

        Raises:
            ValueError: the file cannot be read.
        """
        if not isinstance(self.sound, Path):
            return self.sound
        try:
            return self.sound.read_bytes()
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror or error}") from error


Format = Callable[[Path, RowErrors], Iterator[Recording]]


def by_kind(path: Path, errors: RowErrors, *, sound: str = "path", text: str = "label") -> Iterator[Recording]:
    """Read a folder or an archive with `by_name`, and anything else with `listed`.

    Args:
        path: of the folder, archive or table.
        errors: what becomes of a bad row.
        sound: of a table, the column (or key) of the paths.
        text: likewise, of the label or the words.
    """
    return by_name(path, errors) if path.is_dir() or is_archive(path) else listed(path, errors, sound=sound, text=text)


def by_name(path: Path, errors: RowErrors, *, pattern: str = FOLDER) -> Iterator[Recording]:
    """Read sound files whose names tell what they are: `<label>/<file>.wav`, unless the pattern says otherwise.

    Args:
        path: of the outer folder, or of a tar archive, compressed or not, which is read without unpacking.
        errors: what becomes of a bad file.
        pattern: a regular expression for the whole path within `path`, slashes included; its first group is the
            label. Other files are left out.

    Raises:
        ValueError: the archive is damaged, or the pattern has no group.
    """
    name = re.compile(pattern)
    if not name.groups:
        raise ValueError(f"expected a pattern with a group (in parentheses) that is the label, got {pattern!r}")

    def wanted(within: str) -> bool:
        return within.lower().endswith(SUFFIXES) and name.fullmatch(within) is not None

    for within, sound in archived(path, wanted) if path.is_file() else _files(path, wanted):
        place = f"{path}/{within}"
        with errors.at(place):
            match = name.fullmatch(within)
            if match is None or not match[1]:
                raise ValueError("its name tells no label")
            yield Recording(sound, match[1], place)


def listed(path: Path, errors: RowErrors, *, sound: str = "path", text: str = "label") -> Iterator[Recording]:
    """Read a table (CSV, TSV or JSON lines) of sound files.

    Args:
        path: of the table.
        errors: what becomes of a bad row.
        sound: the column (or key) of the paths, which are relative to the table.
        text: the column (or key) of the label or the words.

    Raises:
        ValueError: there is no such column or file, or a field is empty.
    """
    for place, (name, said) in records(path, [sound, text], errors):
        yield Recording(path.parent / name, said, f"{place}: {name}")


def joined(
    path: Path,
    errors: RowErrors,
    *,
    of: Format,
    count: int,
    longest: int = 7,
    silence: float = 0.3,
    names: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Iterator[Recording]:
    """Strings of recordings, drawn at random, one behind the other; their texts with blanks between.

    Args:
        path: of the recordings.
        errors: what becomes of a bad one.
        of: reads them.
        count: number of strings.
        longest: recordings in a string; any number from one to this is as likely.
        silence: seconds at most in front of, between and behind them.
        names: what to write for a label; the label itself where there is nothing else.
        seed: of every choice.

    Raises:
        ValueError: there are no recordings, or they differ in their sample rates.
    """
    sounds: list[tuple[Sound, str]] = []
    for recording in of(path, errors):
        with errors.at(recording.place):
            opened = recording.open()
            sound = decoded(opened) if isinstance(opened, bytes) else opened
            sounds.append((sound, (names or {}).get(recording.text, recording.text)))
    rates = {sound.sample_rate for sound, _ in sounds}
    if len(rates) != 1:
        raise ValueError(f"{path}: expected recordings of one sample rate to be joined, got {sorted(rates)}")
    (rate,) = rates
    random = np.random.default_rng(seed)
    for number in range(count):
        chosen = [sounds[i] for i in random.integers(len(sounds), size=random.integers(1, longest + 1))]
        gaps = [np.zeros(int(gap), np.float32) for gap in random.uniform(0, silence * rate, len(chosen) + 1)]
        pieces = [gaps[0]]
        for (sound, _), gap in zip(chosen, gaps[1:], strict=True):
            pieces += [sound.samples if sound.samples.ndim == 1 else sound.samples.mean(axis=1), gap]
        text = " ".join(said for _, said in chosen)
        yield Recording(Sound(np.concatenate(pieces), rate), text, f"{path}: string {number}")


def _files(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    for file in sorted(path.rglob("*")):
        within = file.relative_to(path).as_posix()
        if file.is_file() and wanted(within):
            yield within, file
