"""How large the gradient is."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import pytorch_lightning as pl
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer


class GradientNorm(pl.Callback):
    """The length of the whole gradient as one vector, before clipping, as `train/gradient_norm`.

    It is measured in the steps whose loss is logged: the trainer's `log_every_n_steps` says how often. A step without
    gradients, as one that was skipped, has none.
    """

    def on_before_optimizer_step(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        optimizer: Optimizer,
    ) -> None:
        """Measure; Lightning clips after this hook."""
        if (trainer.global_step + 1) % trainer.log_every_n_steps:  # type: ignore[attr-defined]
            return
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        if not gradients:
            return
        norm = get_total_norm(gradients)
        for logger in trainer.loggers:
            logger.log_metrics({"train/gradient_norm": norm.item()}, step=trainer.global_step)
