"""Pictures, and what was said about them."""

from collections.abc import Sequence
from textwrap import fill
from typing import NamedTuple

import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.view import View
from seqmodels.objectives import Generation, Objective
from seqmodels.types import Batch

RIGHT, WRONG = "#333333", "#c0392b"


class Said(NamedTuple):
    """A picture, (channels, height, width), what was said about it, and what is true."""

    picture: Tensor
    said: str
    true: str


class Pictures(View):
    """A figure of pictures, with what the model says about each; the true answer stands below a wrong one, in red.

    `pictures/val` and `pictures/test` for classes, `captions/val` and `captions/test` for captions. Half of the places
    are for the first wrong answers, if there are so many, the others for the first right ones. Of a film the middle
    frame is shown.

    Args:
        num_pictures: how many.

    Raises:
        ValueError: `num_pictures` is less than 1.
    """

    def __init__(self, num_pictures: int = 24) -> None:
        if num_pictures < 1:
            raise ValueError(f"num_pictures must be at least 1, got {num_pictures}")
        self.num_pictures = num_pictures

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.right: list[Said] = []
        self.wrong: list[Said] = []
        self.num_wrong = self.num_seen = 0

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep the first right and the first wrong ones."""
        said, true = _answers(objective, batch, output, valid)
        self.num_seen += len(said)
        for row, (one, other) in enumerate(zip(said, true, strict=True)):
            kept = self.right if one == other else self.wrong
            self.num_wrong += one != other
            if len(kept) < self.num_pictures:
                kept.append(Said(_shown(objective, batch.inputs[row, int(batch.lengths[row]) // 2]), one, other))

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw them."""
        num_wrong = min(len(self.wrong), max(self.num_pictures // 2, self.num_pictures - len(self.right)))
        chosen = [*self.wrong[:num_wrong], *self.right[: self.num_pictures - num_wrong]]
        written = isinstance(objective, Generation)
        title = f"{self.num_wrong:,} of {self.num_seen:,} wrong"
        figure = draw_pictures(chosen, title, num_columns=4 if written else 8)
        board.add_figure(f"{'captions' if written else 'pictures'}/{split}", figure, step, close=False)


def draw_pictures(shown: Sequence[Said], title: str, *, num_columns: int) -> Figure:
    """A grid of pictures with a line or two below each.

    Args:
        shown: pictures with their answers.
        title: above the grid.
        num_columns: of the grid; the more, the less room for words.
    """
    num_rows = -(-len(shown) // num_columns)
    width = 10 / num_columns
    letters = round(13.5 * width)
    texts = [_told(each, letters) for each in shown]
    lines = max(text.count("\n") + 1 for text in texts)
    figure = Figure(figsize=(10, 0.4 + num_rows * (0.85 * width + 0.16 * lines)), dpi=110, layout="constrained")
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    panels = figure.subplots(num_rows, num_columns, squeeze=False).ravel()
    for panel in panels[len(shown) :]:
        panel.set_visible(False)
    for panel, each, text in zip(panels, shown, texts, strict=False):
        picture = each.picture.numpy()
        grey = len(picture) == 1
        panel.imshow(picture[0] if grey else picture.transpose(1, 2, 0), cmap="gray" if grey else None, vmin=0, vmax=1)
        colour = RIGHT if each.said == each.true else WRONG
        panel.set_xlabel(text, fontsize=8, color=colour)
        panel.set(xticks=[], yticks=[], frame_on=False)
    return figure


def _told(each: Said, letters: int) -> str:
    said = fill(each.said or "nothing", letters)
    if each.said == each.true:
        return said
    separate = "\n" if "\n" in said or len(said) + len(each.true) + 6 > letters else ", "
    return said + separate + fill(f"not {each.true}" if separate == ", " else f"true: {each.true}", letters)


def _answers(objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> tuple[list[str], list[str]]:
    if isinstance(objective, Generation):
        return objective.compared(output, batch.targets, valid)
    scores, actual = objective.compared(output, batch.targets, valid)
    names = objective.spec.classes
    return [names[i] for i in scores.argmax(-1).tolist()], [names[i] for i in actual.tolist()]


def _shown(objective: Objective, picture: Float[Tensor, "channels height width"]) -> Tensor:
    """From 0 for black to 1 for white, as before it was standardised."""
    raw = objective.spec.raw
    return torch.clamp(picture.detach().cpu() * raw["std"] + raw["mean"], 0, 1)
