"""The metrics of all epochs."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

from typing import Any

import pytorch_lightning as pl


class History(pl.Callback):
    """Metrics of each epoch and of each validation, kept in checkpoints.

    Attributes:
        epochs: by number of the epoch, from 0, the metrics of its training split and of its last validation.
        validations: by number of optimizer steps before it, the metrics of a validation.
    """

    def __init__(self) -> None:
        self.epochs: dict[int, dict[str, float]] = {}
        self.validations: dict[int, dict[str, float]] = {}
        self._trainer: pl.Trainer | None = None

    def at(self, epoch: int, step: int) -> dict[str, float]:
        """Return the metrics of an epoch, with those of the validation after a step."""
        return {**self.epochs.get(epoch, {}), **self.validations.get(step, {})}

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Remember the trainer: a checkpoint may be saved before the hook behind an epoch is called."""
        self._trainer = trainer

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the metrics of the validation split."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        metrics = _metrics(trainer, "val/")
        self.validations[trainer.global_step] = metrics
        self._add(trainer.current_epoch, metrics)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the metrics of the epoch before: the module logs them behind `on_train_epoch_end` of callbacks."""
        self._add_finished_epoch()

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the metrics of the last epoch."""
        self._add_finished_epoch()

    def state_dict(self) -> dict[str, Any]:
        """Return the metrics, for a checkpoint."""
        self._add_finished_epoch()
        return {
            "epochs": {epoch: dict(metrics) for epoch, metrics in self.epochs.items()},
            "validations": {step: dict(metrics) for step, metrics in self.validations.items()},
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the metrics in a checkpoint."""
        self.epochs = {epoch: dict(metrics) for epoch, metrics in state_dict["epochs"].items()}
        self.validations = {step: dict(metrics) for step, metrics in state_dict["validations"].items()}

    def _add_finished_epoch(self) -> None:
        if self._trainer is None:
            return
        finished = finished_epochs(self._trainer)
        known = any(name.startswith("train/") for name in self.epochs.get(finished - 1, {}))
        # Only once: later in the next epoch, what its steps log is among the metrics.
        if finished and not known:
            self._add(finished - 1, _metrics(self._trainer, "train/"))

    def _add(self, epoch: int, metrics: dict[str, float]) -> None:
        self.epochs[epoch] = {**self.epochs.get(epoch, {}), **metrics}


def _metrics(trainer: pl.Trainer, prefix: str) -> dict[str, float]:
    """Return the metrics of a split over an epoch."""
    return {
        name: float(value)
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix) and not name.endswith("_step")
    }


def finished_epochs(trainer: pl.Trainer) -> int:
    """Return how many epochs are finished: from in front of `on_train_epoch_end` on, the present one counts."""
    return int(trainer.fit_loop.epoch_progress.current.processed)  # type: ignore[attr-defined]
