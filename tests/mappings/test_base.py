"""The metrics of an epoch in a training: logged at its end, whole after a resume from anywhere."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Checkpoint, EarlyStopping, ModelCheckpoint

from seqmodels.assembly import build_mapping
from seqmodels.callbacks import LastCheckpoint
from seqmodels.data import CorpusData
from seqmodels.data.base import SequenceData
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.mappings import SequenceMapping
from tests.callbacks import tiny
from tests.mappings.models import recipe

pytestmark = pytest.mark.filterwarnings("ignore:Checkpoint directory", "ignore:Be aware that when using `ckpt_path`")
EPOCHS, BATCHES = 2, 12


class Logged(Checkpoint):
    """The metrics of each epoch: a `Checkpoint`, because Lightning calls those when the epoch's metrics are logged."""

    def __init__(self) -> None:
        self.epochs: dict[int, dict[str, float]] = {}

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert trainer.current_epoch not in self.epochs
        metrics = trainer.callback_metrics.items()
        self.epochs[trainer.current_epoch] = {name: v.item() for name, v in metrics if not name.endswith("_step")}


def stream() -> SequenceData:
    """Text whose batches go on from each other."""
    data = CorpusData(path=None, generate=lambda: "to be or not to be, " * 53, steps=10, batch_size=8, seed=0)
    data.setup()
    return data


def reviews() -> SequenceData:
    data = tiny.reviews()
    data.batch_size = 2
    return data


def model(data: SequenceData) -> SequenceMapping:
    torch.manual_seed(0)
    if data.spec.streams:
        return build_mapping(recipe(mapping="ManyToMany", objective="Language"), data.spec)
    return tiny.model(data)  # type: ignore[arg-type]


def fit(
    folder: Path, data: SequenceData, *callbacks: pl.Callback, ckpt_path: Path | None = None, **arguments: Any
) -> dict[int, dict[str, float]]:
    """Train, and return the metrics of each epoch."""
    logged = Logged()
    trainer = pl.Trainer(
        **{"max_epochs": EPOCHS, **arguments},
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        callbacks=[*callbacks, logged],
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model(data), data, ckpt_path=ckpt_path, weights_only=True)
    return logged.epochs


@cache
def whole(make: Callable[[], SequenceData]) -> dict[int, dict[str, float]]:
    """The metrics of each epoch of an unbroken training."""
    return fit(Path(), make())


def train(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name.startswith("train/")}


@pytest.mark.parametrize("make", [stream, reviews])
def test_the_data_is_as_large_as_the_tests_take_it_to_be(make: Any) -> None:
    assert len(make().train_dataloader()) == BATCHES


@pytest.mark.parametrize("accumulate", [1, 3])
@pytest.mark.parametrize("make", [stream, reviews])
def test_the_metrics_of_a_resumed_epoch_are_those_of_the_whole_epoch(
    tmp_path: Path, make: Any, accumulate: int
) -> None:
    """Resumed within an epoch, at its end and at its beginning."""
    keep = ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1)
    unbroken = fit(tmp_path, make(), keep, accumulate_grad_batches=accumulate)
    assert list(unbroken) == [0, 1]
    steps = BATCHES // accumulate
    for step in (3, steps, steps + 1):
        path = tmp_path / f"step={step}.ckpt"
        resumed = fit(tmp_path / "again", make(), ckpt_path=path, accumulate_grad_batches=accumulate)
        assert {epoch: train(metrics) for epoch, metrics in resumed.items()} == {
            epoch: train(unbroken[epoch]) for epoch in ([0, 1] if step < steps else [1])
        }


class SaveAndStop(pl.Callback):
    """Raises in a hook of a training batch, and saves in `on_exception`."""

    def __init__(self, hook: str, step: int, path: Path) -> None:
        self.path = path

        def stop(trainer: pl.Trainer, *arguments: Any) -> None:
            if trainer.global_step == step:
                raise RuntimeError("stop")

        setattr(self, hook, stop)

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        trainer.save_checkpoint(self.path)


@pytest.mark.parametrize("hook", ["on_train_batch_start", "on_after_backward", "on_train_batch_end"])
@pytest.mark.parametrize("make", [stream, reviews])
def test_a_batch_that_is_interrupted_counts_once(tmp_path: Path, make: Any, hook: str) -> None:
    """Neither metrics nor carried state are ahead of the weights."""
    path = tmp_path / "stopped.ckpt"
    with pytest.raises(RuntimeError, match="stop"):
        fit(tmp_path, make(), SaveAndStop(hook, BATCHES + 5, path))
    assert fit(tmp_path, make(), ckpt_path=path) == {1: whole(make)[1]}


@pytest.mark.parametrize("make", [stream, reviews])
def test_an_epoch_that_is_resumed_in_its_validation_logs_the_metrics_of_its_training(tmp_path: Path, make: Any) -> None:
    def last() -> LastCheckpoint:
        return LastCheckpoint(tmp_path / "last.ckpt", every_minutes=None, every_n_steps=BATCHES)

    class Stop(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fit(tmp_path, make(), last(), Stop())
    assert fit(tmp_path, make(), last(), ckpt_path=tmp_path / "last.ckpt") == whole(make)


def test_a_checkpoint_without_metrics_is_loaded(tmp_path: Path) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=5, save_top_k=-1)
    fit(tmp_path, reviews(), keep)
    checkpoint = torch.load(tmp_path / "step=5.ckpt", weights_only=True)
    del checkpoint["seqmodels"]["epoch_metrics"]
    torch.save(checkpoint, tmp_path / "older.ckpt")
    resumed, unbroken = fit(tmp_path, reviews(), ckpt_path=tmp_path / "older.ckpt"), whole(reviews)
    assert resumed[1] == unbroken[1]
    assert resumed[0]["train/loss"] != unbroken[0]["train/loss"]
    assert resumed[0]["val/loss"] == unbroken[0]["val/loss"]


def test_the_loss_can_be_monitored_and_is_on_the_progress_bar(tmp_path: Path) -> None:
    best = {split: ModelCheckpoint(monitor=f"{split}/loss", filename=split) for split in ("train", "val")}
    seen: list[set[str]] = []

    class Bar(pl.Callback):
        def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            seen.append({name for name in trainer.progress_bar_metrics if name.startswith("val/")})

    stop = EarlyStopping(monitor="val/loss", divergence_threshold=0.0)
    epochs = fit(tmp_path, reviews(), Bar(), stop, *best.values())
    assert list(epochs) == [0]
    assert stop.stopped_epoch == 0
    assert seen == [{"val/loss"}]
    for split, checkpoint in best.items():
        assert checkpoint.best_model_score == epochs[0][f"{split}/loss"]


def test_an_epoch_without_batches_logs_nothing(tmp_path: Path) -> None:
    data = reviews()
    mapping = model(data)
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False, limit_test_batches=0)
    trainer.test(mapping, data, verbose=False)
    mapping.on_test_epoch_end()
    assert not trainer.callback_metrics


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"classes": ("a", "b")}, "classes ('bad', 'good', 'so | <so>') and ('a', 'b')"),
        ({"vocabulary": Vocabulary.words(["other words"]).to_json()}, "another vocabulary"),
        ({"shape": (1, 8, 8)}, "shape () and (1, 8, 8)"),
    ],
    ids=["classes", "vocabulary", "size"],
)
def test_data_of_another_kind_is_refused(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    data = reviews()
    mapping = model(data)
    data.spec = replace(data.spec, **changed)
    trainer = pl.Trainer(
        max_epochs=1, default_root_dir=tmp_path, accelerator="cpu", logger=False, enable_progress_bar=False
    )
    for use in (trainer.fit, trainer.test):
        with pytest.raises(ValueError, match=f"^the data is not what the model was built for: {re.escape(message)}$"):
            use(mapping, datamodule=data)
