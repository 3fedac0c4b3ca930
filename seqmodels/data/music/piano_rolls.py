"""Polyphonic music as piano rolls: what sounds in, what sounds a step later out."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.base import SPLITS, SequenceData, Split
from seqmodels.data.files import Source, locate
from seqmodels.data.music.chorales import cut, read_pieces
from seqmodels.data.music.midi import is_midi, read_midi
from seqmodels.data.music.next_notes import next_notes
from seqmodels.data.music.notes import LOWEST, NUM_KEYS, Chords, chord_of, chords_of, key_names, pitch_name, roll_of
from seqmodels.data.music.transposition import each_in_one_key, semitones
from seqmodels.data.orders import Order, by_length, in_order
from seqmodels.data.ragged import Ragged
from seqmodels.data.raw import RawInput
from seqmodels.data.row_errors import OnError, RowErrors
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


class PianoRollData(SequenceData):
    """Pieces of polyphonic music, as which of a piano's 88 keys sound at each step.

    The notes of a piece's second to last step are predicted, each from all steps before; those of the first step are
    given. A piece of T steps is a row of T-1.

    Args:
        path: a `.mat` or `.json` file or a folder of MIDI files, see `chorales.read_pieces`; None to `generate`.
        generate: makes pieces from a seed, used where there is no `path`; they are cut into 80, 10 and 10 %.
        transpose: a training piece comes, in each epoch, moved by a number of semitones drawn anew, at most so many
            up or down. Validation and test stay as they are.
        steps_per_beat: of MIDI files.
        on_error: whether a piece that cannot be read stops everything, or is skipped.
        batch_size: pieces of a batch.
        seed: of the generated pieces, of a cut, of transpositions and of the order of training.

    Raises:
        ValueError: there is neither a file nor a generator, or a number is out of range. On loading: a part has no
            pieces.

    Example:
        >>> data = PianoRollData(generate=lambda seed: [[(60, 64), (62,)], [(60,)] * 3, [(60,)] * 4])
        >>> data.setup()
        >>> data.spec.output_size
        88
    """

    def __init__(
        self,
        *,
        path: Source | None = None,
        generate: Callable[[int], list[Chords]] | None = None,
        transpose: int = 0,
        steps_per_beat: int = 1,
        on_error: OnError = "stop",
        batch_size: int = 16,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("piano rolls need a path or a generator, got neither")
        if steps_per_beat < 1:
            raise ValueError(f"steps_per_beat must be at least 1, got {steps_per_beat}")
        self.path, self.generate = path, generate
        self.shifts, self.raw = semitones(transpose), PianoRoll(steps_per_beat)
        self.errors = RowErrors(on_error)

    def load(self) -> None:
        """Read or generate the pieces."""
        self._origin, self.pieces = self._read()
        for split in SPLITS:
            if not self.pieces[split]:
                raise ValueError(f"{self._origin}: expected pieces in the {split} part, got none")
        shifts = {"train": self.shifts, "val": range(1), "test": range(1)}
        self.examples = {split: NextNotes(self.pieces[split], shifts[split]) for split in SPLITS}
        self.spec = DataSpec(
            inputs="values",
            input_size=NUM_KEYS,
            output_size=NUM_KEYS,
            mean=_shares(self.pieces["train"], self.shifts),
            columns=key_names(),
            answers=key_names(),
            raw=self.raw.recipe(),
        )

    def order(self, split: Split) -> Order:
        """Training pieces of similar length together, each in one of its keys; the others as they come."""
        lengths = torch.tensor([len(piece) for piece in self.pieces[split]])
        if split != "train":
            return in_order(len(lengths), self.batch_size)
        return each_in_one_key(by_length(lengths, self.batch_size), len(lengths), len(self.shifts))

    def floor(self) -> dict[str, float]:
        """The test metrics of a logistic regression for each key, on the keys of the two steps before."""
        return next_notes(*([roll_of(piece) for piece in self.pieces[split]] for split in ("train", "test")))

    def describe(self) -> dict[str, str]:
        """Where the pieces come from, how many and how long they are, what sounds in them."""
        every = [chord for split in SPLITS for piece in self.pieces[split] for chord in piece]
        pitches = [pitch for chord in every for pitch in chord]
        lines = {
            "data": self._origin,
            "pieces": ", ".join(f"{len(self.pieces[split]):,} {split}" for split in SPLITS),
            "steps": ", ".join(f"{sum(map(len, self.pieces[split])):,} {split}" for split in SPLITS),
            "notes": f"{len(pitches) / len(every):.1f} a step, from {pitch_name(min(pitches))} to "
            f"{pitch_name(max(pitches))}",
            "training keys": f"moved by up to {self.shifts[-1]} semitones" if self.shifts[-1] else "as written",
        }
        return {**lines, "skipped": self.errors.describe()} if self.errors.skipped else lines

    def _read(self) -> tuple[str, dict[Split, list[Chords]]]:
        if self.path is not None:
            path = locate(self.path)
            return str(path), read_pieces(path, self.errors, steps_per_beat=self.raw.steps_per_beat, seed=self.seed)
        assert self.generate is not None
        function = getattr(self.generate, "func", self.generate)
        name = f"{getattr(function, '__name__', type(function).__name__)} (generated)"
        pieces = self.generate(self.seed)
        return name, cut(pieces, [str(piece) for piece in pieces], self.seed)


def _values(chords: Chords) -> Float[Tensor, "time keys"]:
    return torch.from_numpy(roll_of(chords).astype(np.float32))


def _shares(pieces: list[Chords], shifts: range) -> tuple[float, ...]:
    """In which share of the steps each key sounds, over all the keys the pieces come in."""
    steps = sum(map(len, pieces))
    counts = np.sum([roll_of(chords).sum(axis=0, dtype=np.float64) for chords in pieces], axis=0)
    wide = np.pad(counts, shifts[-1])
    return tuple((np.convolve(wide, np.ones(len(shifts)), mode="valid") / (steps * len(shifts))).tolist())
