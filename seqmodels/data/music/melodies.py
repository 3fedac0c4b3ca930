"""Melodies and music in few voices: the notes it begins with in, the whole of it out, step by step as text."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.baselines import witten_bell
from seqmodels.data.music.chorales import midi_splits, read_pieces
from seqmodels.data.music.melody_text import Voices, entries_of, four_voices, melody_of, text_of, transposed
from seqmodels.data.music.midi import is_midi, read_midi
from seqmodels.data.music.music_data import MusicData
from seqmodels.data.music.notes import LOWEST, NUM_KEYS, Chords, chord_of, key_names, on_the_piano, roll_of
from seqmodels.data.ragged import Ragged
from seqmodels.data.raw import RawInput
from seqmodels.data.rows import Rows
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec


@dataclass(frozen=True)
class StartNotes(RawInput):
    """The notes that music begins with: by name (`"C4 E4 G4"`), by MIDI number (`"60"`), or those of a MIDI file.

    Args:
        melody: whether the first note of a file's melody is meant, not all notes it begins with.
        steps_per_beat: of what is read and written.

    Example:
        >>> StartNotes().read("C4 67").nonzero().tolist()
        [[0, 39], [0, 46]]
    """

    melody: bool = True
    steps_per_beat: int = 2

    def read(self, item: str) -> Float[Tensor, "1 keys"]:
        """One step, 1 for each key.

        Raises:
            ValueError: the file is no MIDI file or has no notes; the text holds something else than notes.
        """
        if not is_midi(item):
            return _start(chord_of(item))
        voices: Voices = read_midi(item, steps_per_beat=self.steps_per_beat).voices
        return _start(start_of([melody_of(voices)] if self.melody else voices))

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "C4 E4 G4"

    def items(self, file: Path) -> list[str]:
        """A MIDI file is one item, each line of a text another."""
        return [str(file)] if is_midi(file) else super().items(file)


class MelodyData(MusicData[Voices]):
    """Music that is written from its first notes on, see `melody_text` for how.

    The input is one step: a piano's 88 keys, 1 for those struck at first. The target is the text of the whole music,
    the first notes included, and an end. The vocabulary covers the range of the training split.

    Args:
        max_steps: what is longer is cut off; None for nothing.
        steps_per_beat: of MIDI files, those that are read and those that are written.
        batch_size: pieces of a batch.
        **music: the other arguments of `MusicData`. `path` is a folder of MIDI files, of each of which the melody is
            read; or a `.mat` or `.json` file of chords of at most four notes, see `chorales.read_pieces`, which are
            read as four voices.

    Raises:
        ValueError: `max_steps` is not positive.

    Example:
        >>> from seqmodels.data.music.notes import Note
        >>> data = MelodyData(generate=lambda seed: [[[Note(60 + i, 0, 2), Note(62, 2, 1)]] for i in range(3)])
        >>> data.setup()
        >>> batch = next(iter(data.val_dataloader()))
        >>> batch.inputs.shape
        torch.Size([1, 1, 88])
        >>> Vocabulary.from_json(data.spec.target_vocabulary).decode(batch.targets[0].tolist())
        '62 hold 62 <end>'
    """

    def __init__(
        self, *, max_steps: int | None = None, steps_per_beat: int = 2, batch_size: int = 32, **music: Any
    ) -> None:
        super().__init__(steps_per_beat=steps_per_beat, batch_size=batch_size, **music)
        if max_steps is not None and max_steps < 1:
            raise ValueError(f"max_steps must be at least 1 or None, got {max_steps}")
        self.max_steps = max_steps

    def load(self) -> None:
        """Read or generate the music, and write it as text."""
        self.read_splits()
        self.pieces = {split: [_beginning(voices, self.max_steps) for voices in self.pieces[split]] for split in SPLITS}
        vocabulary = Vocabulary.listed(entries_of(self.pieces["train"], self.shifts["train"]), marks=True)
        in_keys = {
            split: [transposed(voices, shift) for shift in self.shifts[split] for voices in self.pieces[split]]
            for split in SPLITS
        }
        self.texts = {split: _tokens(in_keys[split], vocabulary) for split in SPLITS}
        self.examples = {
            split: Rows(Ragged.of(_start(start_of(voices)).numpy() for voices in in_keys[split]), self.texts[split])
            for split in SPLITS
        }
        self.num_voices = max(len(voices) for voices in self.pieces["train"])
        self.spec = DataSpec(
            inputs="values",
            input_size=NUM_KEYS,
            output_size=len(vocabulary),
            padding_index=vocabulary.padding_index,
            target_vocabulary=vocabulary.to_json(),
            columns=key_names(),
            raw=StartNotes(self.num_voices == 1, self.steps_per_beat).recipe(),
        )

    def read(self, path: Path) -> dict[Split, list[Voices]]:
        """The melodies of MIDI files, or the voices of chords."""
        if path.is_dir():
            return {split: self._melodies(files) for split, files in midi_splits(path, self.seed).items()}
        chords = read_pieces(path, self.errors)
        return {split: self._in_voices(f"{path}: {split}", chords[split]) for split in SPLITS}

    def lengths(self, split: Split) -> Tensor:
        """Tokens, in whichever key."""
        return self.texts[split].lengths[: len(self.pieces[split])]

    def baseline(self) -> dict[str, float]:
        """What an interpolated Witten-Bell 6-gram model reaches that knows the first note: `loss` in nats per token."""
        (train, _), (test, asked) = self._stream("train"), self._stream("test")
        probabilities = witten_bell(train, test, self.spec.output_size + NUM_KEYS)[asked]
        return {"loss": -float(np.log(probabilities).mean())}

    def describe(self) -> dict[str, str]:
        """Likewise, with how the music is written."""
        longest = max(int(rows.lengths.max()) for rows in self.texts.values())
        limit = "" if self.max_steps is None else f", cut to {self.max_steps} steps"
        return {
            **super().describe(),
            "voices": "a melody" if self.num_voices == 1 else f"{self.num_voices} voices",
            "tokens": f"{sum(map(int, self.texts['test'].lengths)):,} test, {longest:,} in the longest{limit}",
            "vocabulary": f"{self.spec.output_size} entries",
        }

    def _stream(self, split: Split) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """All texts of a split in one row, each behind a token for its first note, and which tokens are asked for."""
        firsts = [self.spec.output_size + max(start_of(voices)) - LOWEST for voices in self.pieces[split]]
        texts = [self.texts[split][piece].numpy() for piece in range(len(firsts))]
        tokens = np.concatenate([part for first, text in zip(firsts, texts, strict=True) for part in ([first], text)])
        return tokens, tokens < self.spec.output_size

    def _in_voices(self, origin: str, pieces: list[Chords]) -> list[Voices]:
        sung: list[Voices] = []
        for number, chords in enumerate(pieces, start=1):
            with self.errors.at(f"{origin} piece {number}"):
                if not any(chords):
                    raise ValueError("expected notes, got only silence")
                sung.append(four_voices(chords))
        return sung

    def _melodies(self, files: list[Path]) -> list[Voices]:
        melodies: list[Voices] = []
        for file in files:
            with self.errors.at(str(file)):
                melody = melody_of(read_midi(file, steps_per_beat=self.steps_per_beat).voices)
                melodies.append([[note._replace(pitch=on_the_piano(note.pitch)) for note in melody]])
        return melodies


def start_of(voices: Voices) -> tuple[int, ...]:
    """The notes struck first, from low to high.

    Example:
        >>> from seqmodels.data.music.notes import Note
        >>> start_of([[Note(67, 0, 1)], [Note(60, 0, 2)], [Note(48, 1, 1)]])
        (60, 67)
    """
    first = min(note.start for voice in voices for note in voice)
    return tuple(sorted({note.pitch for voice in voices for note in voice if note.start == first}))


def _start(chord: tuple[int, ...]) -> Float[Tensor, "1 keys"]:
    return torch.from_numpy(roll_of([chord]).astype(np.float32))


def _beginning(voices: Voices, max_steps: int | None) -> Voices:
    if max_steps is None:
        return voices
    return [
        [note._replace(duration=min(note.duration, max_steps - note.start)) for note in voice if note.start < max_steps]
        for voice in voices
    ]


def _tokens(pieces: list[Voices], vocabulary: Vocabulary) -> Ragged:
    return Ragged.of(vocabulary.encode_batch([text_of(voices) for voices in pieces], end=True))
