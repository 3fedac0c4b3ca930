"""How large the gradient is."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import pytorch_lightning as pl
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer


class GradientNorm(pl.Callback):
    """The length of the whole gradient as one vector, before clipping, as `train/gradient_norm`.

    Args:
        every_n_steps: the first step and each of so many steps is measured.

    Raises:
        ValueError: `every_n_steps` is less than 1.
    """

    def __init__(self, every_n_steps: int = 10) -> None:
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps must be at least 1, got {every_n_steps}")
        self.every_n_steps = every_n_steps

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: Optimizer,
    ) -> None:
        """Measure; Lightning clips after this hook."""
        if trainer.global_step % self.every_n_steps:
            return
        norm = get_total_norm([p.grad for p in pl_module.parameters() if p.grad is not None])
        for logger in trainer.loggers:
            logger.log_metrics({"train/gradient_norm": norm.item()}, step=trainer.global_step)
