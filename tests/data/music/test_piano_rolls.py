"""Every step is predicted from those before it, in its own key."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.base import SPLITS
from seqmodels.data.music.midi import write_midi
from seqmodels.data.music.notes import HIGHEST, LOWEST, Chords, held_notes, roll_of
from seqmodels.data.music.piano_rolls import NextNotes, PianoRoll, PianoRollData

PIECES: list[Chords] = [[(60 + i, 64 + i), (), (62 + i,), *[(50 + j,) for j in range(i)]] for i in range(10)]


def made(**arguments: Any) -> PianoRollData:
    data = PianoRollData(**{"generate": lambda _: PIECES, **arguments})
    data.setup()
    return data


def test_a_target_is_what_sounds_a_step_later() -> None:
    batch = NextNotes(PIECES)[[3, 0]]
    assert batch.lengths.tolist() == [5, 2]
    for row, piece in enumerate((3, 0)):
        roll = torch.from_numpy(roll_of(PIECES[piece])).float()
        assert torch.equal(batch.inputs[row, : len(roll) - 1], roll[:-1])
        assert torch.equal(batch.targets[row, : len(roll) - 1], roll[1:])


def test_a_batch_equals_its_rows_alone() -> None:
    rows = NextNotes(PIECES, range(-2, 3))
    together = rows[list(range(len(rows)))]
    for row in range(len(rows)):
        alone = rows[[row]]
        length = int(alone.lengths)
        assert together.lengths[row] == length
        assert torch.equal(together.inputs[row, :length], alone.inputs[0, :length])
        assert torch.equal(together.targets[row, :length], alone.targets[0, :length])


@given(low=st.integers(LOWEST, HIGHEST), width=st.integers(0, 20), shift=st.integers(-30, 30))
def test_a_piece_is_moved_as_a_whole_and_stays_on_the_keyboard(low: int, width: int, shift: int) -> None:
    high = min(low + width, HIGHEST)
    inputs = NextNotes([[(low, high), ()]], range(shift, shift + 1))[[0]].inputs[0, 0]
    keys = inputs.nonzero()[:, 0] + LOWEST
    moved = min(max(shift, LOWEST - low), HIGHEST - high)
    assert keys.tolist() == sorted({low + moved, high + moved})


def test_each_epoch_has_every_training_piece_once_in_a_key_of_its_own() -> None:
    data = made(transpose=3, batch_size=3)
    order = data.order("train")
    epochs = [[index for batch in order(torch.Generator().manual_seed(epoch)) for index in batch] for epoch in range(2)]
    count = len(data.pieces["train"])
    assert [sorted(index % count for index in epoch) for epoch in epochs] == [list(range(count))] * 2
    keys = [{index % count: index // count for index in epoch} for epoch in epochs]
    assert keys[0] != keys[1]
    assert {key for epoch in keys for key in epoch.values()} <= set(range(7))


def test_what_is_held_out_stays_in_its_key() -> None:
    plain, moved = made(), made(transpose=5)
    for split in ("val", "test"):
        for a, b in zip(plain.loader(split), moved.loader(split), strict=True):  # type: ignore[arg-type]
            assert torch.equal(a.inputs, b.inputs)


def test_the_spec_and_the_summary_tell_what_there_is() -> None:
    data = made(transpose=2)
    assert (data.spec.inputs, data.spec.input_size, data.spec.output_size) == ("values", 88, 88)
    assert data.spec.columns[39] == "C4"
    lines = data.describe()
    assert lines["pieces"] == "8 train, 1 val, 1 test"
    assert lines["training keys"] == "moved by up to 2 semitones"
    assert "skipped" not in lines


def test_the_share_of_each_key_is_that_of_the_training_steps_in_all_keys() -> None:
    data = made(transpose=3)
    rows = data.examples["train"]
    rolls = [torch.cat([rows[[i]].inputs[0], rows[[i]].targets[0, -1:]]) for i in range(len(rows))]  # type: ignore[arg-type]
    torch.testing.assert_close(torch.tensor(data.spec.mean), torch.cat(rolls).mean(0))


def test_a_trained_model_reads_what_the_data_read(tmp_path: Path) -> None:
    path = tmp_path / "piece.mid"
    write_midi(path, [held_notes(PIECES[5])], steps_per_beat=2)
    raw = instantiate(made(steps_per_beat=2).spec.raw)
    assert torch.equal(raw.read(str(path)), torch.from_numpy(roll_of(PIECES[5])).float())
    assert torch.equal(raw.read("C4 E4 | 62"), torch.from_numpy(roll_of([(60, 64), (62,)])).float())
    assert raw.items(path) == [str(path)]
    (tmp_path / "chords.txt").write_text("C4\n\nC4 | D4\n")
    assert raw.items(tmp_path / "chords.txt") == ["C4", "C4 | D4"]
    with pytest.raises(ValueError, match="expected notes such as 'C4 E4 G4', got ''"):
        PianoRoll().read("")


def test_skipped_pieces_are_in_the_summary(tmp_path: Path) -> None:
    splits = {"train": [*PIECES, [[60]]], "val": PIECES[:1], "test": PIECES[:1]}
    (tmp_path / "pieces.json").write_text(json.dumps(splits))
    with pytest.raises(ValueError, match=r"pieces.json: train piece 11: expected at least 2 steps, got 1"):
        made(path=tmp_path / "pieces.json")
    assert made(path=tmp_path / "pieces.json", on_error="skip").describe()["skipped"].startswith("1 skipped")


def test_an_empty_split_is_named(tmp_path: Path) -> None:
    (tmp_path / "pieces.json").write_text(json.dumps({"train": PIECES, "val": [], "test": PIECES}))
    with pytest.raises(ValueError, match=r"the val split of .*pieces.json: expected pieces, got none"):
        made(path=tmp_path / "pieces.json")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": None}, "expected the path of music or a function that generates it, got neither"),
        ({"transpose": -1}, "transpose must be at least 0 semitones, got -1"),
        ({"steps_per_beat": 0}, "steps_per_beat must be at least 1, got 0"),
        ({"on_error": "ignore"}, "on_error must be 'stop' or 'skip', got 'ignore'"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_the_chorales_as_everybody_counts_them() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs Bach's chorales at $SEQMODELS_DATA/jsb_chorales")
    data = made(path=Path(os.environ["SEQMODELS_DATA"]) / "jsb_chorales/JSB_Chorales.mat")
    assert [len(data.pieces[split]) for split in SPLITS] == [229, 76, 77]
    assert sum(int(batch.lengths.sum()) for batch in data.test_dataloader()) == 4725 - 77
    assert data.describe()["notes"] == "3.9 a step, from G2 to C7"
