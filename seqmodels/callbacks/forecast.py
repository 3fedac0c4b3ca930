"""What a model of numbers foresaw, and what came."""

from collections.abc import Sequence

import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.view import View
from seqmodels.objectives import Objective
from seqmodels.types import Batch

ACTUAL, PREDICTED = "#555555", "#d55e00"


class Forecast(View):
    """A figure, `forecast/val` and `forecast/test`: actual and predicted values over time, in their units.

    Args:
        num_points: how much of the split is shown, from its start.
        num_columns: how many of the predicted values have a panel.

    Raises:
        ValueError: one of them is less than 1.
    """

    def __init__(self, num_points: int = 200, num_columns: int = 3) -> None:
        if min(num_points, num_columns) < 1:
            raise ValueError(f"num_points and num_columns must be at least 1, got {num_points} and {num_columns}")
        self.num_points, self.num_columns = num_points, num_columns
        self.pairs: list[Tensor] = []

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.pairs = []

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep the first points."""
        if sum(map(len, self.pairs)) < self.num_points:
            pair = torch.stack(objective.compared(output, batch.targets, valid), dim=1)
            self.pairs.append(pair[..., : self.num_columns].cpu())

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw them."""
        predicted, actual = torch.cat(self.pairs)[: self.num_points].unbind(1)
        names = objective.spec.columns if len(objective.spec.columns) == objective.output_size else ()
        figure = draw_forecast(predicted, actual, names or [f"value {i}" for i in range(actual.shape[1])])
        board.add_figure(f"forecast/{split}", figure, step, close=False)


def draw_forecast(predicted: Tensor, actual: Tensor, names: Sequence[str]) -> Figure:
    """A panel per column of two (time, columns) tensors, on one time axis.

    Args:
        predicted: what was foreseen.
        actual: what came.
        names: of the columns.
    """
    count = actual.shape[1]
    figure = Figure(figsize=(5.5, 1.1 + 1.5 * count), dpi=120, layout="constrained")
    panels = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    for column, panel in enumerate(panels):
        panel.plot(actual[:, column].numpy(), color=ACTUAL, linewidth=2.5, alpha=0.6, label="actual")
        panel.plot(predicted[:, column].numpy(), color=PREDICTED, linewidth=1.2, label="predicted")
        panel.set_ylabel(names[column])
        panel.margins(x=0.01)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("step")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=2, frameon=False)
    return figure
