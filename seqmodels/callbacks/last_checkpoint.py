"""The checkpoint that an interrupted training goes on from, exactly where it was."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import signal
import time
from collections.abc import Callable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint
from pytorch_lightning.loops.evaluation_loop import RestartStage
from torch import Tensor

from seqmodels.callbacks.event_files import event_file_sizes
from seqmodels.callbacks.history import finished_epochs
from seqmodels.callbacks.signals import Interrupted, SignalFlag

Place = Literal["batch", "validation", "epoch"]


class LastCheckpoint(Checkpoint):
    """Checkpoint of the latest state of a training, which goes on from it as if it had not been interrupted.

    It is saved at the end of each epoch, every few minutes or steps, and when SIGINT (Ctrl-C) or SIGTERM asks the
    training to stop. It is only saved where a training can go on exactly: between two batches (behind the optimizer's
    step, where gradients are accumulated), in a validation, which then runs again from its start, and behind an epoch.

    Lightning's own `ModelCheckpoint` saves while its loops count a batch as unfinished, and a training that goes on
    from within a validation skips it. This callback puts the saved counts right, and the loops when it is loaded.

    The random state is kept by `RandomState`, the place in the data by the loader (`data.batches.ResumableLoader`).

    Attributes:
        flag: tells whether a signal asked the training to stop.

    Args:
        path: of the checkpoint; a file that is there is replaced.
        every_minutes: the longest time between two checkpoints; None for no such limit.
        every_n_steps: the largest number of optimizer steps between two checkpoints; None for no such limit.

    Raises:
        ValueError: `every_minutes` or `every_n_steps` is not positive.
        Interrupted: a signal was received; in a training, the checkpoint is saved by then.
    """

    def __init__(self, path: str | Path, every_minutes: float | None = 5.0, every_n_steps: int | None = None) -> None:
        for name, value in {"every_minutes": every_minutes, "every_n_steps": every_n_steps}.items():
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be more than 0, or None, got {value}")
        self.path = Path(path)
        self.every_minutes, self.every_n_steps = every_minutes, every_n_steps
        self.flag = SignalFlag()
        self._first = _First(self._before_epoch, self._before_batch)
        self._saving: Place | None = None
        self._resumed: Place | None = None
        self._metrics: dict[str, Tensor] = {}
        self._finished_epochs, self._saved_step, self._saved_at = 0, 0, time.monotonic()

    def state_dict(self) -> dict[str, Any]:
        """Return where in the training the checkpoint is saved; None if another callback saves it."""
        return {"place": self._saving}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember where the training goes on."""
        self._resumed = state_dict["place"]

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Put the counts of Lightning's loops right, and keep the sizes of TensorBoard's files."""
        if self._saving is not None:
            checkpoint["loops"] = _finished_counts(checkpoint["loops"], self._saving)
            checkpoint["event_files"] = event_file_sizes(trainer.loggers)
            checkpoint["callback_metrics"] = dict(trainer.callback_metrics)

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Restore the metrics that callbacks monitor: the next validation may be some epochs ahead."""
        self._metrics = checkpoint.get("callback_metrics", {})

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put Lightning's loops where the checkpoint was saved."""
        if self._first not in trainer.callbacks:  # type: ignore[attr-defined]
            trainer.callbacks.insert(0, self._first)  # type: ignore[attr-defined]
        self.flag.install()
        self._finished_epochs = finished_epochs(trainer)
        self._saved_step = trainer.global_step
        self._saved_at = time.monotonic()
        if self._resumed is not None:
            _go_on(trainer, self._resumed)
            trainer.callback_metrics.update(self._metrics)
            self._resumed = None

    def _before_epoch(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the epoch before: only now are its metrics logged."""
        self._save_epoch(trainer)

    def _before_batch(self, trainer: pl.Trainer, pl_module: pl.LightningModule, batch: Any, batch_idx: int) -> None:
        """Save or stop, where all that the batches before have changed is in the model and the optimizer."""
        if batch_idx % trainer.accumulate_grad_batches == 0:
            # At an epoch's first batch the checkpoint of the epoch before is the latest state.
            self._save_or_stop(trainer, "batch" if batch_idx else None)

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Save or stop."""
        if not trainer.sanity_checking:
            self._save_or_stop(trainer, "validation" if trainer.state.fn == "fit" else None)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the last epoch."""
        self._save_epoch(trainer)

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Handle the signals in a test, too."""
        self.flag.install()

    def on_test_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Stop."""
        self._save_or_stop(trainer, None)

    def _save_or_stop(self, trainer: pl.Trainer, place: Place | None) -> None:
        decide = trainer.strategy.reduce_boolean_decision
        stop = decide(self.flag.received is not None, all=False)
        if place is not None and (stop or decide(self._is_due(trainer.global_step), all=False)):
            self._save(trainer, place)
        if stop:
            # On several devices, another process may have received it.
            raise Interrupted(self.flag.received or signal.SIGTERM, _described(trainer))

    def _save_epoch(self, trainer: pl.Trainer) -> None:
        finished = finished_epochs(trainer)
        if finished > self._finished_epochs:
            self._finished_epochs = finished
            self._save(trainer, "epoch")

    def _is_due(self, step: int) -> bool:
        if self.every_n_steps is not None and step - self._saved_step >= self.every_n_steps:
            return True
        return self.every_minutes is not None and time.monotonic() - self._saved_at >= 60 * self.every_minutes

    def _save(self, trainer: pl.Trainer, place: Place) -> None:
        self._saving = place
        try:
            trainer.save_checkpoint(self.path)
        finally:
            self._saving = None
        self._saved_step, self._saved_at = trainer.global_step, time.monotonic()


class _First(pl.Callback):
    """First callback of each epoch and batch: others may log there, which a resumed training does again.

    Lightning calls checkpoint callbacks after all others.
    """

    def __init__(self, before_epoch: Callable[..., None], before_batch: Callable[..., None]) -> None:
        self.on_train_epoch_start = before_epoch  # type: ignore[method-assign]
        self.on_train_batch_start = before_batch  # type: ignore[method-assign]


def _described(trainer: pl.Trainer) -> str:
    """Return in words where a trainer is."""
    if trainer.testing:
        return "in the test"
    return f"{'in the validation ' if trainer.validating else ''}at step {trainer.global_step}"


def _finished_counts(loops: Mapping[str, Any], place: Place) -> dict[str, Any]:
    """Return the states of Lightning's loops with the batch and the epoch counted that are done."""
    finished = deepcopy(dict(loops))
    fit = finished["fit_loop"]
    batches, validated = fit["epoch_loop.batch_progress"], fit["epoch_loop.val_loop.batch_progress"]
    for counts in ("total", "current"):
        match place:
            case "batch":
                # The next batch is fetched already, and may be the epoch's last.
                batches[counts]["ready"] = batches[counts]["completed"]
                batches["is_last_batch"] = False
            case "validation":
                for stage, count in validated[counts].items():
                    validated[counts][stage] = count - validated["current"][stage]
            case "epoch":  # The next epoch may be counted as ready.
                fit["epoch_progress"][counts]["ready"] = fit["epoch_progress"][counts]["completed"]
    return finished


def _go_on(trainer: pl.Trainer, place: Place) -> None:
    """Put Lightning's loops, which have read the counts, where the checkpoint was saved."""
    fit_loop = trainer.fit_loop
    epoch_loop = fit_loop.epoch_loop
    match place:
        case "batch":
            # Lightning takes a validation that is done for one to be skipped, and counts its batch again.
            if epoch_loop._should_check_val_fx(fit_loop._data_fetcher):  # type: ignore[arg-type]
                epoch_loop._batches_that_stepped -= 1
        case "validation":
            epoch_loop.val_loop._restarting = False
            epoch_loop.val_loop._restart_stage = RestartStage.RESTARTED_MID_EVALUATION
        case "epoch":
            # With `max_steps` Lightning would go back into the epoch that is done.
            for loop in (fit_loop, epoch_loop, epoch_loop.val_loop):
                loop._restarting = False
