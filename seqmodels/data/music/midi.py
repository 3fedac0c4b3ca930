"""MIDI files, over the `mido` library: notes on a grid of steps."""

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import mido

from seqmodels.data.music.notes import Note
from seqmodels.data.row_errors import one_line

DRUMS = 9
TICKS_PER_BEAT = 480
DEFAULT_TEMPO = 120.0


class Score(NamedTuple):
    """The voices of a piece, each the notes of one channel of one track, and its first tempo in beats per minute."""

    voices: list[list[Note]]
    tempo: float = DEFAULT_TEMPO

    @property
    def notes(self) -> list[Note]:
        """Those of all voices, by start and pitch."""
        return sorted((note for voice in self.voices for note in voice), key=lambda note: (note.start, note.pitch))


def is_midi(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a MIDI file by its name."""
    return Path(path).suffix.lower() in (".mid", ".midi")


def midi_files(folder: Path) -> list[Path]:
    """Those in a folder and the folders in it, by name."""
    return sorted(path for path in folder.rglob("*") if is_midi(path))


def read_midi(path: str | os.PathLike[str], *, steps_per_beat: int = 4) -> Score:
    """The notes of a file, moved to the nearest step; drums (channel 10) are left out.

    The first note's start is step 0. No note is shorter than a step. Changes of the tempo after the first are not
    told: steps are parts of a beat, however long it is.

    Args:
        path: of the file.
        steps_per_beat: 4 for sixteenth notes where a beat is a quarter note.

    Raises:
        ValueError: the file is no MIDI file, or has no notes.
    """
    try:
        file = mido.MidiFile(os.fspath(path))
        if file.ticks_per_beat <= 0:
            raise ValueError("its time is not counted in beats")
        timed = [list(_timed(track)) for track in file.tracks]
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise ValueError(f"{os.fspath(path)}: no readable MIDI file: {one_line(error)}") from error
    voices = [voice for track in timed for voice in _voices(track, file.ticks_per_beat / steps_per_beat)]
    if not voices:
        raise ValueError(f"{os.fspath(path)}: expected notes, got none")
    begin = min(note.start for voice in voices for note in voice)
    tempos = (mido.tempo2bpm(message.tempo) for track in timed for _, message in track if message.type == "set_tempo")
    return Score(
        [[note._replace(start=note.start - begin) for note in voice] for voice in voices], next(tempos, DEFAULT_TEMPO)
    )


def write_midi(
    path: str | os.PathLike[str],
    voices: Sequence[Sequence[Note]],
    *,
    steps_per_beat: int = 4,
    tempo: float = DEFAULT_TEMPO,
) -> None:
    """Write a file with a track for each voice.

    Args:
        path: of the file.
        voices: the notes of each.
        steps_per_beat: of the notes' starts and durations.
        tempo: in beats per minute.

    Raises:
        ValueError: a size is not positive, or there are more voices than channels.
    """
    if steps_per_beat < 1 or tempo <= 0:
        raise ValueError(f"steps_per_beat and tempo must be positive, got {steps_per_beat} and {tempo}")
    channels = [channel for channel in range(16) if channel != DRUMS]
    if len(voices) > len(channels):
        raise ValueError(f"a MIDI file has room for {len(channels)} voices, got {len(voices)}")
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    conductor = mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo))
    file.tracks.append(mido.MidiTrack([conductor]))
    for channel, voice in zip(channels, voices, strict=False):
        file.tracks.append(_track(voice, channel, TICKS_PER_BEAT / steps_per_beat))
    file.save(os.fspath(path))


def _timed(track: mido.MidiTrack) -> Iterator[tuple[int, mido.Message]]:
    """Each message with the ticks since the beginning."""
    now = 0
    for message in track:
        now += message.time
        yield now, message


def _voices(track: list[tuple[int, mido.Message]], ticks_per_step: float) -> list[list[Note]]:
    """The notes of each channel."""
    begun: dict[tuple[int, int], int] = {}
    voices: defaultdict[int, list[Note]] = defaultdict(list)
    for now, message in track:
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        key = message.channel, message.note
        if key in begun:
            start = begun.pop(key)
            first, end = round(start / ticks_per_step), round(now / ticks_per_step)
            voices[message.channel].append(Note(message.note, first, max(end - first, 1)))
        if message.type == "note_on" and message.velocity > 0:
            begun[key] = now
    return [sorted(voice, key=lambda note: (note.start, note.pitch)) for voice in voices.values()]


def _track(voice: Sequence[Note], channel: int, ticks_per_step: float) -> mido.MidiTrack:
    # A note ends before the next one begins on the same key.
    changes = sorted(
        change for pitch, start, duration in voice for change in ((start, 1, pitch), (start + duration, 0, pitch))
    )
    track, before = mido.MidiTrack(), 0
    for step, sounds, pitch in changes:
        now = round(step * ticks_per_step)
        kind = "note_on" if sounds else "note_off"
        track.append(mido.Message(kind, note=pitch, velocity=80, channel=channel, time=now - before))
        before = now
    return track
