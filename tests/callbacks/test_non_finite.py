"""Trainings that stop, because something becomes NaN or infinite."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor

from seqmodels.callbacks import CheckFinite, NonFiniteError, TextSamples
from tests.callbacks import tiny
from tests.callbacks.faults import (
    FAULTS,
    INF,
    NAN,
    OPTIMIZERS,
    Call,
    Line,
    Logging,
    Returning,
    assert_equal,
    good,
    loader,
    trainer,
    weights_at,
)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("optimizer", ["sgd", "fused"])
def test_the_training_stops_before_the_weights_change(fault: str, optimizer: str) -> None:
    bad, message = FAULTS[fault]
    kept: list[dict[str, Tensor]] = []
    module = Line(OPTIMIZERS[optimizer])
    run = trainer(CheckFinite(), weights_at(kept), gradient_clip_val=1.0)
    with pytest.raises(NonFiniteError, match=f"^{message}; step 3, epoch 1, learning rate 0.1, ") as raised:
        run.fit(module, loader([*good(3), bad, *good(1)]))
    assert len(kept) == 3
    assert_equal(dict(module.state_dict()), dict(kept[-1]))
    assert "try a lower learning rate, a smaller trainer.gradient_clip_val, or check the data" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert ("largest finite gradient" in str(raised.value)) == (fault != "nan loss")


def test_the_line_says_what_else_may_help() -> None:
    run = trainer(CheckFinite(), precision="bf16-mixed")
    with pytest.raises(NonFiniteError, match=r"trainer.gradient_clip_val=1, trainer.precision=32-true, or check"):
        run.fit(Line(OPTIMIZERS["sgd"]), loader([FAULTS["nan loss"][0]]))


def files(folder: Path) -> list[dict[str, Any]]:
    return [torch.load(path, weights_only=True) for path in folder.glob("*.ckpt")]


def test_a_learning_rate_that_is_far_too_large_leaves_no_checkpoint_that_is_not_finite(tmp_path: Path) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1, save_last=True)
    module = Line(partial(torch.optim.SGD, lr=1e30))
    with pytest.raises(NonFiniteError, match=r"learning rate 1e\+30"):
        trainer(CheckFinite(), keep).fit(module, loader(good(9)))
    for checkpoint in files(tmp_path):
        assert all(tensor.isfinite().all() for name, tensor in checkpoint["state_dict"].items() if name != "mask")


def poison(name: str, batch_idx: int, value: float = NAN) -> Call:
    """Make a value of a parameter or buffer NaN, as an update that overflows does."""

    def does(module: pl.LightningModule, at: int) -> None:
        if at == batch_idx:
            module.state_dict()[name].view(-1)[0] = value

    return Call(does)


@pytest.mark.parametrize("name", ["linear.weight", "mask"])
def test_a_checkpoint_that_is_not_finite_is_not_saved(tmp_path: Path, name: str) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=1, save_top_k=-1, save_last=True)
    with pytest.raises(NonFiniteError, match=rf"no checkpoint is saved with the \w+ {name} \(nan\); step 2, "):
        trainer(CheckFinite(), poison(name, 1), keep).fit(Line(OPTIMIZERS["adamw"]), loader(good(4)))
    saved = files(tmp_path)
    assert len(saved) == 2  # The first step, as such and as the last.
    assert all(checkpoint["global_step"] == 1 for checkpoint in saved)


def test_neither_is_one_whose_optimizer_is_not_finite(tmp_path: Path) -> None:
    def does(module: pl.LightningModule, batch_idx: int) -> None:
        for state in module.trainer.optimizers[0].state.values():
            state["exp_avg_sq"].fill_(INF)

    keep = ModelCheckpoint(dirpath=tmp_path, every_n_train_steps=1)
    with pytest.raises(NonFiniteError, match=r"the optimizer's exp_avg_sq \(inf\)"):
        trainer(CheckFinite(), Call(does), keep).fit(Line(OPTIMIZERS["adamw"]), loader(good(4)))
    assert not files(tmp_path)


class SaveOnException(pl.Callback):
    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        trainer.save_checkpoint(Path(trainer.default_root_dir) / "interrupted.ckpt")


def test_who_saves_behind_the_error_gets_its_line_again(tmp_path: Path) -> None:
    run = trainer(CheckFinite(), poison("linear.weight", 1), SaveOnException(), default_root_dir=tmp_path)
    with pytest.raises(NonFiniteError, match=r"^the loss is nan; step 2, "):
        run.fit(Line(OPTIMIZERS["adamw"]), loader(good(4)))
    assert not files(tmp_path)


@pytest.mark.parametrize("on_nan", ["stop", "skip"])
def test_a_validation_of_weights_that_are_not_finite_stops_before_a_checkpoint(tmp_path: Path, on_nan: Any) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, monitor="val/loss", save_last=True)
    run = trainer(CheckFinite(on_nan), keep, poison("linear.bias", 2, INF))
    expected = (
        r"^a weight is NaN or infinite; step 3, epoch 1, learning rate 0.1, weights not finite: linear.bias \(inf\)"
    )
    with pytest.raises(NonFiniteError, match=expected):
        run.fit(Logging(OPTIMIZERS["sgd"]), loader(good(3)), loader(good(2)))
    assert not files(tmp_path)


@pytest.mark.parametrize("kind", [Logging, Returning])
@pytest.mark.parametrize("on_nan", ["stop", "skip"])
def test_a_validation_whose_loss_is_not_finite_stops_before_a_checkpoint(
    tmp_path: Path, kind: type[Line], on_nan: Any
) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, monitor="val/loss" if kind is Logging else None, save_last=True)
    module = kind(OPTIMIZERS["sgd"])
    run = trainer(CheckFinite(on_nan), keep)
    expected = r"^the validation loss is nan; step 3, epoch 1, learning rate 0.1, all weights are finite"
    with pytest.raises(NonFiniteError, match=expected):
        run.fit(module, loader(good(3)), loader([*good(3), FAULTS["nan loss"][0]]))
    assert not files(tmp_path)


def test_a_language_model_of_nan_does_not_die_in_its_samples(tmp_path: Path) -> None:
    data = tiny.text()
    mapping = tiny.model(data)
    last = len(data.train_dataloader()) - 1
    poisoned = poison(next(name for name, _ in mapping.named_parameters()), last)
    run = tiny.trainer(tmp_path, [TextSamples(length=5), poisoned, CheckFinite()])
    with pytest.raises(NonFiniteError, match=r"^a weight is NaN or infinite"):
        run.fit(mapping, data)


def test_validations_of_their_own_are_not_stopped() -> None:
    module = Logging(OPTIMIZERS["sgd"])
    (results,) = trainer(CheckFinite()).validate(module, loader([torch.full((4, 3), NAN)]), verbose=False)
    assert results["val/loss"] != results["val/loss"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on_nan": "ignore"}, "on_nan must be one of stop, skip, got 'ignore'"),
        ({"max_consecutive_skips": 0}, "max_consecutive_skips must be at least 1, got 0"),
    ],
)
def test_arguments_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CheckFinite(**arguments)
