"""Which classes are taken for which."""

from collections.abc import Sequence
from itertools import product

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter
from torchmetrics.functional.classification import multiclass_confusion_matrix

from seqmodels.callbacks.view import View
from seqmodels.objectives import Objective
from seqmodels.objectives.entities import PAST_THE_END
from seqmodels.plain_text import cut, escaped
from seqmodels.types import Batch

MOST_NUMBERED = 12


class ConfusionMatrix(View):
    """A figure, `confusion/val` and `confusion/test`: actual classes in rows, predicted ones in columns.

    Colour is the share of the row. Of up to twelve classes, each field says its share and its count.
    """

    def begin(self, objective: Objective) -> None:
        """Forget the pass before."""
        self.counts = torch.zeros(objective.output_size, objective.output_size, dtype=torch.long)

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Count."""
        scores, classes = objective.compared(output, batch.targets, valid)
        self.counts += multiclass_confusion_matrix(
            scores, classes, objective.output_size, ignore_index=PAST_THE_END
        ).cpu()

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw the counts."""
        names = objective.spec.classes or [str(i) for i in range(objective.output_size)]
        board.add_figure(f"confusion/{split}", draw_confusion(self.counts, names), step, close=False)


def draw_confusion(counts: Tensor, names: Sequence[str]) -> Figure:
    """A coloured field per pair of classes.

    Args:
        counts: actual (rows) by predicted (columns).
        names: of the classes.
    """
    size = len(names)
    shares = counts / counts.sum(1, keepdim=True).clamp(min=1)
    side = min(10.0, 1.6 + 0.6 * size)
    figure = Figure(figsize=(side + 0.5, side), dpi=120, layout="constrained")
    panel = figure.subplots()
    image = panel.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    every = range(0, size, -(-size // 50))
    short = [cut(escaped(names[i]), 16) for i in every]
    slope = 40 if size <= MOST_NUMBERED else 90
    # A dollar sign begins a formula elsewhere.
    panel.set_xticks(every, short, rotation=slope, rotation_mode="anchor", ha="right", va="center", parse_math=False)
    panel.set_yticks(every, short, parse_math=False)
    panel.set_xlabel("predicted")
    panel.set_ylabel("actual")
    if size > MOST_NUMBERED:
        figure.colorbar(image, ax=panel, label="share of the row", shrink=0.8)
        return figure
    for row, column in product(range(size), repeat=2):
        share, count = float(shares[row, column]), int(counts[row, column])
        colour = "white" if share > 0.6 else "#333333"
        panel.text(column, row, f"{share:.0%}\n{count:,}", ha="center", va="center", color=colour, fontsize=9)
    return figure
