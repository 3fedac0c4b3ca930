"""The trainer and the bare loop in alternating segments, by a clock that the test turns."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from torch import Tensor

from seqmodels.benchmark.trainer import TASKS, Alternate, measure
from seqmodels.types import Batch

TRAINER_SECONDS, BARE_SECONDS = 3.0, 2.0


class Training:
    """Batches that come and go, epoch by epoch; nobody learns anything."""

    def __init__(self, rounds: int, steps: int, first_bare_loss: float = 1.0) -> None:
        self.now = 0.0
        self.segments: list[list[int]] = []
        self.first_bare_loss = first_bare_loss
        self.trainer: Any = SimpleNamespace(should_stop=False)
        self.alternate = Alternate(self.bare, rounds, steps, clock=lambda: self.now)

    def bare(self, batches: Sequence[Batch]) -> list[Tensor]:
        self.segments.append([int(batch.inputs) for batch in batches])
        self.now += BARE_SECONDS * len(batches)
        return [torch.tensor(self.first_bare_loss)] * len(batches)

    def epoch(self, num_batches: int) -> None:
        module: Any = None
        for place in range(num_batches):
            batch = Batch(torch.tensor(place), torch.tensor(0), torch.tensor(0))
            self.alternate.on_train_batch_start(self.trainer, module, batch, place)
            self.now += TRAINER_SECONDS
            self.alternate.on_train_batch_end(self.trainer, module, {"loss": torch.tensor(1.0)}, batch, place)
        self.now += 1000.0  # validation


def test_segments_over_the_same_batches() -> None:
    training = Training(rounds=4, steps=2)
    training.epoch(7)
    assert training.segments == [[0, 1], [2, 3], [4, 5]]
    assert not training.trainer.should_stop
    training.epoch(5)
    assert training.segments[3:] == [[0, 1], [2, 3]]
    assert training.trainer.should_stop
    assert training.alternate.trainer_seconds == [TRAINER_SECONDS] * 4  # the first was the warm-up
    assert training.alternate.bare_seconds == [BARE_SECONDS] * 4


def test_another_model_is_refused() -> None:
    with pytest.raises(ValueError, match=r"starts at a loss of 1\.1"):
        Training(rounds=4, steps=2, first_bare_loss=1.1).epoch(3)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.usefixtures("_unannotated")
def test_a_whole_training(task: str) -> None:
    GlobalHydra.instance().clear()
    quiet = ("model.hidden_size=8", "~callbacks.progress", "+trainer.enable_progress_bar=false")
    short = ("+trainer.limit_train_batches=9", "+trainer.limit_val_batches=1", "trainer.log_every_n_steps=3")
    bare, ours = measure(task, 3, 1, *quiet, *short, "model=gru", steps=2)
    assert (bare.contender, bare.peer, bare.ratio) == ("bare loop", "bare loop", 1.0)
    assert (ours.contender, ours.peer, ours.mode, ours.cell) == ("trainer", "bare loop", task, "gru")
    assert ours.rounds == bare.rounds >= 3
    assert None not in (ours.seconds, ours.ratio_least, ours.ratio_most)
