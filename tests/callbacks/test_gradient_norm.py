"""The length of the gradient."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from seqmodels.callbacks import CheckFinite, GradientNorm
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class ClippedNorms(pl.Callback):
    """What Lightning leaves of the gradients."""

    def __init__(self) -> None:
        self.norms: list[float] = []

    def on_before_zero_grad(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, optimizer: torch.optim.Optimizer
    ) -> None:
        gradients = [p.grad.flatten() for p in pl_module.parameters() if p.grad is not None]
        if gradients:
            self.norms.append(float(torch.cat(gradients).norm()))


def test_the_whole_gradient_is_measured_before_it_is_clipped(tmp_path: Path) -> None:
    data = tiny.reviews()
    clipped = ClippedNorms()
    mapping = tiny.model(data)
    batch = data.examples["train"][list(range(8))]
    mapping.objective.loss(*_compared(mapping, batch)).backward()
    expected = torch.cat([p.grad.flatten() for p in mapping.parameters() if p.grad is not None]).norm()
    mapping.zero_grad()
    trainer = tiny.trainer(tmp_path, [GradientNorm(), clipped], gradient_clip_val=1e-3)
    trainer.fit(mapping, data)
    measured = tiny.scalars(tmp_path, "train/gradient_norm")
    assert measured[0] == pytest.approx(float(expected), rel=1e-5)
    assert list(measured) == list(range(6))
    assert max(clipped.norms) < 1.1e-3 < min(measured.values())


def _compared(mapping: tiny.SequenceMapping, batch: tiny.Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    output, valid = mapping.respond(batch, "train")
    return output, batch.targets, valid


def test_it_is_measured_as_often_as_the_trainer_logs(tmp_path: Path) -> None:
    data = tiny.reviews()
    tiny.trainer(tmp_path, [GradientNorm()], log_every_n_steps=2).fit(tiny.model(data), data)
    assert list(tiny.scalars(tmp_path, "train/gradient_norm")) == [1, 3, 5]
    assert list(tiny.scalars(tmp_path, "train/loss_step")) == [1, 3, 5]


def test_steps_are_those_of_the_optimizer(tmp_path: Path) -> None:
    data = tiny.reviews()
    trainer = tiny.trainer(tmp_path, [GradientNorm()], accumulate_grad_batches=3)
    trainer.fit(tiny.model(data), data)
    assert list(tiny.scalars(tmp_path, "train/gradient_norm")) == [0, 1]


def test_a_step_that_was_skipped_has_no_norm(tmp_path: Path) -> None:
    class Nan(pl.Callback):
        def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.global_step == 1:
                next(p.grad for p in pl_module.parameters() if p.grad is not None).fill_(torch.nan)

    data = tiny.reviews()
    tiny.trainer(tmp_path, [Nan(), CheckFinite("skip"), GradientNorm()]).fit(tiny.model(data), data)
    assert list(tiny.scalars(tmp_path, "train/gradient_norm")) == [0, 2, 3, 4, 5]
