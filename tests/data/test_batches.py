"""Each epoch gives out every example once, and an interrupted one goes on where it stopped."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Generator, Tensor, nn
from torch.utils.data import Dataset

from seqmodels.data.batches import EpochBatches, ResumableLoader
from seqmodels.data.orders import Order, by_length, in_order, shuffled
from seqmodels.types import Batch

SIZES = st.integers(1, 40)


class Numbers(Dataset[Batch]):
    """Example i holds the number i."""

    def __getitem__(self, indices: list[int]) -> Batch:
        values = torch.tensor(indices, dtype=torch.float32)
        return Batch(values.view(-1, 1, 1), values, torch.ones(len(indices), dtype=torch.long))


def make_loader(order: Order, seed: int = 0) -> ResumableLoader:
    return ResumableLoader(Numbers(), EpochBatches(order, seed))


def epoch(loader: ResumableLoader) -> list[list[float]]:
    return [batch.targets.tolist() for batch in loader]


def orders(num_examples: int, batch_size: int) -> dict[str, Order]:
    lengths = torch.arange(num_examples) * 7 % 5
    return {
        "in_order": in_order(num_examples, batch_size),
        "shuffled": shuffled(num_examples, batch_size),
        "by_length": by_length(lengths, batch_size),
    }


@pytest.mark.parametrize("name", ["in_order", "shuffled", "by_length"])
@given(num_examples=SIZES, batch_size=SIZES, seed=st.integers(0, 99))
def test_every_example_is_given_out_exactly_once(name: str, num_examples: int, batch_size: int, seed: int) -> None:
    batches = orders(num_examples, batch_size)[name](Generator().manual_seed(seed))
    assert sorted(chain.from_iterable(batches)) == list(range(num_examples))
    assert sorted(map(len, batches), reverse=True) == [
        min(batch_size, num_examples - start) for start in range(0, num_examples, batch_size)
    ]


def test_in_order_keeps_the_order() -> None:
    assert list(in_order(5, 2)(Generator())) == [[0, 1], [2, 3], [4]]


def test_by_length_holds_less_padding_than_shuffled() -> None:
    lengths = torch.randint(1, 100, (1000,), generator=Generator().manual_seed(0))

    def padding(order: Order) -> int:
        batches = order(Generator().manual_seed(0))
        return sum(int((lengths[batch].max() - lengths[batch]).sum()) for batch in batches)

    assert padding(by_length(lengths, 10)) < 0.1 * padding(shuffled(1000, 10))


def test_by_length_gives_long_and_short_batches_in_mixed_order() -> None:
    lengths = torch.arange(400)
    firsts = [batch[0] for batch in by_length(lengths, 10)(Generator().manual_seed(0))]
    assert firsts != sorted(firsts)


@pytest.mark.parametrize("name", ["shuffled", "by_length"])
def test_each_epoch_and_each_seed_draws_anew_and_repeatably(name: str) -> None:
    order = orders(20, 3)[name]
    loader = make_loader(order)
    first, second = epoch(loader), epoch(loader)
    assert first != second
    again = make_loader(order)
    assert [epoch(again), epoch(again)] == [first, second]
    assert epoch(make_loader(order, seed=7)) != first


@given(num_examples=SIZES, batch_size=st.integers(1, 10), epochs=st.integers(0, 2), taken=st.integers(0, 40))
def test_a_loader_goes_on_where_another_stopped(num_examples: int, batch_size: int, epochs: int, taken: int) -> None:
    order = shuffled(num_examples, batch_size)
    loader = make_loader(order)
    for _ in range(epochs):
        epoch(loader)
    iterator = iter(loader)
    for _ in range(min(taken, len(loader))):
        next(iterator)
    resumed = make_loader(order)
    resumed.load_state_dict(loader.state_dict())
    if 0 < taken < len(loader):
        assert epoch(resumed) == [batch.targets.tolist() for batch in iterator]
    assert epoch(resumed) == epoch(loader)


def test_the_number_of_batches_is_known_and_stays_after_resuming() -> None:
    loader = make_loader(shuffled(7, 2))
    assert len(loader) == 4
    loader.load_state_dict({"epoch": 0, "position": 3})
    assert len(loader) == 4
    assert len(epoch(loader)) == 1


def test_no_examples_are_refused() -> None:
    for order in orders(0, 2).values():
        with pytest.raises(ValueError, match="expected at least one example in every batch"):
            EpochBatches(order, 0)


@pytest.mark.parametrize("taken", [0, 2, 4])
def test_the_epoch_can_be_set_and_a_place_in_it_is_kept(taken: int) -> None:
    order = shuffled(8, 2)
    loader = make_loader(order)
    epochs = [epoch(loader) for _ in range(3)]
    loader.batches.set_epoch(1)
    assert epoch(loader) == epochs[1]
    loader.load_state_dict({"epoch": 1, "position": taken})
    loader.batches.set_epoch(2 if taken == 4 else 1)
    assert epoch(loader) == (epochs[2] if taken == 4 else epochs[1][taken:])
    loader.load_state_dict({"epoch": 0, "position": 2})
    loader.batches.set_epoch(1)
    assert epoch(loader) == epochs[1]


def test_an_unfinished_batch_comes_again() -> None:
    loader = make_loader(in_order(6, 2))
    iterator = iter(loader)
    next(iterator), next(iterator)
    loader.finished = lambda: 1
    resumed = make_loader(in_order(6, 2))
    resumed.load_state_dict(loader.state_dict())
    assert epoch(resumed) == [[2, 3], [4, 5]]


class Recorder(pl.LightningModule):
    """Remembers the examples of each training batch."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen: list[list[float]] = []

    def training_step(self, batch: Batch) -> Tensor:
        self.seen.append(batch.targets.tolist())
        return (self.weight - batch.targets).square().mean()

    def validation_step(self, batch: Batch) -> None:
        self.log("val/loss", self.weight.square(), batch_size=len(batch.lengths))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def fit(checkpoint: ModelCheckpoint, ckpt_path: Path | None = None, limit: int | None = None) -> Recorder:
    """Train on 5 batches an epoch, for 3 epochs."""
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        callbacks=[checkpoint],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=1,
        limit_train_batches=limit,
        log_every_n_steps=1,
    )
    module = Recorder()
    train, val = make_loader(shuffled(10, 2)), make_loader(in_order(4, 2))
    trainer.fit(module, train, val, ckpt_path=ckpt_path, weights_only=True)
    return module


def in_the_middle(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(folder, save_top_k=-1, every_n_train_steps=1, filename="{step}")


def at_the_end(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(folder, save_top_k=-1, filename="{step}")


def after_validation(folder: Path) -> ModelCheckpoint:
    return ModelCheckpoint(folder, save_top_k=-1, monitor="val/loss", filename="{step}")


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
@pytest.mark.parametrize(
    ("saved", "limit", "steps"),
    [
        (in_the_middle, None, [1, 4, 5, 7, 10, 14]),
        (in_the_middle, 3, [2, 3, 4, 6]),
        (at_the_end, None, [5, 10]),
        (after_validation, None, [5, 10]),
    ],
)
def test_lightning_resumes_with_the_same_batches(
    tmp_path: Path, saved: Callable[[Path], ModelCheckpoint], limit: int | None, steps: list[int]
) -> None:
    whole = fit(saved(tmp_path), limit=limit)
    assert len(whole.seen) == 3 * (limit or 5)
    for step in steps:
        resumed = fit(saved(tmp_path), tmp_path / f"step={step}.ckpt", limit)
        assert resumed.seen == whole.seen[step:]
        torch.testing.assert_close(resumed.weight, whole.weight)


@pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty")
def test_lightning_overfits_to_the_first_batches() -> None:
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        overfit_batches=2,
        log_every_n_steps=1,
    )
    module, train, val = Recorder(), make_loader(shuffled(10, 2)), make_loader(in_order(6, 2))
    expected = epoch(make_loader(shuffled(10, 2)))[:2]
    train.batches.repeating = True
    trainer.fit(module, train, val)
    assert module.seen == expected * 3


def test_an_order_that_repeats_is_that_of_the_first_epoch() -> None:
    loader = make_loader(shuffled(20, 3))
    first = epoch(loader)
    loader.batches.repeating = True
    assert epoch(loader) == first
    loader.load_state_dict({"epoch": 5, "position": 2})
    assert epoch(loader) == first[2:]
    loader.batches.repeating = False
    assert epoch(loader) != first
