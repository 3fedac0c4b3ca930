"""Training and validation loss in one picture."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

from typing import Any

import pytorch_lightning as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqmodels.callbacks.view import boards

COLOURS = {"train": "#0072b2", "val": "#d55e00"}
Losses = dict[str, dict[int, float]]


class LossByEpoch(pl.Callback):
    """A figure, `loss/by_epoch`: where the two losses part, the model learns the training part by heart.

    Drawn once, when the training ends or is interrupted.

    Attributes:
        losses: by split and epoch, the first epoch being 1.
    """

    def __init__(self) -> None:
        self.losses: Losses = {split: {} for split in COLOURS}

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the loss of the validation part."""
        if not trainer.sanity_checking:
            self._keep(trainer, "val")

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the loss of the training part."""
        self._keep(trainer, "train")

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw."""
        self._draw(trainer)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Draw what there is: the training was interrupted."""
        if self.losses["train"]:
            self._draw(trainer)

    def _keep(self, trainer: pl.Trainer, split: str) -> None:
        self.losses[split][trainer.current_epoch + 1] = float(trainer.callback_metrics[f"{split}/loss"])

    def _draw(self, trainer: pl.Trainer) -> None:
        for board in boards(trainer):
            board.add_figure("loss/by_epoch", draw_losses(self.losses), trainer.global_step, close=False)

    def state_dict(self) -> dict[str, Any]:
        """The losses, for a checkpoint."""
        return {"losses": self.losses}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the losses in a checkpoint."""
        self.losses = {split: dict(losses) for split, losses in state_dict["losses"].items()}


def draw_losses(losses: Losses) -> Figure:
    """A line per split over epochs, the loss on a logarithmic axis, the lowest validation loss ringed."""
    figure = Figure(figsize=(5, 3.2), dpi=120, layout="constrained")
    panel = figure.subplots()
    for split, by_epoch in losses.items():
        panel.plot(
            list(by_epoch),
            list(by_epoch.values()),
            color=COLOURS[split],
            marker="o",
            markersize=3,
            label=split,
        )
    if losses["val"]:
        epoch, lowest = min(losses["val"].items(), key=lambda point: point[1])
        panel.plot(epoch, lowest, "o", color=COLOURS["val"], markersize=10, fillstyle="none", label="lowest val")
    panel.set_yscale("log")
    panel.set_xlabel("epoch")
    panel.set_ylabel("loss")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.grid(which="both", alpha=0.25)
    panel.spines[["top", "right"]].set_visible(False)
    panel.legend(frameon=False)
    return figure
