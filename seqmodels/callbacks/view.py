"""What every view of the validation or test split shares: it sees all answers, then shows something."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, cast

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.objectives import Objective
from seqmodels.types import Batch


def boards(trainer: pl.Trainer) -> list[SummaryWriter]:
    """The TensorBoard writers of a run; none outside its main process."""
    loggers = trainer.loggers if trainer.is_global_zero else []
    return [logger.experiment for logger in loggers if isinstance(logger, TensorBoardLogger)]


class View(pl.Callback, ABC):
    """Something to see of passes over the validation split, and of the test split.

    It is shown after the 1st, 2nd, 4th, 8th, ... validation, after the last one and after the test: a long
    training spends hardly more time on it than a short one. The answers are those the metrics were computed
    from: nothing is computed twice. On several devices the main process shows its own share of the data.
    """

    passes: int = 0
    _seen: bool = False

    def state_dict(self) -> dict[str, Any]:
        """Return the number of passes, for a checkpoint."""
        return {"passes": self.passes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Count on from the passes in a checkpoint."""
        self.passes = state_dict["passes"]

    @abstractmethod
    def begin(self, objective: Objective) -> None:
        """Forget the pass before."""

    @abstractmethod
    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep what is needed of one batch and the answers to it."""

    @abstractmethod
    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Write what was seen of a split, `val` or `test`, after so many steps of training."""

    def _show(self, trainer: pl.Trainer, pl_module: pl.LightningModule, split: str) -> None:
        for board in boards(trainer):
            self.show(_objective(pl_module), board, split, trainer.global_step)

    def on_validation_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin a pass."""
        self._seen = True
        self.begin(_objective(pl_module))

    def on_validation_batch_end(  # type: ignore[override]
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Mapping[str, Tensor],
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Look at a batch."""
        self.look(_objective(pl_module), batch, outputs["output"], outputs["valid"])

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the pass if it is one to show; Lightning's trial of a few batches before training is none."""
        if trainer.sanity_checking:
            return
        self.passes += 1
        if _is_power_of_two(self.passes):
            self._show(trainer, pl_module, "val")

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the last pass, unless it was; the model, back in training mode, answers without dropout."""
        if not self._seen or not self.passes or _is_power_of_two(self.passes):
            return
        trained = [module for module in pl_module.modules() if module.training]
        pl_module.eval()
        self._show(trainer, pl_module, "val")
        for module in trained:
            module.training = True

    # The test split is looked at in the same way.
    on_test_epoch_start = on_validation_epoch_start
    on_test_batch_end = on_validation_batch_end  # type: ignore[assignment]

    def on_test_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Show the pass."""
        self._show(trainer, pl_module, "test")


def _objective(module: pl.LightningModule) -> Objective:
    return cast(Objective, module.objective)


def _is_power_of_two(count: int) -> bool:
    return count.bit_count() == 1
