"""What happens to a training whose loss, gradient or weights are NaN or infinite."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import math
from collections.abc import Mapping
from typing import Any, Literal, get_args

import pytorch_lightning as pl
from torch import Tensor
from torch.optim import Optimizer

from seqmodels.callbacks.finite_values import all_finite, first_not_finite, largest_finite, not_finite_in_checkpoint
from seqmodels.mappings import SequenceMapping

OnNan = Literal["stop", "skip"]


class NonFiniteError(ArithmeticError):
    """A loss, a gradient or a weight is NaN or infinite. The message is one line."""


class CheckFinite(pl.Callback):
    """Check of losses and gradients: one that is NaN or infinite stops the training, or its step is skipped.

    Losses and gradients are checked in every step, before clipping and before the optimizer changes a weight. A
    validation stops the training if a weight is not finite, or at the first batch whose loss is not. A checkpoint is
    not saved if a parameter or a state of the optimizer is not finite, or if a buffer holds NaN;
    Lightning does not ask callbacks about checkpoints of weights alone (`save_weights_only`).

    A skipped step changes no weight and no state of the optimizer; with accumulated gradients, all batches of the step
    are left out. To Lightning's counters and the learning-rate schedule it is a step. A `SequenceMapping` leaves its
    batches out of the metrics of the epoch, and the state that it carries from batch to batch stays finite. What a
    forward pass itself changes, as the running means of batch normalisation, is not undone.

    With `precision=16-mixed` infinite gradients are expected: the gradient scaler skips the step and lowers its scale.
    They stop the training only if they do not end.

    Attributes:
        skipped_steps: number of steps that were skipped, also logged as `train/skipped_steps`.

    Args:
        on_nan: `"stop"` raises, `"skip"` skips the step.
        max_consecutive_skips: number of steps in a row without a finite loss and gradient that stops the training.
        val_loss: name of the validation loss among the logged metrics, which is checked if `validation_step` does not
            return its loss.

    Raises:
        ValueError: an argument is none of these.
        NonFiniteError: the training is stopped.
    """

    def __init__(self, on_nan: OnNan = "stop", max_consecutive_skips: int = 100, val_loss: str = "val/loss") -> None:
        if on_nan not in get_args(OnNan):
            raise ValueError(f"on_nan must be one of {', '.join(get_args(OnNan))}, got {on_nan!r}")
        if max_consecutive_skips < 1:
            raise ValueError(f"max_consecutive_skips must be at least 1, got {max_consecutive_skips}")
        self.on_nan, self.max_consecutive_skips, self.val_loss = on_nan, max_consecutive_skips, val_loss
        self.skipped_steps = 0
        self._consecutive = 0
        self._losses: list[Tensor] = []
        self._raised: NonFiniteError | None = None

    def state_dict(self) -> dict[str, Any]:
        """Return the counts, for a checkpoint."""
        return {"skipped_steps": self.skipped_steps, "consecutive": self._consecutive}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from the counts in a checkpoint."""
        self.skipped_steps, self._consecutive = state_dict["skipped_steps"], state_dict["consecutive"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Forget what an interrupted training has left."""
        self._losses, self._raised = [], None

    def on_before_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Tensor) -> None:
        """Keep the loss until the gradient is checked, so that the CPU waits for a GPU only once in a step."""
        self._losses.append(loss.detach())

    def on_before_optimizer_step(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer
    ) -> None:
        """Check the losses since the last step, and their gradient."""
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        gradient_is_finite = all_finite(gradients)
        losses, self._losses = [loss.item() for loss in self._losses], []
        loss_is_finite = all(map(math.isfinite, losses))
        if _in_all_processes(trainer, loss_is_finite and gradient_is_finite):
            self._consecutive = 0
            return
        # The gradient scaler of 16-mixed skips steps by itself.
        is_expected = loss_is_finite and getattr(trainer.precision_plugin, "scaler", None) is not None
        found = [f"the loss is {loss}" for loss in losses if not math.isfinite(loss)]
        line = _line(trainer, pl_module, found[0] if found else _describe_gradient(pl_module))
        if self.on_nan == "stop" and not is_expected:
            raise self._stopped(f"{line}; on_nan=skip skips such steps")
        self._consecutive += 1
        if self._consecutive >= self.max_consecutive_skips:
            raise self._stopped(f"{self._consecutive} steps in a row were not finite: {line}")
        if not is_expected:
            self._skip(trainer, pl_module, optimizer)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check the weights, which the last steps may have made infinite."""
        if trainer.state.fn == "fit" and not _in_all_processes(trainer, all_finite(pl_module.parameters())):
            raise self._stopped(_line(trainer, pl_module, "a weight is NaN or infinite"))

    def on_validation_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int, *_: int
    ) -> None:
        """Check the loss of a batch, if `validation_step` returns it and no other process would wait for this one."""
        if trainer.world_size == 1:
            self._check_validation(trainer, pl_module, outputs.get("loss") if isinstance(outputs, Mapping) else outputs)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Check the loss that was logged; Lightning calls the callbacks that save checkpoints after all others."""
        self._check_validation(trainer, pl_module, trainer.callback_metrics.get(self.val_loss))

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Refuse to save values that are not finite: after an error, with the line of that error."""
        found = not_finite_in_checkpoint(checkpoint, {name for name, _ in pl_module.named_buffers()})
        if found is not None:
            raise self._raised or self._stopped(_line(trainer, pl_module, f"no checkpoint is saved with {found}"))

    def _check_validation(self, trainer: pl.Trainer, pl_module: pl.LightningModule, loss: Any) -> None:
        if trainer.state.fn != "fit" or not isinstance(loss, Tensor) or loss.numel() != 1:
            return
        if not _in_all_processes(trainer, math.isfinite(loss.item())):
            raise self._stopped(_line(trainer, pl_module, f"the validation loss is {loss.item()}"))

    def _skip(self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: Optimizer) -> None:
        optimizer.zero_grad(set_to_none=True)  # An optimizer changes nothing for a parameter without a gradient.
        self.skipped_steps += 1
        if isinstance(pl_module, SequenceMapping):
            pl_module.on_step_skipped()
        for logger in trainer.loggers:
            logger.log_metrics({"train/skipped_steps": self.skipped_steps}, step=trainer.global_step)

    def _stopped(self, line: str) -> NonFiniteError:
        self._raised = NonFiniteError(line)
        return self._raised


def _in_all_processes(trainer: pl.Trainer, finite: bool) -> bool:
    """Return whether all is finite in every process: all of them stop or skip a step, or none does."""
    return finite if trainer.world_size == 1 else trainer.strategy.reduce_boolean_decision(finite)


def _gradients(module: pl.LightningModule) -> list[tuple[str, Tensor]]:
    return [(name, p.grad) for name, p in module.named_parameters() if p.grad is not None]


def _describe_gradient(module: pl.LightningModule) -> str:
    found = first_not_finite(_gradients(module))
    return (
        "in another process, the loss or gradient is not finite"
        if found is None
        else f"the gradient is not finite: {found}"
    )


def _line(trainer: pl.Trainer, module: pl.LightningModule, found: str) -> str:
    """Return what was found with where it was, the learning rate, the largest gradient, and what to try."""
    groups = [group for optimizer in trainer.optimizers for group in optimizer.param_groups]
    rates = sorted({f"{float(group['lr']):.3g}" for group in groups if "lr" in group})
    weights = first_not_finite(module.named_parameters())
    largest = largest_finite(_gradients(module))
    clip = "a smaller trainer.gradient_clip_val" if trainer.gradient_clip_val else "trainer.gradient_clip_val=1"
    facts = [
        f"step {trainer.global_step}, epoch {trainer.current_epoch + 1}, learning rate {', '.join(rates) or 'unknown'}",
        "all weights are finite" if weights is None else f"weights not finite: {weights}",
        *([] if largest is None else [f"largest finite gradient {largest[1]:.3g} ({largest[0]})"]),
    ]
    precision = [] if trainer.precision in ("32-true", "64-true") else ["trainer.precision=32-true"]
    advice = ", ".join(["a lower learning rate", clip, *precision])
    return f"{found}; {', '.join(facts)}; try {advice}, or check the data"
