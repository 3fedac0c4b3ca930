"""Early stopping that a training can be resumed with."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks.early_stopping import EarlyStoppingReason


class EarlyStopping(pl.callbacks.EarlyStopping):
    """Lightning's early stopping, except that a resumed training keeps its decision and takes a new patience.

    Lightning restores the patience of the checkpoint in place of the one that is given, and lets a training that was
    stopped early train for another epoch.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore all but the patience."""
        super().load_state_dict({**state_dict, "patience": self.patience})

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Stop, if the checkpoint's training was stopped and there is no more patience by now."""
        match self.stopping_reason:
            case EarlyStoppingReason.PATIENCE_EXHAUSTED:
                trainer.should_stop = self.wait_count >= self.patience
            case EarlyStoppingReason.STOPPING_THRESHOLD | EarlyStoppingReason.DIVERGENCE_THRESHOLD:
                trainer.should_stop = True
