"""Losses and metrics of a split, over an epoch."""

from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

AT_ONCE = 8


class MeanLoss(Metric):
    """The mean over valid targets of losses that are means over the valid targets of a batch."""

    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, loss: Tensor, count: Tensor) -> None:
        """Add a batch."""
        self.total = self.total + loss * count
        self.count = self.count + count

    def compute(self) -> Tensor:
        """The mean."""
        return self.total / self.count


class Tally(nn.Module):
    """The mean loss and the metrics of the batches of an epoch.

    Metrics are updated for a few batches in a row: between two training steps the processor has forgotten how, and
    takes twice as long for each.

    Attributes:
        loss: the mean.
        metrics: what `compute` updates and gives.

    Args:
        metrics: of one split.
    """

    def __init__(self, metrics: MetricCollection) -> None:
        super().__init__()
        self.loss, self.metrics = MeanLoss(), metrics
        self._waiting: list[tuple[Any, Any]] = []

    def add(self, measured: tuple[Any, Any]) -> None:
        """What the metrics of a batch are updated with."""
        self._waiting.append(measured)
        if len(self._waiting) == AT_ONCE:
            self._update()

    def compute(self) -> dict[str, Tensor]:
        """The metrics; none if there was no batch."""
        self._update()
        return self.metrics.compute() if any(metric.update_called for metric in self.metrics.values()) else {}

    def reset(self) -> None:
        """Begin an epoch."""
        self._waiting = []
        self.loss.reset()
        self.metrics.reset()

    def _update(self) -> None:
        for measured in self._waiting:
            self.metrics.update(*measured)
        self._waiting = []
