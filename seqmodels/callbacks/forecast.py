"""What a model of numbers foresaw, and what came."""

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.view import View
from seqmodels.objectives import Objective
from seqmodels.types import Batch

ACTUAL, PREDICTED, ORIGIN = "#555555", "#d55e00", "#999999"


class Forecast(View):
    """A figure, `forecast/val` and `forecast/test`: actual and predicted values over time, in their units.

    Where each forecast tells several steps, those are shown which begin where the one before ends, each from a mark at
    its origin on: nothing in front of the mark was hidden from it, nothing behind it was seen.

    Args:
        num_points: how many steps are shown, from the start of the split; at least two forecasts are.
        num_columns: how many of the predicted columns have a panel.

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
        columns, steps = _shape(objective)
        if sum(map(len, self.pairs)) < max(self.num_points, 2 * steps):
            pair = torch.stack(objective.compared(output, batch.targets, valid), dim=1)
            self.pairs.append(pair.unflatten(-1, (steps, columns))[..., : self.num_columns].flatten(2).cpu())

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw them."""
        columns, steps = _shape(objective)
        predicted, actual = torch.cat(self.pairs)[: max(self.num_points, 2 * steps)].unbind(1)
        named = objective.spec.columns[:columns] or [f"value {i}" for i in range(columns)]
        board.add_figure(
            f"forecast/{split}", draw_forecast(predicted, actual, named[: self.num_columns]), step, close=False
        )


def draw_forecast(predicted: Tensor, actual: Tensor, names: Sequence[str]) -> Figure:
    """A panel per column of two tensors, on one time axis.

    Args:
        predicted: what was foreseen: a row for each step from which a forecast was made, with the columns of the first
            step ahead, then of the second, and so on.
        actual: what came.
        names: of the columns.
    """
    told, came = predicted.unflatten(1, (-1, len(names))), actual.unflatten(1, (-1, len(names)))
    ahead = came.shape[1]
    figure = Figure(figsize=(5.5, 1.1 + 1.5 * len(names)), dpi=120, layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for column, panel in enumerate(panels):
        line = torch.cat([came[:, 0, column], came[-1, 1:, column]])
        panel.plot(line.numpy(), color=ACTUAL, linewidth=2.5, alpha=0.6, label="actual")
        if ahead == 1:
            panel.plot(told[:, 0, column].numpy(), color=PREDICTED, linewidth=1.2, label="predicted")
        else:
            _draw_paths(panel, told[::ahead, :, column])
        panel.set_ylabel(names[column])
        panel.margins(x=0.01)
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    panels[-1].set_xlabel("step")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=3, frameon=False)
    return figure


def _draw_paths(panel: Axes, paths: Tensor) -> None:
    """Forecasts of several steps, each beginning where the one before ends, behind a mark."""
    for number, path in enumerate(paths):
        start, first = number * len(path), number == 0
        steps = range(start, start + len(path))
        label = "predicted" if first else None
        panel.plot(steps, path.numpy(), color=PREDICTED, linewidth=1.2, label=label)
        mark = "made here" if first else None
        panel.axvline(start - 0.5, color=ORIGIN, linewidth=0.8, linestyle=(0, (2, 2)), label=mark)


def _shape(objective: Objective) -> tuple[int, int]:
    """How many columns are predicted, and how many steps ahead."""
    spec = objective.spec
    columns = len(spec.mean) or spec.output_size
    return columns, max(len(spec.answers), columns) // columns
