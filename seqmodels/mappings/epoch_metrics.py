"""Loss and metrics of a split, over an epoch."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

# CPU caches are cold right after a training step: updating after every batch takes twice as long as eight in a row.
BATCHES_PER_GROUP = 8


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
        """Return the mean."""
        return self.total / self.count


class BatchResult(NamedTuple):
    """What a batch adds to the metrics of its epoch."""

    loss: Tensor
    num_targets: Tensor
    metric_inputs: tuple[Any, Any] | None


class EpochMetrics(nn.Module):
    """The mean loss and the metrics of the batches of an epoch.

    Batches are pending until `commit` counts them or `discard` leaves them out. Those that count update the metrics
    `BATCHES_PER_GROUP` at a time, one after the other, so that the results do not depend on the grouping.

    Attributes:
        loss: the mean.
        metrics: by name; the loss is named with the same prefix.

    Args:
        metrics: of one split.
    """

    def __init__(self, metrics: MetricCollection) -> None:
        super().__init__()
        self.loss, self.metrics = MeanLoss(), metrics
        self._pending: list[BatchResult] = []
        self._committed: list[BatchResult] = []

    def update(self, loss: Tensor, num_targets: Tensor, metric_inputs: tuple[Any, Any] | None) -> None:
        """Add a batch, pending.

        Args:
            loss: mean over the valid targets of the batch, detached.
            num_targets: number of valid targets.
            metric_inputs: arguments of the metrics' `update`; None if the metrics do not see this batch.
        """
        self._pending.append(BatchResult(loss, num_targets, metric_inputs))

    def commit(self) -> None:
        """Count the pending batches."""
        self._committed += self._pending
        self._pending = []
        if len(self._committed) >= BATCHES_PER_GROUP:
            self._update_metrics()

    def discard(self) -> None:
        """Leave out the pending batches."""
        self._pending = []

    def compute(self) -> dict[str, Tensor]:
        """Return loss and metrics of all batches, pending ones included; nothing if there was no batch."""
        self.commit()
        self._update_metrics()
        if not self.loss.update_called:
            return {}
        updated = any(metric.update_called for metric in self.metrics.values(copy_state=False))
        return {f"{self.metrics.prefix or ''}loss": self.loss.compute(), **(self.metrics.compute() if updated else {})}

    def reset(self) -> None:
        """Begin an epoch."""
        self._pending, self._committed = [], []
        self.loss.reset()
        self.metrics.reset()

    def saved(self, num_pending: int) -> dict[str, Any]:
        """Return the state of the epoch so far, in tensors and plain values.

        On several devices it is the state of all processes together, and all of them have to call this.

        Args:
            num_pending: how many of the pending batches count in it, from the oldest on.
        """
        loss, metrics = deepcopy((self.loss, self.metrics))
        _add(loss, metrics, [*self._committed, *self._pending[:num_pending]])
        states = {}
        for name, metric in _by_name(loss, metrics).items():
            metric.sync()
            states[name] = {"update_count": metric.update_count, "state": metric.metric_state}
        # torchmetrics forms the groups in the first update, by the states that are equal then.
        known = any(metric.update_called for metric in metrics.values(copy_state=False))
        return {"states": states, "compute_groups": list(metrics.compute_groups.values()) if known else []}

    def restore(self, saved: dict[str, Any], *, is_main_process: bool = True) -> None:
        """Go on from a saved state.

        Args:
            saved: what `saved` returned.
            is_main_process: the state of several processes goes on in this one; the others begin with nothing.

        Raises:
            ValueError: it is the state of other metrics.
        """
        if saved["compute_groups"]:
            metrics = dict(self.metrics.items(keep_base=True, copy_state=False))
            names = {"prefix": self.metrics.prefix, "postfix": self.metrics.postfix}
            self.metrics = MetricCollection(metrics, compute_groups=saved["compute_groups"], **names)  # type: ignore[arg-type]
        own = _by_name(self.loss, self.metrics)
        expected = {name: sorted(metric.metric_state) for name, metric in own.items()}
        found = {name: sorted(metric["state"]) for name, metric in saved["states"].items()}
        if expected != found:
            raise ValueError(f"expected a checkpoint of these metrics and their states: {expected}, got: {found}")
        self.reset()
        for name, metric in own.items():
            for state, value in saved["states"][name]["state"].items() if is_main_process else ():
                setattr(metric, state, _like(getattr(metric, state), value, metric.device))
            # Processes without updates would not take part when the metrics are computed.
            metric._update_count = saved["states"][name]["update_count"]

    def _update_metrics(self) -> None:
        _add(self.loss, self.metrics, self._committed)
        self._committed = []


def _add(loss: MeanLoss, metrics: MetricCollection, batches: Sequence[BatchResult]) -> None:
    for batch in batches:
        loss.update(batch.loss, batch.num_targets)
    for batch in batches:
        if batch.metric_inputs is not None:
            metrics.update(*batch.metric_inputs)


def _by_name(loss: MeanLoss, metrics: MetricCollection) -> dict[str, Metric]:
    """Return all metrics, also those within others, by their place."""
    modules = nn.ModuleDict({"loss": loss, "metrics": metrics}).named_modules()
    return {name: module for name, module in modules if isinstance(module, Metric)}


def _like(own: Any, value: Any, device: torch.device) -> Any:
    """Return a copy of a saved state; as a list, where several processes have made one tensor of their lists."""
    values = value if isinstance(value, list) else [value]
    copies = [part.to(device, copy=True) if isinstance(part, Tensor) else part for part in values]
    return copies if isinstance(own, list) else copies[0]
