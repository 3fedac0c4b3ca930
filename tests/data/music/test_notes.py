"""Names, keys and chords of notes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.music.notes import (
    HIGHEST,
    LOWEST,
    NUM_KEYS,
    Note,
    chord_of,
    chords_of,
    chords_of_roll,
    held_notes,
    key_names,
    pitch_name,
    pitch_of,
    roll_of,
)

pitches = st.integers(LOWEST, HIGHEST)
pieces = st.lists(st.lists(pitches, max_size=5, unique=True).map(sorted).map(tuple), max_size=12)


@given(pitch=pitches)
def test_a_name_and_a_number_mean_the_same_key(pitch: int) -> None:
    assert pitch_of(pitch_name(pitch)) == pitch_of(str(pitch)) == pitch


def test_the_keys_of_a_piano() -> None:
    names = key_names()
    assert len(names) == NUM_KEYS
    assert (names[0], names[39], names[-1]) == ("A0", "C4", "C8")


@pytest.mark.parametrize(("text", "pitch"), [("Cb4", 59), ("B#3", 60), ("E#4", 65), ("db4", 61)])
def test_signs_may_cross_an_octave(text: str, pitch: int) -> None:
    assert pitch_of(text) == pitch


@pytest.mark.parametrize("text", ["H4", "C", "4", "C44", "C#b4", "é4", "60.0", "-60"])
def test_what_is_no_note_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a (note such as C4, F#3, Bb2 or 60|MIDI number from 21 to 108)"):
        pitch_of(text)


def test_a_note_that_no_piano_has_is_named() -> None:
    with pytest.raises(ValueError, match="expected a MIDI number from 21 to 108, the keys of a piano, got 20"):
        pitch_of("G#0")


def test_a_chord_without_notes_is_named() -> None:
    with pytest.raises(ValueError, match=r"expected notes such as 'C4 E4 G4', got '  '"):
        chord_of("  ")


@given(chords=pieces)
def test_a_roll_holds_exactly_the_chords(chords: list[tuple[int, ...]]) -> None:
    roll = roll_of(chords)
    assert roll.shape == (len(chords), NUM_KEYS)
    assert roll.sum() == sum(map(len, chords))
    assert list(chords_of_roll(roll)) == chords


@given(chords=pieces)
def test_held_notes_sound_like_their_chords(chords: list[tuple[int, ...]]) -> None:
    notes = held_notes(chords)
    sounding = list(chords_of(notes))
    while chords and not chords[-1]:
        chords.pop()
    assert sounding == chords
    ends = {(note.pitch, note.start + note.duration) for note in notes}
    assert not any((note.pitch, note.start) in ends for note in notes)


def test_two_notes_on_one_key_are_one() -> None:
    assert chords_of([Note(60, 0, 2), Note(60, 0, 1)]) == [(60,), (60,)]
    assert np.array_equal(roll_of([(60, 60)]), roll_of([(60,)]))
