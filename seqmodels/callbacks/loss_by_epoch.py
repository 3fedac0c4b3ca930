"""Training and validation loss in one picture."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import pytorch_lightning as pl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from seqmodels.callbacks.history import History
from seqmodels.callbacks.view import boards

COLOURS = {"train": "#0072b2", "val": "#d55e00"}
Losses = dict[str, dict[int, float]]


class LossByEpoch(History):
    """A figure, `loss/by_epoch`: where the two losses part, the model memorises the training split.

    Drawn once, when the training ends or is interrupted.
    """

    @property
    def losses(self) -> Losses:
        """By split and epoch, the first epoch being 1."""
        return {
            split: {epoch + 1: metrics[name] for epoch, metrics in sorted(self.epochs.items()) if name in metrics}
            for split, name in (("train", "train/loss"), ("val", "val/loss"))
        }

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Draw the losses of all epochs."""
        super().on_train_end(trainer, pl_module)
        self._draw(trainer)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Draw what there is: the training was interrupted."""
        if self.losses["train"] and not isinstance(exception, OSError):
            self._draw(trainer)

    def _draw(self, trainer: pl.Trainer) -> None:
        for board in boards(trainer):
            board.add_figure("loss/by_epoch", draw_losses(self.losses), trainer.global_step, close=False)


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
