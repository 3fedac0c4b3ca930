"""First notes in, the text of the whole music out."""

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from seqmodels.assembly import instantiate
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.music.melodies import MelodyData, StartNotes
from seqmodels.data.music.melody_text import Voices, notes_of
from seqmodels.data.music.midi import write_midi
from seqmodels.data.music.notes import LOWEST, Note
from seqmodels.data.vocabulary import Vocabulary

TUNES: list[Voices] = [
    [[Note(60 + i, 0, 2), Note(62, 2, 1), *[Note(64, 4 + j, 1) for j in range(i)]]] for i in range(20)
]


def made(**arguments: Any) -> MelodyData:
    data = MelodyData(**{"generate": lambda _: TUNES, **arguments})
    data.setup()
    return data


def written(data: MelodyData, split: Split) -> list[tuple[list[int], str]]:
    """The first pitches and the text of every row, in the order of the loader."""
    vocabulary = Vocabulary.from_json(data.spec.target_vocabulary or "")
    rows = []
    for batch in data.loader(split):
        assert batch.target_lengths is not None
        assert batch.lengths.tolist() == [1] * len(batch.lengths)
        for roll, tokens, length in zip(batch.inputs, batch.targets, batch.target_lengths, strict=True):
            assert not tokens[length:].any()
            rows.append(((roll[0].nonzero()[:, 0] + LOWEST).tolist(), vocabulary.decode(tokens[:length].tolist())))
    return rows


def test_a_row_is_a_tune_and_begins_with_its_first_note() -> None:
    data = made()
    rows = [row for split in SPLITS for row in written(data, split)]
    assert all(text.endswith(" <end>") for _, text in rows)
    assert sorted(notes_of(text) for _, text in rows) == sorted(TUNES)  # type: ignore[type-var]
    assert all(notes_of(text)[0][0].pitch == start for (start,), text in rows)


def test_training_tunes_come_in_other_keys_too() -> None:
    data = made(transpose=4)
    plain = {str(piece) for piece in data.pieces["train"]}
    moved = {str(notes_of(text)) for _, text in written(data, "train")}
    assert len(moved) == len(data.pieces["train"])
    assert moved != plain
    for start, text in written(data, "train"):
        assert notes_of(text)[0][0].pitch == start[0]
    held_out = [notes_of(text) for _, text in written(data, "test")]
    assert held_out == data.pieces["test"]


def test_long_music_is_cut_off() -> None:
    for _, text in written(made(max_steps=3), "train"):
        assert len(text.split()) == 4
    assert written(made(max_steps=1), "val")[0][1].split()[1:] == ["<end>"]


def test_the_baseline_is_a_likelihood_of_all_tokens_and_knows_the_first_note() -> None:
    always = made(generate=lambda _: [[[Note(60, 0, 1), Note(67, 1, 1)]]] * 2 + TUNES[1:] * 3)
    baseline = always.baseline()
    assert set(baseline) == {"loss"}
    _, asked = always._stream("test")
    assert asked.sum() == int(always.texts["test"].lengths.sum())
    assert (~asked).sum() == len(always.pieces["test"])
    assert baseline["loss"] < math.log(always.spec.output_size)


def test_four_voices_of_a_file_of_chords(tmp_path: Path) -> None:
    pieces = [[[48 + i, 60, 64, 67], [], [48, 62, 67]] for i in range(3)]
    (tmp_path / "chords.json").write_text(json.dumps({"train": pieces, "valid": pieces[:1], "test": pieces[1:2]}))
    data = made(path=tmp_path / "chords.json", steps_per_beat=1)
    text = "S67 A64 T60 B49 Srest Arest Trest Brest S67 A62 T62 B48 <end>"
    assert written(data, "test") == [([49, 60, 64, 67], text)]
    assert data.describe()["voices"] == "4 voices"
    assert instantiate(data.spec.raw) == StartNotes(melody=False, steps_per_beat=1)


def test_the_melodies_of_midi_files_and_what_a_trained_model_reads(tmp_path: Path) -> None:
    bass = [Note(40, 0, 8)]
    for number, tune in enumerate(TUNES[:6]):
        write_midi(tmp_path / f"{number}.mid", [bass, *tune], steps_per_beat=4)
    data = made(path=tmp_path, steps_per_beat=4)
    assert sorted(notes_of(text) for s in SPLITS for _, text in written(data, s)) == sorted(TUNES[:6])  # type: ignore[type-var]
    raw = instantiate(data.spec.raw)
    assert raw.read(str(tmp_path / "3.mid")).nonzero().tolist() == [[0, 63 - LOWEST]]
    assert StartNotes(melody=False).read(str(tmp_path / "3.mid")).sum() == 2
    assert raw.read("C4 E4 67").shape == (1, 88)
    assert raw.items(tmp_path / "3.mid") == [str(tmp_path / "3.mid")]


def test_chords_that_four_voices_cannot_sing_are_named_or_skipped(tmp_path: Path) -> None:
    pieces = [[[60], [62]], [[50, 52, 54, 56, 58], [60]], [[], []]]
    (tmp_path / "chords.json").write_text(json.dumps({"train": pieces, "valid": pieces[:1], "test": pieces[:1]}))
    with pytest.raises(ValueError, match=r"chords.json: train piece 2: expected at most 4 notes in a chord, got 5"):
        made(path=tmp_path / "chords.json")
    data = made(path=tmp_path / "chords.json", on_error="skip")
    assert len(data.pieces["train"]) == 1
    assert data.describe()["skipped"].startswith("2 skipped")


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "no readable MIDI file"), (b"hello", "no readable MIDI file"), (None, "expected notes, got none")],
)
def test_broken_midi_files_stop_or_are_skipped(tmp_path: Path, content: bytes | None, message: str) -> None:
    for number, tune in enumerate(TUNES[:6]):
        write_midi(tmp_path / f"{number}.mid", tune)
    bad = tmp_path / "bad.mid"
    if content is None:
        write_midi(bad, [[]])
    else:
        bad.write_bytes(content)
    with pytest.raises(ValueError, match=rf"bad.mid: {message}") as caught:
        made(path=tmp_path)
    assert "\n" not in str(caught.value)
    data = made(path=tmp_path, on_error="skip")
    assert sum(map(len, data.pieces.values())) == 6
    assert message in data.describe()["skipped"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": None}, "expected the path of music or a function that generates it, got neither"),
        ({"transpose": -1}, "transpose must be at least 0 semitones, got -1"),
        ({"steps_per_beat": 0}, "steps_per_beat must be at least 1, got 0"),
        ({"max_steps": 0}, "max_steps must be at least 1 or None, got 0"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)


@pytest.mark.parametrize("item", ["", "H4", "tune.mid"])
def test_what_are_no_first_notes_is_named(item: str) -> None:
    with pytest.raises(ValueError, match=r"expected (notes|a note) such as|tune.mid: no readable MIDI file"):
        StartNotes().read(item)


def test_the_chorales_in_four_voices() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs Bach's chorales at $SEQMODELS_DATA/jsb_chorales")
    data = made(path=Path(os.environ["SEQMODELS_DATA"]) / "jsb_chorales/jsb-chorales-quarter.json")
    assert [len(data.pieces[split]) for split in SPLITS] == [229, 76, 77]
    assert int(data.texts["test"].lengths.sum()) == 4 * 4725 + 77
    assert torch.unique(data.examples["val"][[0]].inputs.sum()).item() == 4
