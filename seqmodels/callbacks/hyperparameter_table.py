"""A run's line in TensorBoard's table of hyper-parameters."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import math
from collections.abc import Mapping
from typing import Any, Literal

import pytorch_lightning as pl
from torch.utils.tensorboard.summary import hparams

from seqmodels.callbacks.view import boards


class HyperparameterTable(pl.Callback):
    """The hyper-parameters of a run beside its results, in one line of TensorBoard's table.

    The line is there from the start of training, so an interrupted run has one too. The monitored metric at
    its best so far is added as `best/<metric>`; other columns are all that the run logs, `test/<metric>` too.

    No `Experiment` summary is written: TensorBoard would take one run's list of columns for the table of all
    runs. Without it each run adds its own, and hyper-parameters that differ between runs come first.

    Args:
        hyperparameters: plain values; of a nested mapping each value is one column, `outer.inner`.
        monitor: name of the metric that tells how good a model is, `val/accuracy` for example.
        mode: whether small or large values of it are good.

    Raises:
        ValueError: another mode; or, after validation, there is no such metric.
    """

    def __init__(self, hyperparameters: Mapping[str, Any], monitor: str, mode: Literal["min", "max"]) -> None:
        if mode not in ("min", "max"):
            raise ValueError(f"mode must be min or max, got {mode!r}")
        self.hyperparameters = flatten(hyperparameters)
        self.monitor, self.mode = monitor, mode
        self.best = math.inf if mode == "min" else -math.inf

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the hyper-parameters. Of a resumed run, TensorBoard keeps what was written first."""
        _, start, _ = hparams(self.hyperparameters, {})
        for board in boards(trainer):
            board._get_file_writer().add_summary(start)
            board.flush()

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the best value so far."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        if self.monitor not in trainer.callback_metrics:
            raise ValueError(f"{self.monitor!r} is not logged, but: {', '.join(sorted(trainer.callback_metrics))}")
        value = float(trainer.callback_metrics[self.monitor])
        self.best = min(self.best, value) if self.mode == "min" else max(self.best, value)
        for board in boards(trainer):
            board.add_scalar(f"best/{self.monitor.rpartition('/')[2]}", self.best, trainer.global_step)

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write that the training came to its end."""
        _, _, end = hparams({}, {})
        for board in boards(trainer):
            board._get_file_writer().add_summary(end)

    def state_dict(self) -> dict[str, Any]:
        """The best value so far, for a checkpoint."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the best value in a checkpoint."""
        self.best = state_dict["best"]


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str | int | float]:
    """Nested plain values by dotted names, what is not a finite number as text.

    Example:
        >>> flatten({"model": {"sizes": [8, 4], "dropout": 0.1, "bidirectional": True, "init": None}})
        {'model.sizes': '[8, 4]', 'model.dropout': 0.1, 'model.bidirectional': 'true', 'model.init': 'none'}
    """
    flat: dict[str, str | int | float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = _cell(value)
    return flat


def _cell(value: Any) -> str | int | float:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, int | float) and math.isfinite(value) else str(value)
