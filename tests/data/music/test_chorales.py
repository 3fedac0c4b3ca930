"""Pieces of polyphonic music from each format, and what becomes of broken ones."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

from seqmodels.data.base import SPLITS
from seqmodels.data.music.chorales import cut, read_pieces
from seqmodels.data.music.midi import write_midi
from seqmodels.data.music.notes import Chords, held_notes, roll_of
from seqmodels.data.row_errors import RowErrors

PIECES: dict[str, list[Chords]] = {
    "train": [[(60, 64), (62,), ()], [(48,), (50, 62)]],
    "val": [[(72,), (71, 74)]],
    "test": [[(21, 108), (60,)]],
}


def mat(path: Path, splits: dict[str, list[Any]]) -> Path:
    cells = {}
    for name, rolls in splits.items():
        cells[name] = np.empty((1, len(rolls)), dtype=object)
        cells[name][0, :] = rolls
    savemat(path, cells)
    return path


def rolls() -> dict[str, list[Any]]:
    names = {"train": "traindata", "val": "validdata", "test": "testdata"}
    return {names[split]: [roll_of(piece) for piece in pieces] for split, pieces in PIECES.items()}


def lists(**changed: Any) -> dict[str, Any]:
    return {"train": PIECES["train"], "valid": PIECES["val"], "test": PIECES["test"], **changed}


def test_mat_and_json_hold_the_same_pieces(tmp_path: Path) -> None:
    (tmp_path / "pieces.json").write_text(json.dumps(lists()))
    for path in (mat(tmp_path / "pieces.mat", rolls()), tmp_path / "pieces.json"):
        assert read_pieces(path, RowErrors()) == PIECES


def test_midi_files_in_folders_of_the_splits(tmp_path: Path) -> None:
    for split, pieces in PIECES.items():
        (tmp_path / split).mkdir()
        for number, chords in enumerate(pieces):
            write_midi(tmp_path / split / f"{number}.mid", [held_notes(chords)], steps_per_beat=2)
    expected = {**PIECES, "train": [PIECES["train"][0][:2], PIECES["train"][1]]}  # silence at the end is not told
    assert read_pieces(tmp_path, RowErrors(), steps_per_beat=2) == expected


def test_one_folder_of_midi_files_is_cut_by_the_seed(tmp_path: Path) -> None:
    for number in range(20):
        write_midi(tmp_path / f"{number:02}.mid", [held_notes([(60,), (61 + number,)])])
    first, again, other = (read_pieces(tmp_path, RowErrors(), steps_per_beat=4, seed=seed) for seed in (0, 0, 1))
    assert first == again != other
    assert [len(first[split]) for split in SPLITS] == [16, 2, 2]
    pitches = sorted(piece[1][0] for split in SPLITS for piece in first[split])
    assert pitches == list(range(61, 81))


def test_equal_pieces_fall_into_the_same_split() -> None:
    splits = cut(list(range(40)), [str(i % 20) for i in range(40)], seed=0)
    keys = [{piece % 20 for piece in splits[split]} for split in SPLITS]
    assert sum(map(len, keys)) == len(set.union(*keys)) == 20
    assert all(keys)
    with pytest.raises(ValueError, match="expected at least 3 different pieces to cut into splits, got 2"):
        cut([1, 2, 3], ["a", "b", "a"], seed=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", r"chords.json: not JSON: "),
        (b"\xff{", r"chords.json: not JSON: 'utf-8' codec can't decode"),
        (b"", r"chords.json: not JSON: Expecting value"),
        (b"[]", r"chords.json: expected an object with train, valid and test, got list"),
        (b'{"train": []}', r"there is no val or valid or validdata, no test or testdata"),
        (json.dumps(lists(valid=7)).encode(), r"chords.json: val: expected a list of pieces, got 7"),
        (json.dumps(lists(test=[[60, 62]])).encode(), r"chords.json: test piece 1: expected a list of lists of MIDI"),
        (json.dumps(lists(test=[[[60]]])).encode(), r"chords.json: test piece 1: expected at least 2 steps, got 1"),
        (json.dumps(lists(test=[[[60], [20]]])).encode(), r"chords.json: test piece 1: .*from 21 to 108.* got 20"),
    ],
)
def test_a_broken_json_is_named_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "chords.json").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_pieces(tmp_path / "chords.json", RowErrors())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"hello", b"MATLAB 5.0 MAT-file" + b"\0" * 120])
def test_a_broken_mat_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "rolls.mat").write_bytes(content)
    with pytest.raises(ValueError, match=r"rolls.mat: (no readable .mat file: |expected splits train, val)") as caught:
        read_pieces(tmp_path / "rolls.mat", RowErrors())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_mat_that_ends_before_its_time_is_named_in_one_line(tmp_path: Path, share: float) -> None:
    path = mat(tmp_path / "rolls.mat", rolls())
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"rolls.mat: (no readable .mat file: |expected splits train, val)") as caught:
        read_pieces(path, RowErrors())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("roll", [np.zeros((5, 12)), np.full((5, 88), 2), np.zeros((3, 87))])
def test_a_roll_of_another_kind_is_named(tmp_path: Path, roll: Any) -> None:
    path = mat(tmp_path / "rolls.mat", {**rolls(), "validdata": [roll_of([(60,), (62,)]), roll]})
    with pytest.raises(ValueError, match=r"rolls.mat: val piece 2: expected a piano roll of zeros and ones"):
        read_pieces(path, RowErrors())


def test_broken_pieces_can_be_skipped_and_are_counted(tmp_path: Path) -> None:
    (tmp_path / "chords.json").write_text(json.dumps(lists(train=[[[60]], *PIECES["train"], 7])))
    errors = RowErrors("skip")
    assert read_pieces(tmp_path / "chords.json", errors) == PIECES
    assert errors.describe().startswith("2 skipped, the first: ")
    assert "train piece 1: expected at least 2 steps, got 1" in errors.describe()


def test_broken_midi_files_can_be_skipped(tmp_path: Path) -> None:
    for number in range(9):
        write_midi(tmp_path / f"{number}.mid", [held_notes([(60,), (61 + number,)])])
    (tmp_path / "empty.mid").touch()
    with pytest.raises(ValueError, match=r"empty.mid: no readable MIDI file"):
        read_pieces(tmp_path, RowErrors(), steps_per_beat=4)
    errors = RowErrors("skip")
    splits = read_pieces(tmp_path, errors, steps_per_beat=4)
    assert sum(map(len, splits.values())) == 9
    assert errors.skipped == 1


def test_a_folder_without_midi_files_and_another_format_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected at least 3 files .mid or .midi, got 0"):
        read_pieces(tmp_path, RowErrors())
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"notes.txt: expected a .mat or .json file, or a folder of MIDI files"):
        read_pieces(tmp_path / "notes.txt", RowErrors())


def test_the_chorales_of_both_formats_are_the_same_with_the_official_splits() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs Bach's chorales at $SEQMODELS_DATA/jsb_chorales")
    folder = Path(os.environ["SEQMODELS_DATA"]) / "jsb_chorales"
    rolls, chords = (
        read_pieces(folder / name, RowErrors()) for name in ("JSB_Chorales.mat", "jsb-chorales-quarter.json")
    )
    assert rolls == chords
    assert [len(rolls[split]) for split in SPLITS] == [229, 76, 77]
    assert [sum(map(len, rolls[split])) for split in SPLITS] == [13807, 4602, 4725]
