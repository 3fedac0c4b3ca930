"""What is written to a MIDI file comes back, and what is no MIDI file is told so."""

from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.music.midi import DRUMS, midi_files, read_midi, write_midi
from seqmodels.data.music.notes import Note, held_notes

chords = st.lists(st.lists(st.integers(21, 108), max_size=3, unique=True).map(sorted).map(tuple), max_size=12)
SCALE = [Note(60, 0, 2), Note(62, 2, 1), Note(62, 3, 1), Note(64, 6, 4)]


@given(
    voices=st.lists(chords.map(lambda piece: held_notes([(60,), *piece])), min_size=1, max_size=5),
    steps_per_beat=st.sampled_from([1, 2, 3, 4, 7, 12]),
    tempo=st.sampled_from([60.0, 90.0, 120.0]),
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, voices: list[list[Note]], steps_per_beat: int, tempo: float
) -> None:
    path = tmp_path_factory.mktemp("midi") / "piece.mid"
    write_midi(path, voices, steps_per_beat=steps_per_beat, tempo=tempo)
    score = read_midi(path, steps_per_beat=steps_per_beat)
    assert score.voices == voices
    assert score.tempo == pytest.approx(tempo, rel=1e-4)


def test_it_lasts_as_long_as_it_should(tmp_path: Path) -> None:
    write_midi(tmp_path / "scale.mid", [SCALE], steps_per_beat=2, tempo=60.0)
    assert mido.MidiFile(tmp_path / "scale.mid").length == pytest.approx(5.0)


def file_of(path: Path, *tracks: list[mido.Message], ticks_per_beat: int = 480) -> Path:
    file = mido.MidiFile(ticks_per_beat=ticks_per_beat)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return path


def test_notes_move_to_the_nearest_step_and_the_first_is_step_0(tmp_path: Path) -> None:
    path = file_of(
        tmp_path / "played.mid",
        [
            mido.Message("note_on", note=60, velocity=64, time=965),
            mido.Message("note_on", note=60, velocity=0, time=230),
            mido.Message("note_on", note=72, velocity=64, time=10),
            mido.Message("note_off", note=72, velocity=0, time=20),
        ],
    )
    assert read_midi(path, steps_per_beat=2).notes == [Note(60, 0, 1), Note(72, 1, 1)]


def test_a_note_struck_again_begins_anew(tmp_path: Path) -> None:
    path = file_of(
        tmp_path / "again.mid",
        [
            mido.Message("note_on", note=60, velocity=64, time=0),
            mido.Message("note_on", note=60, velocity=64, time=480),
            mido.Message("note_off", note=60, velocity=0, time=480),
        ],
    )
    assert read_midi(path, steps_per_beat=1).notes == [Note(60, 0, 1), Note(60, 1, 1)]


def test_channels_are_voices_and_drums_are_none(tmp_path: Path) -> None:
    def tone(channel: int, note: int) -> list[mido.Message]:
        return [
            mido.Message("note_on", note=note, channel=channel, time=0),
            mido.Message("note_off", note=note, channel=channel, time=480),
        ]

    path = file_of(tmp_path / "band.mid", tone(0, 60) + tone(1, 64), tone(DRUMS, 35), tone(0, 67))
    assert read_midi(path, steps_per_beat=1).voices == [[Note(60, 0, 1)], [Note(64, 1, 1)], [Note(67, 0, 1)]]
    drums = file_of(tmp_path / "drums.mid", tone(DRUMS, 35))
    with pytest.raises(ValueError, match=r"drums.mid: expected notes, got none"):
        read_midi(drums)


@pytest.mark.parametrize(
    "content",
    [b"", b"MThd", b"not a midi file at all", b"MThd\0\0\0\6\0\1\0\1\1\xe0MTrk\0\0\0\x10\0\x90", b"\xff" * 99],
)
def test_a_file_that_is_no_midi_is_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mid"
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^.*broken.mid: (no readable MIDI file: .+|expected notes, got none)$"
    ) as caught:
        read_midi(path)
    assert "\n" not in str(caught.value)


def test_a_file_with_time_in_seconds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "film.mid"
    path.write_bytes(b"MThd\0\0\0\6\0\1\0\1\xe7\x28MTrk\0\0\0\4\0\xff\x2f\0")
    with pytest.raises(ValueError, match=r"film.mid: no readable MIDI file: its time is not counted in beats"):
        read_midi(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none.mid: no readable MIDI file: .*No such file"):
        read_midi(tmp_path / "none.mid")


@pytest.mark.parametrize(
    ("voices", "steps", "tempo", "message"),
    [
        ([SCALE], 0, 120.0, "steps_per_beat and tempo must be positive, got 0 and 120.0"),
        ([SCALE], 4, 0.0, "steps_per_beat and tempo must be positive, got 4 and 0.0"),
        ([SCALE] * 16, 4, 120.0, "a MIDI file has room for 15 voices, got 16"),
    ],
)
def test_what_cannot_be_written_is_told(
    tmp_path: Path, voices: list[list[Note]], steps: int, tempo: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_midi(tmp_path / "no.mid", voices, steps_per_beat=steps, tempo=tempo)


def test_files_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b.mid", "a.MIDI", "more/c.mid", "notes.txt"):
        (tmp_path / name).touch()
    assert [str(path.relative_to(tmp_path)) for path in midi_files(tmp_path)] == ["a.MIDI", "b.mid", "more/c.mid"]
