"""What every input-output mapping shares: one step for training, validation and test."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, cast

import pytorch_lightning as pl
import torch
from jaxtyping import Int, Shaped
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torchmetrics import Metric, MetricCollection

from seqmodels.layers import SequenceLayer
from seqmodels.objectives import Objective
from seqmodels.types import Batch


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


class SequenceMapping(pl.LightningModule, ABC):
    """Embedding, layers and head in a row, and an objective that judges them.

    Losses and metrics of an epoch are means over valid targets, however they are spread over batches.

    Attributes:
        carried: by split, the state behind the last batch, where the next batch continues it.
        recipe: plain values from which this mapping was built, kept for its checkpoints.

    Args:
        embedding: from what a batch holds to features.
        layers: from features to features, over time.
        head: from features to answers; called with the lengths too.
        objective: loss, metrics and predictions.
        optimizer: makes the optimizer from parameter groups; biases and other vectors are in a group without
            weight decay. Not needed by a model that is only used.
        scheduler: makes a learning-rate schedule from the optimizer and the number of steps in the whole training;
            it moves at every step. None for a constant rate.
    """

    def __init__(
        self,
        embedding: nn.Module,
        layers: SequenceLayer,
        head: nn.Module,
        objective: Objective,
        optimizer: Callable[[list[dict[str, Any]]], Optimizer] | None = None,
        scheduler: Callable[[Optimizer, int], LRScheduler] | None = None,
    ) -> None:
        super().__init__()
        self.embedding, self.layers, self.head, self.objective = embedding, layers, head, objective
        self.make_optimizer, self.make_scheduler = optimizer, scheduler
        self.split_metrics = nn.ModuleDict(
            {f"{split}_": objective.metrics().clone(prefix=f"{split}/") for split in ("train", "val", "test")}
        )
        self.split_losses = nn.ModuleDict({f"{split}_": MeanLoss() for split in ("train", "val", "test")})
        self.carried: dict[str, Any] = {}
        self.recipe: dict[str, Any] = {}

    def example_features(self) -> Tensor:
        """Two steps of nothing, as the layers read them."""
        parameter = next(self.layers.parameters())
        return parameter.new_zeros(1, 2, self.layers.input_size)

    @abstractmethod
    def reply(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Tensor, Tensor]:
        """The answers to inputs whose targets nobody knows, and which of them are valid."""

    def respond(self, batch: Batch, split: str) -> tuple[Tensor, Tensor]:  # noqa: ARG002
        """The answers to a batch of a split, which the loss compares with its targets, and which of them are valid."""
        return self.reply(batch.inputs, batch.lengths)

    def answer(self, batch: Batch, output: Tensor) -> Tensor | None:  # noqa: ARG002
        """What the metrics judge: the outputs, unless a mapping says otherwise; None for nothing."""
        return output

    def _step(self, batch: Batch, split: str, batch_idx: int) -> dict[str, Tensor]:
        if batch_idx == 0:
            self.carried.pop(split, None)
            self._mean_loss(split).reset()
        output, valid = self.respond(batch, split)
        loss = self.objective.loss(output, batch.targets, valid)
        value, answer = loss.detach(), self.answer(batch, output.detach())
        if answer is not None:
            self._metrics(split).update(*self.objective.measured(answer, batch.targets, valid, value))
        self._log_loss(split, value, valid.sum())
        return {"loss": loss, "output": output.detach() if answer is None else answer, "valid": valid}

    def _log_loss(self, split: str, loss: Tensor, count: Tensor) -> None:
        """To the mean of the epoch, which is logged once: logging takes longer than adding."""
        mean = self._mean_loss(split)
        if not mean.update_called:
            self.log(f"{split}/loss", mean, on_step=False, on_epoch=True, prog_bar=split == "val")
        mean.update(loss, count)
        if split == "train" and (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self.log("train/loss_step", loss, prog_bar=True)

    def _mean_loss(self, split: str) -> MeanLoss:
        return cast(MeanLoss, self.split_losses[f"{split}_"])

    def _metrics(self, split: str) -> MetricCollection:
        return cast(MetricCollection, self.split_metrics[f"{split}_"])

    def _log_metrics(self, split: str) -> None:
        metrics = self._metrics(split)
        if any(metric.update_called for metric in metrics.values()):  # none in an epoch resumed behind its last batch
            self.log_dict(metrics.compute())
            metrics.reset()

    def on_train_start(self) -> None:
        """Forget what an interrupted training has left."""
        self._mean_loss("train").reset()

    def on_train_epoch_end(self) -> None:
        """Log the metrics of the epoch: once, as logging them with every batch takes longer than computing them."""
        self._log_metrics("train")

    def on_validation_epoch_end(self) -> None:
        """Likewise."""
        self._log_metrics("val")

    def on_test_epoch_end(self) -> None:
        """Likewise."""
        self._log_metrics("test")

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss to go down on."""
        return self._step(batch, "train", batch_idx)["loss"]

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Metrics a model is chosen by. Callbacks get the `loss`, the answers as `output`, and which are `valid`."""
        return self._step(batch, "val", batch_idx)

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Metrics that are reported. Callbacks get the same."""
        return self._step(batch, "test", batch_idx)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer, and the schedule if there is one.

        Raises:
            ValueError: the mapping was built without an optimizer.
        """
        if self.make_optimizer is None:
            raise ValueError("this mapping was built without an optimizer: it can be used but not trained")
        matrices = [p for p in self.parameters() if p.requires_grad and p.ndim > 1]
        vectors = [p for p in self.parameters() if p.requires_grad and p.ndim <= 1]
        optimizer = self.make_optimizer([{"params": matrices}, {"params": vectors, "weight_decay": 0.0}])
        # Fused ones say that they unscale gradients by themselves, so none could be clipped: the scaler does it.
        optimizer._step_supports_amp_scaling = False  # type: ignore[attr-defined]
        if self.make_scheduler is None:
            return optimizer
        schedule = self.make_scheduler(optimizer, int(self.trainer.estimated_stepping_batches))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": schedule, "interval": "step", "name": "train/learning_rate"},
        }

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Everything that rebuilds this mapping, in plain values."""
        checkpoint["seqmodels"] = {"recipe": self.recipe, "spec": self.objective.spec.to_dict()}
