"""The music that a model writes from first notes on."""

from collections.abc import Sequence
from typing import cast

import pytorch_lightning as pl
import torch
from matplotlib.figure import Figure
from torch import Generator, Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.piano_rolls import octaves
from seqmodels.callbacks.sound import RATE, sound_of
from seqmodels.callbacks.view import View
from seqmodels.data.music.melody_text import notes_of
from seqmodels.data.music.notes import Note, chord_of, roll_of
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.mappings import OneToMany
from seqmodels.objectives import Objective
from seqmodels.types import Batch

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")

Piece = list[list[Note]]


class Melodies(View):
    """A figure and sounds, `music/val` and `music/test`: what the model writes from some first notes on.

    It is drawn by the same random numbers each time.

    Args:
        starts: first notes, as `notes.chord_of` reads them; each begins a piece.
        longest: tokens of a piece at most.
        temperature: see `seqmodels.decoding.sample`.
        seconds_per_step: in the sounds.
        seed: of the random numbers.
    """

    def __init__(
        self,
        starts: Sequence[str] = ("C4", "E4", "A4", "F#4"),
        longest: int = 300,
        temperature: float = 0.9,
        seconds_per_step: float = 0.25,
        seed: int = 0,
    ) -> None:
        self.starts, self.longest, self.temperature = tuple(starts), longest, temperature
        self.seconds_per_step, self.seed = seconds_per_step, seed
        self.pieces: list[Piece] = []

    def begin(self, objective: Objective) -> None:
        """Nothing to forget."""

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Nothing to keep: the music does not begin like that of the split."""

    def _show(self, trainer: pl.Trainer, pl_module: pl.LightningModule, split: str) -> None:
        self.pieces = self.write(cast(OneToMany, pl_module))
        super()._show(trainer, pl_module, split)

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:  # noqa: ARG002
        """Draw and sound them."""
        board.add_figure(f"music/{split}", draw_pieces(self.pieces, self.starts), step, close=False)
        for start, voices in zip(self.starts, self.pieces, strict=True):
            notes = [note for voice in voices for note in voice]
            sound = sound_of(notes, seconds_per_step=self.seconds_per_step)
            board.add_audio(f"music/{split}/{start.replace('#', ' sharp')}", sound, step, sample_rate=RATE)

    def write(self, mapping: OneToMany) -> list[Piece]:
        """The notes of each voice of each piece."""
        vocabulary = Vocabulary.from_json(cast(str, mapping.objective.spec.target_vocabulary))
        roll = torch.from_numpy(roll_of([chord_of(start) for start in self.starts])).float()
        drawn = mapping.improvise(
            roll.unsqueeze(1).to(mapping.device),
            torch.ones(len(roll), dtype=torch.long, device=mapping.device),
            self.longest,
            temperature=self.temperature,
            generator=Generator(device=mapping.device).manual_seed(self.seed),
        )
        return [notes_of(vocabulary.decode(row[row > 0].tolist())) for row in drawn]


def draw_pieces(pieces: Sequence[Piece], titles: Sequence[str]) -> Figure:
    """A panel for each piece: bars for its notes, a colour for each voice.

    Args:
        pieces: the notes of their voices.
        titles: of the panels.
    """
    figure = Figure(figsize=(7.0, 0.4 + 1.7 * len(pieces)), dpi=110, layout="constrained")
    panels = figure.subplots(len(pieces), 1, sharex=True, squeeze=False)[:, 0]
    for panel, voices, title in zip(panels, pieces, titles, strict=True):
        pitches = [note.pitch for voice in voices for note in voice] or [60]
        for voice, colour in zip(voices, COLOURS, strict=False):
            panel.barh(
                [note.pitch for note in voice],
                [note.duration - 0.12 for note in voice],
                left=[note.start for note in voice],
                height=0.8,
                color=colour,
            )
        octaves(panel, min(pitches) - 3, max(pitches) + 3)
        panel.set_title(title, fontsize=9, loc="left")
    panels[-1].set_xlabel("step")
    return figure
