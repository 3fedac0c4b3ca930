"""What every input-output mapping shares: one step for training, validation and test."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, cast

import pytorch_lightning as pl
from jaxtyping import Int, Shaped
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from seqmodels.layers import SequenceLayer
from seqmodels.mappings.epoch_metrics import EpochMetrics
from seqmodels.objectives import Objective
from seqmodels.types import Batch, DataSpec


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
        metrics = {split: objective.metrics().clone(prefix=f"{split}/") for split in ("train", "val", "test")}
        # "train" alone is the name of a method of modules.
        self.metrics_by_split = nn.ModuleDict({f"{split}_": EpochMetrics(metrics[split]) for split in metrics})
        self.carried: dict[str, Any] = {}
        self.recipe: dict[str, Any] = {}
        self._first_pending_batch: int | None = None
        self._saved_metrics: dict[str, Any] | None = None

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

    def epoch_metrics(self, split: str) -> EpochMetrics:
        """Return loss and metrics of the current epoch of a split."""
        return cast(EpochMetrics, self.metrics_by_split[f"{split}_"])

    def commit_step(self) -> None:
        """Take what the training batches since the last optimizer step add to metrics and carried state for final."""
        self.epoch_metrics("train").commit()

    def on_step_skipped(self) -> None:
        """Leave the training batches since the last optimizer step out: called where that step is not taken."""
        self.epoch_metrics("train").discard()

    def num_finished_pending_batches(self) -> int:
        """Return how many of the training batches since the last optimizer step do not come again after a resume."""
        finished: int = self.trainer.fit_loop.epoch_loop.batch_progress.current.processed  # type: ignore[attr-defined]
        return 0 if self._first_pending_batch is None else max(0, finished - self._first_pending_batch)

    def _begin_training_batch(self, batch_idx: int) -> None:
        # Batches are pending until the optimizer has taken the step that they belong to.
        if self._first_pending_batch is None or batch_idx % self.trainer.accumulate_grad_batches == 0:
            self.commit_step()
            self._first_pending_batch = batch_idx

    def _step(self, batch: Batch, split: str, batch_idx: int) -> dict[str, Tensor]:
        metrics = self.epoch_metrics(split)
        if batch_idx == 0:
            self.carried.pop(split, None)
            metrics.reset()
        output, valid = self.respond(batch, split)
        loss = self.objective.loss(output, batch.targets, valid)
        value, answer = loss.detach(), self.answer(batch, output.detach())
        inputs = None if answer is None else self.objective.measured(answer, batch.targets, valid, value)
        metrics.update(value, valid.sum(), inputs)
        if split != "train":
            metrics.commit()
        return {"loss": loss, "output": output.detach() if answer is None else answer, "valid": valid}

    def setup(self, stage: str) -> None:  # noqa: ARG002
        """Check that the data is what this mapping was built for.

        Raises:
            ValueError: it has another vocabulary, other classes or other sizes.
        """
        spec = getattr(getattr(self.trainer, "datamodule", None), "spec", None)
        if isinstance(spec, DataSpec) and (difference := self.objective.spec.difference(spec)):
            raise ValueError(f"the data is not what the model was built for: {difference}")

    def on_train_start(self) -> None:
        """Begin with no metrics, or with those of the checkpoint that the training is resumed from."""
        self.epoch_metrics("train").reset()
        if self._saved_metrics is not None:
            self.epoch_metrics("train").restore(self._saved_metrics, is_main_process=self.trainer.is_global_zero)
        self._saved_metrics = self._first_pending_batch = None

    def on_train_epoch_end(self) -> None:
        """Log loss and metrics of the epoch: once, as logging with every batch takes longer than computing them."""
        self._log_epoch("train")

    def on_validation_epoch_end(self) -> None:
        """Log loss and metrics of the validation."""
        self._log_epoch("val")

    def on_test_epoch_end(self) -> None:
        """Log loss and metrics of the test."""
        self._log_epoch("test")

    def _log_epoch(self, split: str) -> None:
        for name, value in self.epoch_metrics(split).compute().items():
            self.log(name, value, prog_bar=name == "val/loss")

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The loss to go down on."""
        self._begin_training_batch(batch_idx)
        loss = self._step(batch, "train", batch_idx)["loss"]
        if (self.trainer.global_step + 1) % self.trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            self.log("train/loss_step", loss, prog_bar=True)
        return loss

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
        """Save everything that rebuilds this mapping, in plain values, and the metrics of the training epoch so far."""
        checkpoint["seqmodels"] = {
            "recipe": self.recipe,
            "spec": self.objective.spec.to_dict(),
            "epoch_metrics": self.epoch_metrics("train").saved(self.num_finished_pending_batches()),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the metrics of the training epoch until it goes on; earlier versions have not saved any."""
        self._saved_metrics = checkpoint["seqmodels"].get("epoch_metrics")
