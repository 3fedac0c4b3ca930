"""What a model of sound heard, and what it took it for."""

from typing import NamedTuple

import librosa
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.assembly import instantiate
from seqmodels.callbacks.griffin_lim import audible
from seqmodels.callbacks.view import View
from seqmodels.data.audio.sound import HIGHEST, LOWEST, LogMel
from seqmodels.objectives import Objective
from seqmodels.types import Batch

RIGHT, WRONG = "#1b7837", "#d55e00"
LONGEST = 70


class Heard(NamedTuple):
    """A recording's features, (time, size), and what was predicted and what is true: classes or texts."""

    steps: Tensor
    predicted: str
    actual: str


class Spectrograms(View):
    """A figure, `spectrogram/val` and `spectrogram/test`: some recordings with the true and the predicted answer.

    Each can be heard too, as `spectrogram/val/1` and so on: not the recording itself, but what its features hold of it,
    which is all that the model heard.

    The recordings are taken from all over the split. Where inputs are not `LogMel` features, or answers neither classes
    nor texts, there is nothing to show.

    Args:
        num_examples: how many.

    Raises:
        ValueError: `num_examples` is less than 1.
    """

    def __init__(self, num_examples: int = 4) -> None:
        if num_examples < 1:
            raise ValueError(f"num_examples must be at least 1, got {num_examples}")
        self.num_examples = num_examples
        self.features: LogMel | None = None
        self.heard: list[Heard] = []
        self.batches, self.stride = 0, 1

    def begin(self, objective: Objective) -> None:
        """Forget the pass before."""
        spec = objective.spec
        raw = instantiate(spec.raw) if spec.classes or spec.target_vocabulary else None
        self.features = raw if isinstance(raw, LogMel) else None
        self.heard, self.batches, self.stride = [], 0, 1

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep a row of every batch, or of every second, fourth, ... where there are many."""
        self.batches += 1
        if self.features is None or self.batches % self.stride:
            return
        row = slice(len(batch.lengths) // 2, len(batch.lengths) // 2 + 1)
        answers = objective.compared(output[row], batch.targets[row], valid[row])
        steps = batch.inputs[row][0, : int(batch.lengths[row])].cpu()
        self.heard.append(Heard(steps, *_named(objective, *answers)))
        if len(self.heard) == 2 * self.num_examples:
            self.heard, self.stride = self.heard[1::2], 2 * self.stride

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:  # noqa: ARG002
        """Draw and sound them."""
        if self.features is None:
            return
        tag, heard = f"spectrogram/{split}", self.heard[-self.num_examples :]
        board.add_figure(tag, draw_spectrograms(heard, self.features), step, close=False)
        for number, each in enumerate(heard, start=1):
            sound = audible(each.steps, self.features)
            board.add_audio(f"{tag}/{number}", sound, step, sample_rate=self.features.sample_rate)


def draw_spectrograms(heard: list[Heard], features: LogMel) -> Figure:
    """A panel for each recording, numbered, over one time axis in seconds.

    Args:
        heard: recordings and answers.
        features: what was computed of the sounds.
    """
    figure = Figure(figsize=(7, 0.7 + 1.7 * len(heard)), dpi=120, layout="constrained")
    panels = figure.subplots(len(heard), 1, sharex=True, squeeze=False)[:, 0]
    for number, (each, panel) in enumerate(zip(heard, panels, strict=True), start=1):
        moments = features.pictures(each.steps)
        end = len(moments) * features.seconds / features.stack
        image = panel.imshow(
            moments.T.numpy(),
            origin="lower",
            aspect="auto",
            extent=(0, end, -0.5, features.num_mels - 0.5),
            cmap="magma",
            vmin=LOWEST,
            vmax=HIGHEST,
        )
        _label(panel, number, each, features)
    panels[-1].set_xlim(0, max(panel.images[0].get_extent()[1] for panel in panels))
    panels[-1].set_xlabel("seconds")
    bar = figure.colorbar(image, ax=panels, label="below the loudest moment", ticks=[LOWEST, HIGHEST], aspect=40)
    bar.ax.set_yticklabels([f"{features.decibels:g} dB", "0 dB"])
    return figure


def _label(panel: Axes, number: int, heard: Heard, features: LogMel) -> None:
    """What is true and what was predicted above, hertz at the side."""
    right = heard.predicted == heard.actual
    title = f"{number}: {_short(heard.actual)}" + ("" if right else f"\npredicted: {_short(heard.predicted)}")
    panel.set_title(title, loc="left", fontsize=9, color=RIGHT if right else WRONG)
    centres = librosa.mel_frequencies(features.num_mels + 2, fmax=features.sample_rate / 2)[1:-1]
    places = np.linspace(0, features.num_mels - 1, 4).round().astype(int)
    panel.set_yticks(places, [f"{centres[place]:,.0f}" for place in places])
    panel.set_ylabel("Hz")
    panel.set_facecolor("#dddddd")


def _named(
    objective: Objective, predicted: Float[Tensor, "1 classes"] | list[str], actual: Tensor | list[str]
) -> tuple[str, str]:
    """Names of classes, or texts as they are."""
    if not isinstance(predicted, Tensor):
        return predicted[0], str(actual[0])
    names = objective.spec.classes
    return names[int(predicted.argmax())], names[int(actual[0])]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 2]} …"
