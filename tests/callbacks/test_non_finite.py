"""Trainings in which something becomes NaN or infinite."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import copy
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.precision import MixedPrecision
from torch import Tensor, nn
from torch.utils.data import DataLoader

from seqmodels.assembly import build_mapping
from seqmodels.callbacks import CheckFinite, NonFiniteError, TextSamples
from seqmodels.mappings import ManyToMany, SequenceMapping
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny
from tests.mappings.models import recipe

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


class Validated(Line):
    returns_loss = True

    def validation_step(self, batch: Tensor, batch_idx: int) -> Tensor | None:
        loss: Tensor = self.linear(batch).square().mean()
        self.log("val/loss", loss)
        return loss if self.returns_loss else None


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
        run.fit(Validated(OPTIMIZERS["sgd"]), loader(good(3)), loader(good(2)))
    assert not files(tmp_path)


@pytest.mark.parametrize("returns_loss", [True, False])
@pytest.mark.parametrize("on_nan", ["stop", "skip"])
def test_a_validation_whose_loss_is_not_finite_stops_before_a_checkpoint(
    tmp_path: Path, returns_loss: bool, on_nan: Any
) -> None:
    keep = ModelCheckpoint(dirpath=tmp_path, monitor="val/loss", save_last=True)
    module = Validated(OPTIMIZERS["sgd"])
    module.returns_loss = returns_loss
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
    module = Validated(OPTIMIZERS["sgd"])
    (results,) = trainer(CheckFinite()).validate(module, loader([torch.full((4, 3), NAN)]), verbose=False)
    assert results["val/loss"] != results["val/loss"]


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
    """Of the step that is left out, the state behind its last finite batch is carried on."""
    *_, states = streamed(stream(1, 2, 3, -4, 5, 6), CheckFinite("skip"), accumulate_grad_batches=2)
    assert [all(tensor.isfinite().all() for tensor in state) for state in states] == [True] * 6
    assert_equal(states[3], states[2])
    metrics = streamed(stream(1, 2, 3, -4, 5, 6), CheckFinite("skip"), accumulate_grad_batches=2)[2]
    assert all(value.isfinite() for value in metrics.values())


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
