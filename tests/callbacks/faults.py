"""A plain Lightning module, and batches with which its loss or gradient is not finite."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

NAN, INF = float("nan"), float("inf")
OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": partial(torch.optim.SGD, lr=0.1, momentum=0.9),
    "adamw": partial(torch.optim.AdamW, lr=0.1),
    "fused": partial(torch.optim.AdamW, lr=0.1, fused=True),
    "rmsprop": partial(torch.optim.RMSprop, lr=0.1),
}


class Line(pl.LightningModule):
    """A plain module. A first value of 7 asks for a gradient that is NaN in one parameter, and a finite loss."""

    def __init__(self, optimizer: Callable[..., torch.optim.Optimizer]) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear, self.scale = nn.Linear(3, 2), nn.Parameter(torch.ones(()))
        self.register_buffer("mask", torch.tensor([0.0, -INF]))
        self.optimizer = optimizer

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        loss: Tensor = self.scale * self.linear(batch).square().mean()
        return loss + (0 * self.scale).sqrt() if batch[0, 0] == 7 else loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return self.optimizer(self.parameters())


class Logging(Line):
    """Logs its validation loss."""

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        self.log("val/loss", self.linear(batch).square().mean())


class Returning(Line):
    """Returns its validation loss."""

    def validation_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        return {"loss": self.linear(batch).square().mean()}


FAULTS = {
    "nan loss": (torch.full((4, 3), NAN), "the loss is nan"),
    "inf loss": (torch.full((4, 3), 1e30), "the loss is inf"),
    "nan gradient": (torch.full((4, 3), 7.0), r"the gradient is not finite: scale \(nan\)"),
}


def good(number: int) -> list[Tensor]:
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(4, 3, generator=draw) for _ in range(number)]


def loader(batches: Sequence[Any]) -> DataLoader[Any]:
    return DataLoader(list(batches), batch_size=None)  # type: ignore[arg-type]


def trainer(*callbacks: pl.Callback, **arguments: Any) -> pl.Trainer:
    return pl.Trainer(
        **{"max_epochs": 1, "logger": False, "log_every_n_steps": 1, **arguments},
        accelerator="cpu",
        callbacks=list(callbacks),
        enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
    )


class Call(pl.Callback):
    """Does something with the module after a training batch."""

    def __init__(self, does: Callable[[pl.LightningModule, int], None]) -> None:
        self.does = does

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any) -> None:
        self.does(pl_module, arguments[-1])


def weights_at(kept: list[dict[str, Tensor]]) -> Call:
    return Call(lambda module, _: kept.append(copy.deepcopy(module.state_dict())))


def assert_equal(first: Any, second: Any) -> None:
    torch.testing.assert_close(first, second, rtol=0, atol=0)
