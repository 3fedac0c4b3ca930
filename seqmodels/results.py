"""What a training has reached, and why it ended."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytorch_lightning as pl
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason


class End(NamedTuple):
    """Why a training ended.

    Attributes:
        reason: as a person reads it.
        limit: the key of the config that ended it.
    """

    reason: str
    limit: str


@dataclass(frozen=True)
class Results:
    """Metrics of the state of a model that was tested, and what belongs to them.

    Args:
        metrics: by name, of the training, validation and test split.
        baseline: by name, what a simple method reaches on the test split.
        epoch: at whose end or in which that state was reached, from 1.
        step: number of optimizer steps until then.
        end: why the training ended.
        parameters: number of trained parameters.
        engine: names of the engines that ran the layers.
        training_seconds: time spent in training, in all its sessions.
    """

    metrics: dict[str, float]
    baseline: dict[str, float]
    epoch: int
    step: int
    end: End
    parameters: int
    engine: str
    training_seconds: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for `metrics.json`."""
        return {
            **self.metrics,
            "baseline": self.baseline,
            "epoch": self.epoch,
            "step": self.step,
            "ended": self.end.reason,
            "parameters": self.parameters,
            "engine": self.engine,
            "training_seconds": round(self.training_seconds, 2),
        }


def why_it_ended(trainer: pl.Trainer) -> End:
    """Return why a trainer stopped."""
    epochs = f"{trainer.current_epoch} of {trainer.max_epochs}"
    for callback in trainer.early_stopping_callbacks:
        assert isinstance(callback, EarlyStopping)
        if callback.stopping_reason != EarlyStoppingReason.NOT_STOPPED and trainer.should_stop:
            return End(f"stopped early at epoch {epochs}: {_early(callback)}", "callbacks.early_stopping.patience")
    if trainer.max_steps >= 0 and trainer.global_step >= trainer.max_steps:
        return End(f"trained for trainer.max_steps={trainer.max_steps}", "trainer.max_steps")
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs <= trainer.current_epoch:
        return End(f"trained for trainer.max_epochs={trainer.max_epochs}", "trainer.max_epochs")
    if trainer.limit_train_batches == 0:
        return End("trainer.limit_train_batches=0", "trainer.limit_train_batches")
    if trainer.should_stop:
        return End(f"stopped at epoch {epochs} by a callback or trainer.max_time", "trainer.max_time")
    return End(f"ended at epoch {epochs}", "trainer.max_epochs")


def _early(stopping: EarlyStopping) -> str:
    if stopping.stopping_reason == EarlyStoppingReason.PATIENCE_EXHAUSTED:
        times = "validation" if stopping.wait_count == 1 else "validations"
        return f"{stopping.monitor} did not improve for {stopping.wait_count} {times}"
    message = stopping.stopping_reason_message or stopping.stopping_reason.value
    return message.removesuffix(" Signaling Trainer to stop.")
