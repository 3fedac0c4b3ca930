"""Trainings that skip the steps whose loss or gradient is not finite."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import Tensor

from seqmodels.assembly import build_mapping
from seqmodels.callbacks import CheckFinite, NonFiniteError
from seqmodels.mappings import ManyToMany, SequenceMapping
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny
from tests.callbacks.faults import FAULTS, NAN, OPTIMIZERS, Line, assert_equal, good, loader, trainer, weights_at
from tests.mappings.models import recipe


def trained(batches: Sequence[Tensor], optimizer: str, check: CheckFinite, **arguments: Any) -> tuple[Any, Any]:
    module = Line(OPTIMIZERS[optimizer])
    run = trainer(check, gradient_clip_val=1.0, **arguments)
    run.fit(module, loader(batches))
    return dict(module.state_dict()), run.optimizers[0].state_dict()["state"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_skipped_step_changes_no_bit(fault: str, optimizer: str) -> None:
    first, second, third, fourth = good(4)
    check = CheckFinite("skip")
    bad = FAULTS[fault][0]
    skipped = trained([bad, first, second, bad, bad, third, fourth, bad], optimizer, check)
    assert_equal(skipped, trained([first, second, third, fourth], optimizer, CheckFinite()))
    assert check.skipped_steps == 4


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("fault", FAULTS)
def test_with_accumulated_gradients_all_batches_of_the_step_are_left_out(fault: str, place: int) -> None:
    batches = good(9)
    with_bad = batches[:]
    with_bad[3 + place] = FAULTS[fault][0]
    check = CheckFinite("skip")
    skipped = trained(with_bad, "adamw", check, accumulate_grad_batches=3)
    without = batches[:3] + batches[6:]
    assert_equal(skipped, trained(without, "adamw", CheckFinite(), accumulate_grad_batches=3))
    assert check.skipped_steps == 1
    with pytest.raises(NonFiniteError, match="; step 1, "):
        trained(with_bad, "adamw", CheckFinite(), accumulate_grad_batches=3)


def test_steps_that_are_skipped_in_a_row_stop_the_training() -> None:
    first, second = good(2)
    bad = FAULTS["nan loss"][0]
    check = CheckFinite("skip", max_consecutive_skips=3)
    expected = r"^3 steps in a row were not finite: the loss is nan; step 6, "
    with pytest.raises(NonFiniteError, match=expected):
        trained([bad, bad, first, second, bad, bad, bad], "sgd", check)
    assert check.skipped_steps == 4


def test_skipped_steps_are_logged_and_kept_in_checkpoints(tmp_path: Path) -> None:
    data = tiny.reviews()
    path = tmp_path / "middle.ckpt"

    class Nan(pl.Callback):
        def on_after_backward(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.global_step in (1, 2, 4):
                next(pl_module.parameters()).grad.fill_(NAN)  # type: ignore[union-attr]

        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            if trainer.current_epoch == 0:
                trainer.save_checkpoint(path)

    check = CheckFinite("skip")
    tiny.trainer(tmp_path, [Nan(), check]).fit(tiny.model(data), data)
    assert tiny.scalars(tmp_path, "train/skipped_steps") == {1: 1, 2: 2, 4: 3}
    resumed = CheckFinite("skip")
    tiny.trainer(tmp_path, [Nan(), resumed]).fit(tiny.model(data), data, ckpt_path=path, weights_only=True)
    assert resumed.skipped_steps == check.skipped_steps == 3


STREAM = DataSpec("values", 3, 2, streams=True)


def stream(*numbers: int) -> list[Batch]:
    """Chunks of a stream by number; a negative one has a NaN in its inputs."""
    chunks = []
    for number in numbers:
        draw = torch.Generator().manual_seed(abs(number))
        inputs = torch.randn(2, 5, 3, generator=draw)
        inputs[0, 2, 1] = NAN if number < 0 else inputs[0, 2, 1]
        chunks.append(Batch(inputs, torch.randn(2, 5, 2, generator=draw), torch.tensor([5, 5])))
    return chunks


class Carried(pl.Callback):
    """The carried states that the training would save behind each batch."""

    def __init__(self) -> None:
        self.states: list[list[Tensor]] = []

    def on_train_batch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule, *arguments: Any) -> None:
        saved: dict[str, Any] = {}
        pl_module.on_save_checkpoint(saved)
        self.states.append(saved["seqmodels"]["carried"])


def regression() -> SequenceMapping:
    torch.manual_seed(0)
    constant = {"_target_": "seqmodels.mappings.schedules.constant", "_partial_": True}
    return build_mapping({**recipe(mapping="ManyToMany", objective="Regression"), "scheduler": constant}, STREAM)


def streamed(batches: Sequence[Batch], check: CheckFinite, **arguments: Any) -> tuple[Any, ...]:
    mapping, carried = regression(), Carried()
    run = trainer(check, carried, **arguments)
    run.fit(mapping, loader(batches), loader(stream(8, 9)))
    metrics = {name: value for name, value in run.callback_metrics.items() if name != "train/loss_step"}
    assert metrics.keys() >= {"train/loss", "train/mse", "train/r2"}
    return dict(mapping.state_dict()), run.optimizers[0].state_dict()["state"], metrics, carried.states


def test_a_stream_goes_on_as_if_the_skipped_batch_had_not_been() -> None:
    *skipped, states = streamed(stream(1, 2, -3, 4, 5), CheckFinite("skip"))
    *expected, without = streamed(stream(1, 2, 4, 5), CheckFinite())
    assert_equal(skipped, expected)
    assert_equal(states, [*without[:2], without[1], *without[2:]])
    assert all(tensor.isfinite().all() for state in states for tensor in state)


def test_likewise_with_accumulated_gradients() -> None:
    *skipped, states = streamed(stream(1, 2, -3, 4, 5, 6), CheckFinite("skip"), accumulate_grad_batches=2)
    *expected, without = streamed(stream(1, 2, 5, 6), CheckFinite(), accumulate_grad_batches=2)
    assert_equal(skipped, expected)
    assert_equal(states, [*without[:2], without[1], without[1], *without[2:]])


def test_of_a_skipped_step_the_latest_finite_state_is_carried_on() -> None:
    *_, states = streamed(stream(1, 2, 3, -4, 5, 6), CheckFinite("skip"), accumulate_grad_batches=2)
    assert_equal(states[3], states[2])
    assert all(tensor.isfinite().all() for state in states for tensor in state)


def test_a_state_that_is_finite_is_carried_on_from_a_skipped_step() -> None:
    mapping = regression()
    assert isinstance(mapping, ManyToMany)
    for batch in stream(1, 2):
        mapping.respond(batch, "train")
        mapping.commit_step()
    before = mapping.carried["train"]
    mapping.respond(stream(3)[0], "train")
    mapping.on_step_skipped()
    mapping.commit_step()
    after = mapping.carried["train"]
    assert not torch.equal(before[0].h, after[0].h)
    mapping.respond(stream(-4)[0], "train")
    mapping.on_step_skipped()
    mapping.commit_step()
    assert mapping.carried["train"] is after


def scaled(scale: float) -> MixedPrecision:
    return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=scale))


def test_the_gradient_scaler_goes_about_its_business() -> None:
    """With a scale so large that the first gradients overflow."""
    plugin, check = scaled(2.0**30), CheckFinite()
    module = Line(OPTIMIZERS["sgd"])
    kept: list[dict[str, Tensor]] = [copy.deepcopy(module.state_dict())]
    trainer(check, weights_at(kept), plugins=[plugin]).fit(module, loader(good(20)))
    assert torch.equal(kept[0]["linear.weight"], kept[1]["linear.weight"])
    assert not torch.equal(kept[0]["linear.weight"], kept[-1]["linear.weight"])
    assert plugin.scaler is not None
    assert plugin.scaler.get_scale() < 2.0**30
    assert check.skipped_steps == 0


@pytest.mark.parametrize("on_nan", ["stop", "skip"])
def test_but_not_for_ever(on_nan: Any) -> None:
    run = trainer(CheckFinite(on_nan, max_consecutive_skips=5), plugins=[scaled(1.0)])
    with pytest.raises(NonFiniteError, match=r"^5 steps in a row were not finite: the gradient is not finite: scale"):
        run.fit(Line(OPTIMIZERS["sgd"]), loader([FAULTS["nan gradient"][0]] * 9))


@pytest.mark.parametrize("on_nan", ["stop", "skip"])
def test_a_loss_that_is_not_finite_is_no_matter_of_its_scale(on_nan: Any) -> None:
    module, bad = Line(OPTIMIZERS["adamw"]), FAULTS["nan loss"][0]
    check = CheckFinite(on_nan)
    run = trainer(check, plugins=[scaled(1.0)])
    if on_nan == "skip":
        run.fit(module, loader([*good(1), bad, *good(1)]))
        assert check.skipped_steps == 1
        assert all(p.isfinite().all() for p in module.parameters())
    else:
        with pytest.raises(NonFiniteError, match=r"^the loss is nan; step 1, "):
            run.fit(module, loader([*good(1), bad]))
