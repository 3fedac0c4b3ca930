"""Polyphonic music as piano rolls: what sounds in, what sounds a step later out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.music.chorales import read_pieces
from seqmodels.data.music.midi import is_midi, read_midi
from seqmodels.data.music.music_data import MusicData
from seqmodels.data.music.next_notes import next_notes
from seqmodels.data.music.notes import LOWEST, NUM_KEYS, Chords, chord_of, chords_of, key_names, pitch_name, roll_of
from seqmodels.data.ragged import Ragged
from seqmodels.data.raw import RawInput
from seqmodels.types import Batch, DataSpec


@dataclass(frozen=True)
class PianoRoll(RawInput):
    """The steps of a MIDI file, given by its path; or chords such as `"C4 E4 G4 | D4 F4"`, with a bar between steps.

    Args:
        steps_per_beat: of MIDI files.

    Example:
        >>> PianoRoll().read("C4 E4 | 62").nonzero().tolist()
        [[0, 39], [0, 43], [1, 41]]
    """

    steps_per_beat: int = 1

    def read(self, item: str) -> Float[Tensor, "time keys"]:
        """The keys that sound at each step.

        Raises:
            ValueError: the file is no MIDI file or has no notes; the text holds something else than notes.
        """
        if is_midi(item):
            return _values(chords_of(read_midi(item, steps_per_beat=self.steps_per_beat).notes))
        return _values([chord_of(chord) for chord in item.split("|")])

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "C4 E4 G4 | D4 F4 A4"

    def items(self, file: Path) -> list[str]:
        """A MIDI file is one item, each line of a text another."""
        return [str(file)] if is_midi(file) else super().items(file)


class NextNotes(Dataset[Batch]):
    """Pieces in several keys: at every step but the last, what sounds a step later.

    Example `i` is piece `i % len(pieces)`, moved by `shifts[i // len(pieces)]` semitones, or less if a note would
    else fall off the keyboard.

    Args:
        pieces: what sounds at each step, in each piece.
        shifts: in semitones, upwards.
    """

    def __init__(self, pieces: list[Chords], shifts: range = range(1)) -> None:
        self.rolls = Ragged.of(roll_of(chords) for chords in pieces)
        self.shifts = shifts
        keys = [[pitch - LOWEST for chord in chords for pitch in chord] or [0] for chords in pieces]
        self.lowest, self.highest = torch.tensor([(min(each), max(each)) for each in keys]).unbind(1)

    def __len__(self) -> int:
        return len(self.shifts) * len(self.rolls)

    def __getitem__(self, indices: list[int]) -> Batch:
        pieces = [i % len(self.rolls) for i in indices]
        wanted = torch.tensor([self.shifts[i // len(self.rolls)] for i in indices])
        shifts = wanted.clamp(-self.lowest[pieces], NUM_KEYS - 1 - self.highest[pieces])
        keys = (torch.arange(NUM_KEYS) - shifts.unsqueeze(1)) % NUM_KEYS
        padded = self.rolls.padded(pieces).float()
        moved = padded.gather(2, keys.unsqueeze(1).expand_as(padded))
        return Batch(moved[:, :-1], moved[:, 1:], self.rolls.lengths[pieces] - 1)


class PianoRollData(MusicData[Chords]):
    """Pieces of polyphonic music, as which of a piano's 88 keys sound at each step.

    The notes of a piece's second to last step are predicted, each from all steps before; those of the first step are
    given. A piece of T steps is a row of T-1.

    Args:
        steps_per_beat: of MIDI files.
        batch_size: pieces of a batch.
        **music: the other arguments of `MusicData`; `path` is as `chorales.read_pieces` takes it.

    Example:
        >>> data = PianoRollData(generate=lambda seed: [[(60, 64), (62,)], [(60,)] * 3, [(60,)] * 4])
        >>> data.setup()
        >>> data.spec.output_size
        88
    """

    def __init__(self, *, steps_per_beat: int = 1, batch_size: int = 16, **music: Any) -> None:
        super().__init__(steps_per_beat=steps_per_beat, batch_size=batch_size, **music)

    def load(self) -> None:
        """Read or generate the pieces."""
        self.read_splits()
        self.examples = {split: NextNotes(self.pieces[split], self.shifts[split]) for split in SPLITS}
        self.spec = DataSpec(
            inputs="values",
            input_size=NUM_KEYS,
            output_size=NUM_KEYS,
            mean=_shares(self.pieces["train"], self.shifts["train"]),
            columns=key_names(),
            answers=key_names(),
            raw=PianoRoll(self.steps_per_beat).recipe(),
        )

    def read(self, path: Path) -> dict[Split, list[Chords]]:
        """As `chorales.read_pieces` does."""
        return read_pieces(path, self.errors, steps_per_beat=self.steps_per_beat, seed=self.seed)

    def lengths(self, split: Split) -> Tensor:
        """Steps."""
        return torch.tensor([len(piece) for piece in self.pieces[split]])

    def baseline(self) -> dict[str, float]:
        """The test metrics of a logistic regression for each key, on the keys of the two steps before."""
        return next_notes(*([roll_of(piece) for piece in self.pieces[split]] for split in ("train", "test")))

    def describe(self) -> dict[str, str]:
        """Likewise, with how long the pieces are and what sounds in them."""
        every = [chord for split in SPLITS for piece in self.pieces[split] for chord in piece]
        pitches = [pitch for chord in every for pitch in chord]
        span = f"from {pitch_name(min(pitches))} to {pitch_name(max(pitches))}" if pitches else "none sounds"
        return {
            **super().describe(),
            "steps": ", ".join(f"{sum(map(len, self.pieces[split])):,} {split}" for split in SPLITS),
            "notes": f"{len(pitches) / len(every):.1f} a step, {span}",
        }


def _values(chords: Chords) -> Float[Tensor, "time keys"]:
    return torch.from_numpy(roll_of(chords).astype(np.float32))


def _shares(pieces: list[Chords], shifts: range) -> tuple[float, ...]:
    """In which share of the steps each key sounds, over all the keys the pieces come in."""
    steps = sum(map(len, pieces))
    counts = np.sum([roll_of(chords).sum(axis=0, dtype=np.float64) for chords in pieces], axis=0)
    wide = np.pad(counts, shifts[-1])
    return tuple((np.convolve(wide, np.ones(len(shifts)), mode="valid") / (steps * len(shifts))).tolist())
