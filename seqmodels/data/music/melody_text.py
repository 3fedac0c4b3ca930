"""Notes as text and back: what a model of melodies writes.

An entry is a step of a voice: `60` strikes a note, `hold` lets it sound on, `rest` is silent. A single voice is written
entry by entry. Of several voices each entry begins with the letter of its voice, and a step is written from the highest
voice to the lowest: `S72 A67 T64 B48 S74 Ahold T65 B50`.
"""

import re
from collections.abc import Iterable, Sequence

from seqmodels.data.music.notes import HIGHEST, LOWEST, Chords, Note

VOICES = "SATB"
REST, HOLD = "rest", "hold"
Voices = Sequence[Sequence[Note]]
"""The notes of each voice, from the highest to the lowest; in a voice no note begins before the one before ends."""


def letters_of(num_voices: int) -> Sequence[str]:
    """What the entries of each voice begin with.

    Raises:
        ValueError: there are no voices, or more than four.
    """
    if not 1 <= num_voices <= len(VOICES):
        raise ValueError(f"expected 1 to {len(VOICES)} voices, got {num_voices}")
    return [""] if num_voices == 1 else VOICES[:num_voices]


def text_of(voices: Voices) -> str:
    """The text of some voices, up to the end of the last note.

    Example:
        >>> text_of([[Note(60, 0, 2), Note(62, 3, 1)]])
        '60 hold rest 62'
        >>> text_of([[Note(72, 0, 2)], [Note(60, 0, 1)]])
        'S72 A60 Shold Arest'
    """
    num_steps = max((note.start + note.duration for voice in voices for note in voice), default=0)
    columns = [
        [f"{letter}{entry}" for entry in _entries(voice, num_steps)]
        for letter, voice in zip(letters_of(len(voices)), voices, strict=True)
    ]
    return " ".join(entry for step in zip(*columns, strict=True) for entry in step)


def notes_of(text: str) -> list[list[Note]]:
    """The notes of each voice of a text. Each voice counts its own steps, so any text a model writes has a meaning.

    A `hold` behind a rest is a rest; what is no entry is not read.

    Example:
        >>> notes_of("60 hold rest 62")
        [[Note(pitch=60, start=0, duration=2), Note(pitch=62, start=3, duration=1)]]
    """
    steps: dict[str, list[str]] = {}
    for letter, entry in re.findall(rf"(?<!\S)([{VOICES}]?)(\d+|{REST}|{HOLD})(?!\S)", text):
        steps.setdefault(letter, []).append(entry)
    return [_notes(steps[letter]) for letter in ("", *VOICES) if letter in steps]


def entries_of(pieces: Iterable[Voices], shifts: range) -> list[str]:
    """All entries for pieces in several keys: of each voice its rest, its hold, and every pitch in its range.

    Example:
        >>> entries_of([[[Note(60, 0, 1), Note(62, 1, 1)]]], range(1))
        ['rest', 'hold', '60', '61', '62']
    """
    ranges: dict[int, tuple[int, int]] = {}
    num_voices = 0
    for voices in pieces:
        num_voices = max(num_voices, len(voices))
        for number, voice in enumerate(voices):
            low, high = ranges.get(number, (HIGHEST, LOWEST))
            pitches = [note.pitch for note in voice]
            ranges[number] = min([low, *pitches]), max([high, *pitches])
    spread = [
        range(max(ranges[n][0] + shifts[0], LOWEST), min(ranges[n][1] + shifts[-1], HIGHEST) + 1)
        for n in range(num_voices)
    ]
    return [
        f"{letter}{entry}"
        for letter, pitches in zip(letters_of(num_voices), spread, strict=True)
        for entry in (REST, HOLD, *pitches)
    ]


def transposed(voices: Voices, semitones: int) -> Voices:
    """The voices moved by some semitones upwards, or as far as all notes stay on the keyboard."""
    pitches = [note.pitch for voice in voices for note in voice]
    shift = min(max(semitones, LOWEST - min(pitches)), HIGHEST - max(pitches))
    return [[note._replace(pitch=note.pitch + shift) for note in voice] for voice in voices]


def melody_of(voices: Voices) -> list[Note]:
    """The highest voice (by its mean pitch), of simultaneous notes the highest, cut where the next one begins.

    Example:
        >>> melody_of([[Note(40, 0, 4)], [Note(60, 0, 3), Note(64, 0, 3), Note(62, 2, 1)]])
        [Note(pitch=64, start=0, duration=2), Note(pitch=62, start=2, duration=1)]
    """
    highest = max(voices, key=lambda voice: sum(note.pitch for note in voice) / len(voice))
    top = {note.start: note for note in sorted(highest, key=lambda note: note.pitch)}
    starts = sorted(top)
    begin = starts[0]
    return [
        Note(top[start].pitch, start - begin, min(top[start].duration, following - start))
        for start, following in zip(starts, [*starts[1:], starts[-1] + top[starts[-1]].duration], strict=True)
    ]


def four_voices(chords: Chords) -> Voices:
    """Soprano, alto, tenor and bass of chords of at most four notes, each struck anew at every step.

    Where there are fewer notes than voices, two voices sing the same: those that move least from the step before.

    Raises:
        ValueError: a chord has more than four notes.

    Example:
        >>> [voice[-1].pitch for voice in four_voices([(48, 60, 64, 67), (48, 62, 67)])]
        [67, 62, 62, 48]
    """
    voices: list[list[Note]] = [[] for _ in VOICES]
    before: tuple[int, ...] = ()
    for step, chord in enumerate(chords):
        if len(chord) > len(VOICES):
            raise ValueError(f"expected at most {len(VOICES)} notes in a chord, got {len(chord)}: {chord}")
        if chord:
            before = min(_shared(chord), key=lambda sung: _movement(sung, before))
            for voice, pitch in zip(voices, reversed(before), strict=True):
                voice.append(Note(pitch, step, 1))
    return voices


def _shared(chord: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The ways to give each note of a chord to at least one of the voices, from low to high."""
    if len(chord) == len(VOICES):
        return [chord]
    wider = {tuple(sorted((*chord, pitch))) for pitch in chord}
    return sorted({each for way in wider for each in _shared(way)})


def _movement(sung: tuple[int, ...], before: tuple[int, ...]) -> int:
    return sum(abs(a - b) for a, b in zip(sung, before, strict=False))


def _entries(voice: Sequence[Note], num_steps: int) -> list[str]:
    entries = [REST] * num_steps
    for pitch, start, duration in voice:
        entries[start : start + duration] = [str(pitch), *[HOLD] * (duration - 1)]
    return entries


def _notes(entries: list[str]) -> list[Note]:
    notes: list[Note] = []
    for step, entry in enumerate(entries):
        if entry == HOLD and notes and notes[-1].start + notes[-1].duration == step:
            notes[-1] = notes[-1]._replace(duration=notes[-1].duration + 1)
        elif entry not in (REST, HOLD):
            notes.append(Note(int(entry), step, 1))
    return notes
