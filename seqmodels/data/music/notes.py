"""Notes: their names, the keys of a piano, and what sounds at each step."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

LOWEST, HIGHEST = 21, 108
NUM_KEYS = HIGHEST - LOWEST + 1
SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

Roll = NDArray[np.uint8]
"""A piano roll (steps, 88): 1 where a key sounds."""

Chords = Sequence[tuple[int, ...]]
"""What sounds at each step, from low to high, in MIDI numbers."""


class Note(NamedTuple):
    """A note, its start and duration in steps; `pitch` is its MIDI number, 60 the middle C."""

    pitch: int
    start: int
    duration: int


def key_names() -> tuple[str, ...]:
    """The keys of a piano, from A0 to C8."""
    return tuple(pitch_name(pitch) for pitch in range(LOWEST, HIGHEST + 1))


def pitch_name(pitch: int) -> str:
    """The scientific name of a MIDI number.

    Example:
        >>> pitch_name(60), pitch_name(70)
        ('C4', 'A#4')
    """
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"


def pitch_of(text: str) -> int:
    """The MIDI number of a note that is given as such or by its name.

    Raises:
        ValueError: it is neither, or none of a piano's 88 keys.

    Example:
        >>> pitch_of("60"), pitch_of("C4"), pitch_of("Bb3"), pitch_of("f#5")
        (60, 60, 58, 78)
    """
    if re.fullmatch(r"\d{1,3}", text):
        return on_the_piano(int(text))
    named = re.fullmatch(r"([A-Ga-g])([#b]?)(-?\d)", text)
    if named is None:
        raise ValueError(f"expected a note such as C4, F#3, Bb2 or 60, got {text!r}")
    letter, sign, octave = named.groups()
    return on_the_piano(12 * (int(octave) + 1) + SEMITONES[letter.upper()] + {"#": 1, "b": -1, "": 0}[sign])


def on_the_piano(pitch: int) -> int:
    """The pitch itself.

    Raises:
        ValueError: no key of a piano has it.
    """
    if not LOWEST <= pitch <= HIGHEST:
        raise ValueError(f"expected a MIDI number from {LOWEST} to {HIGHEST}, the keys of a piano, got {pitch}")
    return pitch


def chord_of(text: str) -> tuple[int, ...]:
    """The notes of a text, from low to high, each once.

    Raises:
        ValueError: there are none, or one cannot be read.

    Example:
        >>> chord_of("G4 C4 64")
        (60, 64, 67)
    """
    pitches = tuple(sorted({pitch_of(name) for name in text.split()}))
    if not pitches:
        raise ValueError(f"expected notes such as 'C4 E4 G4', got {text!r}")
    return pitches


def chords_of(notes: Sequence[Note]) -> Chords:
    """What sounds at each step from 0 on.

    Example:
        >>> chords_of([Note(60, 0, 2), Note(64, 1, 2)])
        [(60,), (60, 64), (64,)]
    """
    steps: list[set[int]] = [set() for _ in range(max((note.start + note.duration for note in notes), default=0))]
    for pitch, start, duration in notes:
        for step in steps[start : start + duration]:
            step.add(pitch)
    return [tuple(sorted(step)) for step in steps]


def held_notes(chords: Chords) -> list[Note]:
    """Notes of some chords: one that sounds in successive chords is held.

    Example:
        >>> held_notes([(60,), (60, 64), (64,)])
        [Note(pitch=60, start=0, duration=2), Note(pitch=64, start=1, duration=2)]
    """
    begun: dict[int, int] = {}
    notes: list[Note] = []
    for step, chord in enumerate([*chords, ()]):
        for pitch in sorted(begun.keys() - set(chord)):
            start = begun.pop(pitch)
            notes.append(Note(pitch, start, step - start))
        for pitch in chord:
            begun.setdefault(pitch, step)
    return sorted(notes, key=lambda note: (note.start, note.pitch))


def roll_of(chords: Iterable[tuple[int, ...]]) -> Roll:
    """The piano roll of some chords.

    Raises:
        ValueError: a note is none of a piano's keys.
    """
    rows = list(chords)
    roll = np.zeros((len(rows), NUM_KEYS), dtype=np.uint8)
    for step, chord in enumerate(rows):
        roll[step, [on_the_piano(pitch) - LOWEST for pitch in chord]] = 1
    return roll


def chords_of_roll(roll: Roll) -> Chords:
    """The inverse of `roll_of`.

    Example:
        >>> chords_of_roll(roll_of([(60, 64), ()]))
        [(60, 64), ()]
    """
    return [tuple((np.flatnonzero(step) + LOWEST).tolist()) for step in roll]
