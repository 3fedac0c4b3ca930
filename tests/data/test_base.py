"""What all readers share: loading once, cutting in time, going on after an interruption."""

from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.data import Dataset

from seqmodels.data.base import SPLITS, SequenceData, Split, in_time
from seqmodels.data.orders import Order, in_order, shuffled
from seqmodels.types import Batch, DataSpec


@given(
    num_steps=st.integers(0, 1000),
    val=st.floats(0.01, 0.49),
    test=st.floats(0.01, 0.49),
)
def test_splits_follow_each_other_and_cover_everything(num_steps: int, val: float, test: float) -> None:
    splits = in_time(num_steps, (val, test))
    assert [step for split in SPLITS for step in splits[split]] == list(range(num_steps))


@pytest.mark.parametrize(
    ("num_steps", "held_out", "lengths"),
    [
        (2000, (0.15, 0.15), [1400, 300, 300]),
        (100, (0.07, 0.07), [86, 7, 7]),
        (1_115_394, (0.05, 0.05), [1_003_854, 55_770, 55_770]),
    ],
)
def test_fractions_become_steps(num_steps: int, held_out: tuple[float, float], lengths: list[int]) -> None:
    assert [len(split) for split in in_time(num_steps, held_out).values()] == lengths


def test_without_a_test_split_the_validation_split_is_tested_on() -> None:
    splits = in_time(1_115_394, (0.1, 0.0))
    assert splits["train"] == range(1_003_854)
    assert splits["test"] == splits["val"] == range(1_003_854, 1_115_394)


@pytest.mark.parametrize("held_out", [(0.0, 0.1), (0.1, -0.1), (0.5, 0.5), (0.1,), (0.1, float("nan"))])
def test_other_fractions_are_refused(held_out: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"held_out must be two fractions.*got \("):
        in_time(100, held_out)


class Numbers(Dataset[Batch]):
    def __getitem__(self, indices: list[int]) -> Batch:
        values = torch.tensor(indices, dtype=torch.float32)
        return Batch(values.view(-1, 1, 1), values, torch.ones(len(indices), dtype=torch.long))


class NumbersData(SequenceData):
    """Ten numbers, two in a batch."""

    loads = 0

    def load(self) -> None:
        self.loads += 1
        self.examples = dict.fromkeys(SPLITS, Numbers())
        self.spec = DataSpec(inputs="values", input_size=1, output_size=1)

    def order(self, split: Split) -> Order:
        return shuffled(10, self.batch_size) if split == "train" else in_order(4, self.batch_size)

    def baseline(self) -> dict[str, float]:
        return {}

    def describe(self) -> dict[str, str]:
        return {}


def test_setup_loads_once() -> None:
    data = NumbersData(2, 0)
    data.setup("fit")
    data.setup("test")
    assert data.loads == 1


def test_what_setup_makes_is_asked_for_too_early() -> None:
    data = NumbersData(2, 0)
    for name, ask in (("spec", lambda: data.spec), ("examples", data.train_dataloader)):
        with pytest.raises(AttributeError, match=rf"has no attribute '{name}' before setup\(\) is called$"):
            ask()
    with pytest.raises(AttributeError, match=r"has no attribute 'specs'$"):
        data.specs  # noqa: B018 (a name that there is not)


def test_each_loader_has_its_order_and_its_seed() -> None:
    data, other = NumbersData(2, 0), NumbersData(2, 1)
    for each in (data, other):
        each.setup()
    first, second = ([batch.targets.tolist() for batch in each.train_dataloader()] for each in (data, other))
    assert first != second
    assert sorted(chain.from_iterable(first)) == list(range(10))
    for loader in (data.val_dataloader(), data.test_dataloader()):
        assert [batch.targets.tolist() for batch in loader] == [[0, 1], [2, 3]]


def test_a_batch_must_hold_something() -> None:
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        NumbersData(0, 0)


class Interrupted(pl.LightningModule):
    """Remembers the examples it was trained on; fails at a step, if given."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.stop_at = stop_at
        self.seen: list[list[float]] = []

    def training_step(self, batch: Batch) -> Tensor:
        if len(self.seen) == self.stop_at:
            raise RuntimeError("stop")
        self.seen.append(batch.targets.tolist())
        return (self.weight - batch.targets).square().mean()

    def validation_step(self, batch: Batch) -> None:
        self.log("val/loss", self.weight.square(), batch_size=len(batch.lengths))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveOnException(pl.Callback):
    def __init__(self, path: Path) -> None:
        self.path = path

    def on_exception(self, trainer: pl.Trainer, *_: Any) -> None:
        trainer.save_checkpoint(self.path)


def fit(
    module: Interrupted, *callbacks: pl.Callback, ckpt_path: Path | None = None, overfit_batches: int = 0
) -> Interrupted:
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        callbacks=list(callbacks),
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
        overfit_batches=overfit_batches,
    )
    trainer.fit(module, NumbersData(2, 0), ckpt_path=ckpt_path, weights_only=True)
    return module


@pytest.mark.parametrize("stop_at", [0, 1, 4, 5, 7, 14])
def test_training_goes_on_with_the_interrupted_batch(tmp_path: Path, stop_at: int) -> None:
    whole = fit(Interrupted())
    assert len(whole.seen) == 15
    stopped = Interrupted(stop_at)
    with pytest.raises(RuntimeError, match="stop"):
        fit(stopped, SaveOnException(tmp_path / "on_exception.ckpt"))
    resumed = fit(Interrupted(), ckpt_path=tmp_path / "on_exception.ckpt")
    assert stopped.seen + resumed.seen == whole.seen
    torch.testing.assert_close(resumed.weight, whole.weight)


def test_overfitting_reads_the_first_batches_again_and_again() -> None:
    whole, few = fit(Interrupted()), fit(Interrupted(), overfit_batches=2)
    assert few.seen == whole.seen[:2] * 3
