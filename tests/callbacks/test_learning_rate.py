"""One curve of the learning rate, and no chart of epochs."""

from pathlib import Path

import pytest
import torch

from seqmodels.callbacks import LearningRate
from seqmodels.callbacks.board import RunBoard
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


class TwoRates(LearningRate):
    """Training that sets a rate of its own for the second group."""

    def on_train_batch_start(self, trainer, *arguments):  # type: ignore[no-untyped-def]
        trainer.optimizers[0].param_groups[1]["lr"] = 0.5
        super().on_train_batch_start(trainer, *arguments)


def tags(folder: Path, callback: LearningRate) -> set[str]:
    data = tiny.series()
    mapping = tiny.model(data, lr=0.25)
    mapping.make_scheduler = lambda optimizer, _: torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    trainer = tiny.trainer(folder, [callback], max_epochs=1)
    trainer.loggers = [RunBoard(folder)]
    trainer.fit(mapping, data)
    return {tag for tag in tiny.events(folder).Tags()["scalars"] if not tag.startswith("val/")}


def test_equal_rates_are_one_curve_and_epochs_none(tmp_path: Path) -> None:
    assert tags(tmp_path, LearningRate("step")) >= {"train/learning_rate", "train/loss"}
    assert not {tag for tag in tags(tmp_path, LearningRate("step")) if "epoch" in tag or "/pg" in tag}
    assert set(tiny.scalars(tmp_path, "train/learning_rate").values()) == {0.25}


def test_groups_with_rates_of_their_own_have_a_curve_each(tmp_path: Path) -> None:
    assert {"train/learning_rate/pg1", "train/learning_rate/pg2"} <= tags(tmp_path, TwoRates("step"))
