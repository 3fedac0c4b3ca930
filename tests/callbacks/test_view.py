"""The figures and texts of validation and test."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks import View
from seqmodels.objectives import Objective
from seqmodels.types import Batch
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class Recorder(View):
    def __init__(self) -> None:
        self.seen: list[tuple[Tensor, Tensor]] = []
        self.shown: list[tuple[str, int, int]] = []

    def begin(self, objective: Objective) -> None:
        self.seen = []

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        self.seen.append(objective.compared(output, batch.targets, valid))

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        self.shown.append((split, step, sum(len(predicted) for predicted, _ in self.seen)))


def test_a_view_sees_every_answer_once_per_pass_and_not_lightnings_trial(tmp_path: Path) -> None:
    data, recorder = tiny.reviews(), Recorder()
    mapping = tiny.model(data)
    trainer = tiny.trainer(tmp_path, [recorder], num_sanity_val_steps=2)
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    assert recorder.shown == [("val", 3, 24), ("val", 6, 24), ("test", 6, 24)]


@pytest.mark.parametrize(("epochs", "shown"), [(1, [1]), (4, [1, 2, 4]), (7, [1, 2, 4, 7])])
def test_ever_fewer_passes_are_shown_and_the_last(tmp_path: Path, epochs: int, shown: list[int]) -> None:
    data, recorder = tiny.reviews(), Recorder()
    tiny.trainer(tmp_path, [recorder], max_epochs=epochs).fit(tiny.model(data), data)
    assert [step for _, step, _ in recorder.shown] == [3 * epoch for epoch in shown]


@pytest.mark.filterwarnings("ignore:Found .* in eval mode at the start of training")
def test_whatever_is_shown_the_model_is_not_in_training_and_is_left_as_it_was(tmp_path: Path) -> None:
    modes: list[bool] = []

    class Modes(Recorder):
        def _show(self, trainer: pl.Trainer, pl_module: pl.LightningModule, split: str) -> None:
            modes.append(any(module.training for module in pl_module.modules()))

    data = tiny.reviews()
    mapping = tiny.model(data)
    mapping.embedding.eval()  # as who freezes a part would
    trainer = tiny.trainer(tmp_path, [Modes()], max_epochs=3)
    trainer.fit(mapping, data)
    assert modes == [False, False, False]
    assert mapping.layers.training
    assert not mapping.embedding.training


def test_a_view_sees_the_answers_that_the_metrics_see(tmp_path: Path) -> None:
    data, recorder = tiny.reviews(), Recorder()
    mapping = tiny.model(data)
    trainer = tiny.trainer(tmp_path, [recorder])
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    scores, classes = (torch.cat(part) for part in zip(*recorder.seen, strict=True))
    accuracy = (scores.argmax(-1) == classes).float().mean()
    assert tiny.scalars(tmp_path, "test/accuracy")[6] == pytest.approx(float(accuracy))
    assert not scores.requires_grad


def test_without_tensorboard_nothing_is_shown() -> None:
    data, recorder = tiny.reviews(), Recorder()
    trainer = tiny.trainer(Path(), [recorder])
    trainer.loggers = []
    trainer.fit(tiny.model(data), data)
    assert recorder.shown == []
