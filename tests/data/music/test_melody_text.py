"""Notes as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.music.melody_text import (
    entries_of,
    four_voices,
    letters_of,
    melody_of,
    notes_of,
    text_of,
    transposed,
)
from seqmodels.data.music.notes import HIGHEST, LOWEST, Chords, Note

pitches = st.integers(LOWEST, HIGHEST)


@st.composite
def voices(draw: st.DrawFn, least: int = 1) -> list[list[Note]]:
    """Voices that begin at step 0 or later and end together."""
    pieces = []
    for _ in range(draw(st.integers(least, 4))):
        notes, now = [], 0
        for rest, duration, pitch in draw(
            st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), pitches), min_size=1, max_size=6)
        ):
            notes.append(Note(pitch, now + rest, duration))
            now += rest + duration
        pieces.append(notes)
    return pieces


@given(piece=voices())
def test_notes_come_back_from_their_text(piece: list[list[Note]]) -> None:
    assert notes_of(text_of(piece)) == piece


@given(piece=voices())
def test_every_entry_is_listed(piece: list[list[Note]]) -> None:
    entries = entries_of([piece], range(1))
    assert len(set(entries)) == len(entries)
    assert set(text_of(piece).split()) <= set(entries)


@given(piece=voices(), shift=st.integers(-20, 20))
def test_a_piece_is_moved_as_a_whole_and_its_entries_are_listed(piece: list[list[Note]], shift: int) -> None:
    moved = transposed(piece, shift)
    distances = {
        b.pitch - a.pitch for old, new in zip(piece, moved, strict=True) for a, b in zip(old, new, strict=True)
    }
    assert len(distances) == 1
    assert abs(distances.pop()) <= abs(shift)
    assert all(LOWEST <= note.pitch <= HIGHEST for voice in moved for note in voice)
    assert set(text_of(moved).split()) <= set(entries_of([piece], range(min(shift, 0), max(shift, 0) + 1)))


def test_whatever_is_written_has_a_meaning() -> None:
    assert notes_of("hold rest hold <unk> 60 hold nonsense 61x X60 <end>") == [[Note(60, 3, 2)]]
    assert notes_of("S60 S62 A50 Shold T40") == [[Note(60, 0, 1), Note(62, 1, 2)], [Note(50, 0, 1)], [Note(40, 0, 1)]]
    assert notes_of("") == []


def test_the_melody_is_the_highest_voice_and_its_highest_notes() -> None:
    low = [Note(60, 0, 4)]
    high = [Note(70, 2, 4), Note(75, 2, 1), Note(72, 4, 3), Note(71, 9, 2)]
    assert melody_of([low, high]) == [Note(75, 0, 1), Note(72, 2, 3), Note(71, 7, 2)]


CHORDS = st.lists(st.lists(pitches, max_size=4, unique=True).map(sorted).map(tuple), max_size=8)


@given(chords=CHORDS)
def test_four_voices_sing_the_notes_of_each_chord_and_no_others(chords: Chords) -> None:
    sung = four_voices(chords)
    for step, chord in enumerate(chords):
        pitches_from_above = [note.pitch for voice in sung for note in voice if note.start == step]
        assert pitches_from_above == sorted(pitches_from_above, reverse=True)
        assert tuple(sorted(set(pitches_from_above))) == chord
        assert len(pitches_from_above) == (4 if chord else 0)


def test_more_notes_than_voices_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 4 notes in a chord, got 5"):
        four_voices([(50, 52, 54, 56, 58)])
    with pytest.raises(ValueError, match="expected 1 to 4 voices, got 5"):
        letters_of(5)
