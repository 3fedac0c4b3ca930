"""What a model of polyphonic music foresees, and what it makes up."""

from typing import Any, cast

import numpy as np
import pytorch_lightning as pl
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from torch import Generator, Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.sound import RATE, sound_of
from seqmodels.callbacks.view import View
from seqmodels.data.music.notes import LOWEST, chord_of, chords_of_roll, held_notes, pitch_name, roll_of
from seqmodels.decoding.chords import sample_chords
from seqmodels.mappings import ManyToMany
from seqmodels.objectives import Notes, Objective
from seqmodels.types import Batch


class PianoRolls(View):
    """A figure, `rolls/val` and `rolls/test`, and a sound and a figure `music/val` and `music/test`.

    The first shows what came in a piece of the split, and above it how probable each key was before it came. The others
    are what the model makes up behind a first chord, by the same random numbers each time.

    Args:
        num_steps: of the piece that is shown, from its start.
        prompt: the first chord.
        length: chords to make up.
        temperature: see `seqmodels.decoding.chords.sample_chords`.
        most: likewise.
        seconds_per_chord: in the sound.
        seed: of the random numbers.
    """

    def __init__(
        self,
        num_steps: int = 64,
        prompt: str = "C3 G3 E4 C5",
        length: int = 48,
        temperature: float = 0.8,
        most: int | None = 4,
        seconds_per_chord: float = 0.4,
        seed: int = 0,
    ) -> None:
        self.num_steps, self.prompt, self.length = num_steps, prompt, length
        self.temperature, self.most = temperature, most
        self.seconds_per_chord, self.seed = seconds_per_chord, seed
        self.pair: tuple[Tensor, Tensor] | None = None
        self.made_up: Tensor | None = None

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.pair = None

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep the first piece."""
        if self.pair is None:
            steps = valid[0].nonzero()[: self.num_steps, 0]
            self.pair = objective.predict(output[0, steps]).cpu(), batch.targets[0, steps].cpu()

    def _show(self, trainer: pl.Trainer, pl_module: pl.LightningModule, split: str) -> None:
        self.made_up = self.improvise(cast(ManyToMany, pl_module))
        super()._show(trainer, pl_module, split)

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:  # noqa: ARG002
        """Draw and sound it."""
        assert self.pair is not None
        assert self.made_up is not None
        board.add_figure(f"rolls/{split}", draw_foreseen(*self.pair), step, close=False)
        board.add_figure(f"music/{split}", draw_roll(self.made_up), step, close=False)
        notes = held_notes(chords_of_roll(self.made_up.numpy().astype(np.uint8)))
        sound = sound_of(notes, seconds_per_step=self.seconds_per_chord)
        board.add_audio(f"music/{split}", sound, step, sample_rate=RATE)

    def improvise(self, mapping: ManyToMany) -> Tensor:
        """The first chord and what the model draws behind it, (time, keys)."""
        prompt = torch.from_numpy(roll_of([chord_of(self.prompt)])).float().unsqueeze(0).to(mapping.device)

        def step(chords: Tensor, state: Any) -> tuple[Tensor, Any]:
            lengths = torch.full((1,), chords.shape[1], device=mapping.device)
            output, state = mapping(chords, lengths, state)
            return cast(Notes, mapping.objective).log_odds(output), state

        generator = Generator(device=mapping.device).manual_seed(self.seed)
        drawn = sample_chords(
            step, prompt, self.length, temperature=self.temperature, most=self.most, generator=generator
        )
        return torch.cat([prompt, drawn], dim=1)[0].cpu()


def draw_foreseen(probabilities: Tensor, actual: Tensor) -> Figure:
    """Two panels over one time axis, (time, keys) each: how probable each key was, and what came.

    Args:
        probabilities: of each key.
        actual: 1 where a key sounds.
    """
    figure = Figure(figsize=(7.0, 5.2), dpi=110, layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, sharey=True)
    low, high = _range(actual)
    image = _draw(above, probabilities, low, high, "Oranges")
    steps, keys = actual.nonzero().unbind(1)
    above.scatter(steps, keys + LOWEST, s=4, color="#333333", linewidths=0)
    above.set_title("how probable each key was; dots: what came", fontsize=9, loc="left")
    figure.colorbar(image, ax=above, fraction=0.03, pad=0.01)
    _draw(below, actual, low, high, "Greys")
    below.set_title("what came", fontsize=9, loc="left")
    below.set_xlabel("step")
    return figure


def draw_roll(roll: Tensor) -> Figure:
    """A panel with what sounds.

    Args:
        roll: (time, keys), 1 where a key sounds.
    """
    figure = Figure(figsize=(7.0, 3.0), dpi=110, layout="constrained")
    panel = figure.subplots()
    _draw(panel, roll, *_range(roll), "Blues")
    panel.set_title("made up, from the first chord on", fontsize=9, loc="left")
    panel.set_xlabel("step")
    return figure


def octaves(panel: Axes, low: int, high: int) -> None:
    """Name the C of each octave between two MIDI numbers, and draw a line below it.

    Args:
        panel: its vertical axis is that of MIDI numbers.
        low: the lowest that is shown.
        high: the highest.
    """
    panel.set_ylim(low - 0.5, high + 0.5)
    shown = [pitch for pitch in range(low, high + 1) if pitch % 12 == 0]
    panel.set_yticks(shown, [pitch_name(pitch) for pitch in shown], fontsize=8)
    for pitch in shown:
        panel.axhline(pitch - 0.5, color="#bbbbbb", linewidth=0.5, zorder=0)
    panel.tick_params(length=0)
    panel.spines[["top", "right"]].set_visible(False)


def _draw(panel: Axes, values: Tensor, low: int, high: int, colours: str) -> AxesImage:
    extent = (-0.5, len(values) - 0.5, LOWEST - 0.5, LOWEST + values.shape[1] - 0.5)
    image = panel.imshow(
        values.T.numpy(),
        origin="lower",
        aspect="auto",
        extent=extent,
        cmap=colours,
        vmin=0,
        vmax=1,
        interpolation="none",
    )
    octaves(panel, low, high)
    return image


def _range(roll: Tensor) -> tuple[int, int]:
    """The lowest and the highest MIDI number that sounds, and a bit more; two octaves around C4 in silence."""
    keys = roll.any(0).nonzero()[:, 0] + LOWEST
    return (int(keys.min()) - 3, int(keys.max()) + 3) if len(keys) else (48, 72)
