"""Readers of polyphonic music, one per file format: a path in, the pieces of each split out."""

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.music.midi import midi_files, read_midi
from seqmodels.data.music.notes import NUM_KEYS, Chords, Roll, chords_of, chords_of_roll, on_the_piano
from seqmodels.data.row_errors import RowErrors, one_line

Pieces = dict[Split, list[Chords]]
NAMES: Mapping[Split, tuple[str, ...]] = {
    "train": ("train", "traindata"),
    "val": ("val", "valid", "validdata"),
    "test": ("test", "testdata"),
}


def read_pieces(path: Path, errors: RowErrors, *, steps_per_beat: int = 1, seed: int = 0) -> Pieces:
    """Read a file or folder in the format that its name tells.

    A `.mat` and a `.json` hold the splits by name; a folder of MIDI files holds them in folders `train`, `val` and
    `test`, or is cut into 80, 10 and 10 % of its files.

    Args:
        path: of a `.mat` or `.json` file, or of a folder of MIDI files.
        errors: what becomes of a piece that cannot be read.
        steps_per_beat: of MIDI files.
        seed: of a cut.

    Raises:
        ValueError: the file is in another format, or cannot be read.
    """
    if path.is_dir():
        return from_midi(path, errors, steps_per_beat=steps_per_beat, seed=seed)
    if path.suffix == ".mat":
        return from_mat(path, errors)
    if path.suffix == ".json":
        return from_json(path, errors)
    raise ValueError(f"{path}: expected a .mat or .json file, or a folder of MIDI files")


def from_mat(path: Path, errors: RowErrors) -> Pieces:
    """MATLAB cells `traindata`, `validdata` and `testdata` of piano rolls (steps, 88).

    Raises:
        ValueError: the file cannot be read, or lacks a split; a piece is no such roll.
    """
    try:
        content = loadmat(path, variable_names=[name for names in NAMES.values() for name in names])
    except (ValueError, OSError, TypeError, NotImplementedError, LookupError, MatReadError, zlib.error) as error:
        raise ValueError(f"{path}: no readable .mat file: {one_line(error)}") from error
    splits = _named_splits(path, content)
    return {
        split: list(_read(path, split, np.ravel(cells), _chords_of_cell, errors)) for split, cells in splits.items()
    }


def from_json(path: Path, errors: RowErrors) -> Pieces:
    """An object with `train`, `valid` (or `val`) and `test`: lists of pieces, which are lists of chords, which are
    lists of MIDI numbers.

    Raises:
        ValueError: the file is not such JSON, or lacks a split; a piece is no such list.
    """
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: not JSON: {one_line(error)}") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected an object with train, valid and test, got {type(content).__name__}")
    splits = _named_splits(path, content)
    for split, pieces in splits.items():
        if not isinstance(pieces, list):
            raise ValueError(f"{path}: {split}: expected a list of pieces, got {pieces!r:.60}")
    return {split: list(_read(path, split, pieces, _chords_of_lists, errors)) for split, pieces in splits.items()}


def from_midi(folder: Path, errors: RowErrors, *, steps_per_beat: int = 1, seed: int = 0) -> Pieces:
    """The pieces of MIDI files, all voices together.

    Raises:
        ValueError: there are too few files; one is no MIDI file, or has notes that a piano has not.
    """
    return {
        split: list(_read_files(files, errors, steps_per_beat)) for split, files in midi_splits(folder, seed).items()
    }


def midi_splits(folder: Path, seed: int) -> dict[Split, list[Path]]:
    """The MIDI files of each split: those in folders of that name, or else 80, 10 and 10 % of all.

    Raises:
        ValueError: there are fewer than three files.
    """
    if all((folder / split).is_dir() for split in SPLITS):
        return {split: midi_files(folder / split) for split in SPLITS}
    files = midi_files(folder)
    if len(files) < 3:
        raise ValueError(f"{folder}: expected at least 3 files .mid or .midi, got {len(files)}")
    return cut(files, [str(file) for file in files], seed)


def cut(pieces: list[Any], keys: list[str], seed: int) -> dict[Split, list[Any]]:
    """80, 10 and 10 % of some pieces, at least one each; those of equal key stay together.

    Raises:
        ValueError: there are fewer than three different keys.
    """
    distinct = list(dict.fromkeys(keys))
    if len(distinct) < 3:
        raise ValueError(f"expected at least 3 different pieces to cut into splits, got {len(distinct)}")
    Random(seed).shuffle(distinct)
    held_out = max(1, round(len(distinct) / 10))
    splits = {"test": distinct[:held_out], "val": distinct[held_out : 2 * held_out], "train": distinct[2 * held_out :]}
    split_of = {key: split for split, drawn in splits.items() for key in drawn}
    located = list(zip(pieces, [split_of[key] for key in keys], strict=True))
    return {split: [piece for piece, its_split in located if its_split == split] for split in SPLITS}


def _named_splits(path: Path, content: Mapping[str, Any]) -> dict[Split, Any]:
    found = {split: [content[name] for name in names if name in content] for split, names in NAMES.items()}
    missing = [f"{' or '.join(NAMES[split])}" for split, named in found.items() if not named]
    if missing:
        raise ValueError(f"{path}: expected splits train, val and test, but there is no {', no '.join(missing)}")
    return {split: named[0] for split, named in found.items()}


def _read(path: Path, split: Split, pieces: Iterable[Any], read: Any, errors: RowErrors) -> Iterator[Chords]:
    for number, piece in enumerate(pieces, start=1):
        with errors.at(f"{path}: {split} piece {number}"):
            yield from _long_enough(read(piece))


def _read_files(files: list[Path], errors: RowErrors, steps_per_beat: int) -> Iterator[Chords]:
    for file in files:
        with errors.at(str(file)):
            chords = chords_of(read_midi(file, steps_per_beat=steps_per_beat).notes)
            yield from _long_enough([tuple(map(on_the_piano, chord)) for chord in chords])


def _long_enough(chords: Chords) -> list[Chords]:
    if len(chords) < 2:
        raise ValueError(f"expected at least 2 steps, got {len(chords)}")
    return [chords]


def _chords_of_cell(cell: Any) -> Chords:
    roll: Roll = np.asarray(cell)
    if roll.ndim != 2 or roll.shape[1] != NUM_KEYS or not np.isin(roll, (0, 1)).all():
        raise ValueError(f"expected a piano roll of zeros and ones (steps, {NUM_KEYS}), got shape {roll.shape}")
    return chords_of_roll(roll)


def _chords_of_lists(piece: Any) -> Chords:
    well_formed = isinstance(piece, list) and all(
        isinstance(chord, list) and all(isinstance(pitch, int) for pitch in chord) for chord in piece
    )
    if not well_formed:
        raise ValueError(f"expected a list of lists of MIDI numbers, got {piece!r:.60}")
    return [tuple(sorted({on_the_piano(pitch) for pitch in chord})) for chord in piece]
