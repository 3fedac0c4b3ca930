"""Progress of a training: one bar on a terminal, one line per epoch elsewhere."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import shutil
import sys
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import ProgressBar, TQDMProgressBar
from pytorch_lightning.callbacks.progress.tqdm_progress import Tqdm

from seqmodels.plain_text import cut
from seqmodels.run_log import record

MAX_WIDTH = 80
"""Of the bar, in characters."""

FORMAT = "{desc} |{bar}| {n_fmt}/{total_fmt} {remaining} left"
UNKNOWN_LENGTH_FORMAT = "{desc}  {n_fmt} batches"


def progress_display(monitor: str, refresh_seconds: float = 0.2) -> ProgressBar:
    """Return what shows the progress of a training: `EpochProgress`, and in a notebook Lightning's own bars.

    Args:
        monitor: name of the metric that the model is chosen by, `val/accuracy` for example.
        refresh_seconds: time between two states of a bar.
    """
    return TQDMProgressBar() if "ipykernel" in sys.modules else EpochProgress(monitor, refresh_seconds)


class EpochProgress(ProgressBar):
    """Progress on standard error.

    On a terminal this is one bar of at most 80 columns with the epoch, the latest value of the monitored metric and
    the time left of the epoch. Elsewhere, in a log file for example, it is one line per epoch without control
    characters: `epoch 3/12  train/loss 0.123  val/loss 0.2  val/accuracy 0.97  12 s`. The lines of all epochs are in
    `train.log`, too.

    Args:
        monitor: name of the metric that the model is chosen by.
        refresh_seconds: time between two states of the bar.

    Raises:
        ValueError: `refresh_seconds` is negative.
    """

    def __init__(self, monitor: str, refresh_seconds: float = 0.2) -> None:
        super().__init__()
        if refresh_seconds < 0:
            raise ValueError(f"refresh_seconds must be at least 0, got {refresh_seconds}: choose 0.2, for example")
        self.monitor, self.refresh_seconds = monitor, refresh_seconds
        self._enabled, self._bar, self._refreshed = True, _OneLine(), 0.0
        self._began, self._epoch, self._validated = 0.0, 0, False
        self._seconds: float | None = None

    def disable(self) -> None:
        """Show nothing from now on."""
        self._enabled = False
        self._bar.close()

    def enable(self) -> None:
        """Show the progress again."""
        self._enabled = True

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print a text above the bar."""
        Tqdm.write(kwargs.get("sep", " ").join(map(str, args)), file=sys.stderr)

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the line of the epoch before, whose metrics are logged only now, and begin another."""
        self._end_epoch(trainer)
        self._began, self._epoch, self._validated = time.monotonic(), trainer.current_epoch, False
        self._bar.begin(self.total_train_batches)
        self._show(trainer, 0)

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Move the bar."""
        if self._bar.first is None:  # A training that was resumed within an epoch begins with a later batch.
            self._bar.first = batch_idx
        if self._is_due():
            self._show(trainer, batch_idx + 1)

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Say that a validation is running."""
        if not trainer.sanity_checking and self._is_due():
            self._show(trainer, None, ", validation")

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the new value of the monitored metric."""
        if not trainer.sanity_checking and trainer.state.fn == "fit":
            self._validated = True
            self._show(trainer, None)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Take the time."""
        self._seconds = time.monotonic() - self._began
        self._show(trainer, self._bar.total)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the line of the last epoch."""
        self._end_epoch(trainer)
        self._bar.close()

    def on_test_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Move the bar of the test."""
        if not batch_idx:
            self._bar.begin(sum(trainer.num_test_batches))
        if batch_idx + 1 == self._bar.total or self._is_due():
            self._show_test(batch_idx + 1)

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Close the bar."""
        self._bar.close()

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Close the bar, so that what is said of the error begins a line."""
        self._bar.close()

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now - self._refreshed < self.refresh_seconds:
            return False
        self._refreshed = now
        return True

    def _show(self, trainer: pl.Trainer, done: float | None, doing: str = "") -> None:
        if self._enabled and sys.stderr.isatty():
            name, value = self.monitor, trainer.callback_metrics.get(self.monitor)
            if value is None:
                name, value = "loss", trainer.callback_metrics.get("train/loss_step")
            metric = "" if value is None else f"  {cut(name, 24)} {float(value):.4g}"
            self._bar.show(f"{_count(self._epoch, trainer)}{doing}{metric}", done)

    def _show_test(self, done: int) -> None:
        if self._enabled and sys.stderr.isatty():
            self._bar.show("test", done)

    def _end_epoch(self, trainer: pl.Trainer) -> None:
        """Show and record the line of a finished epoch."""
        if not self._enabled or self._seconds is None:
            return
        names = ["train/loss", *(dict.fromkeys(["val/loss", self.monitor]) if self._validated else ())]
        values = {name: float(trainer.callback_metrics[name]) for name in names if name in trainer.callback_metrics}
        metrics = (f"{name} {value:.4g}" for name, value in values.items())
        line = "  ".join([_count(self._epoch, trainer), *metrics, f"{self._seconds:.3g} s"])
        self._seconds = None
        if not sys.stderr.isatty():
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        record(line)


class _Tqdm(Tqdm):
    """Bar without a thread that watches it: `EpochProgress` says when it is drawn."""

    monitor_interval = 0


class _OneLine:
    """One bar, made when it is first shown.

    Attributes:
        total: number of batches; infinite where it is not known.
        first: number of batches that were done when this process began with them; None as long as it is not known.
    """

    def __init__(self) -> None:
        self.total: float = 0
        self.first: int | None = None
        self._began = time.time()
        self._bar: _Tqdm | None = None

    def begin(self, total: float) -> None:
        """Begin with the first batch of so many."""
        self.total, self.first, self._began = total, None, time.time()

    def show(self, text: str, done: float | None) -> None:
        """Show a text and how many batches are done, as before if that is None."""
        width = min(MAX_WIDTH, shutil.get_terminal_size().columns - 1)
        if self._bar is None:
            # With a delay, nothing is drawn before there is a text.
            self._bar = _Tqdm(file=sys.stderr, ncols=width, leave=True, delay=1)
            self._bar.delay = 0
        # tqdm ends the line of a bar only if that was drawn after its start.
        self._bar.start_t = self._bar.last_print_t = self._began
        self._bar.initial = self.first or 0
        known = self.total != float("inf")
        self._bar.total = self.total if known else None
        self._bar.bar_format = FORMAT if known else UNKNOWN_LENGTH_FORMAT
        self._bar.n = self._bar.n if done is None else done
        self._bar.ncols = width
        self._bar.set_description_str(text, refresh=True)

    def close(self) -> None:
        """End the line, if anything is shown on it."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _count(epoch: int, trainer: pl.Trainer) -> str:
    """Return the number of an epoch, from 1, and of how many where that is known."""
    known = trainer.max_epochs is not None and trainer.max_epochs > 0
    return f"epoch {epoch + 1}/{trainer.max_epochs}" if known else f"epoch {epoch + 1}"
