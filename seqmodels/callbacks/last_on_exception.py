"""What an interrupted training leaves behind."""

from pathlib import Path

import pytorch_lightning as pl


class LastOnException(pl.Callback):
    """Saves a checkpoint when the training is interrupted, by Ctrl-C or by an error, wherever it is.

    Lightning's own `OnExceptionCheckpoint` makes the trainer look for a checkpoint to start from; this does not.

    Args:
        path: of the checkpoint; a file that is there is replaced.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:  # noqa: ARG002
        """Save, unless nothing has been learnt yet."""
        if trainer.state.fn == "fit" and trainer.global_step:
            trainer.save_checkpoint(self.path)
