"""A training that is interrupted anywhere ends like one that is not, with Lightning's Trainer used directly."""

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from seqmodels.callbacks import EarlyStopping, History, LastCheckpoint, RandomState
from seqmodels.callbacks.event_files import cut_event_files
from seqmodels.callbacks.signals import Interrupted, SignalFlag
from seqmodels.mappings import SequenceMapping
from tests.callbacks import tiny

pytestmark = [
    pytest.mark.usefixtures("_unannotated"),  # checks of annotations draw random numbers
    pytest.mark.filterwarnings("ignore:Checkpoint directory"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),
    pytest.mark.filterwarnings("ignore:You're resuming from a checkpoint that ended before"),
]
HOOKS = (
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_before_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
    "on_validation_start",
    "on_validation_batch_end",
    "on_validation_end",
    "on_train_epoch_end",
    "on_train_end",
)
WHERE_STATE_CHANGES = ("on_train_batch_end", "on_validation_batch_end", "on_train_epoch_end")
ONCE = ("on_train_start", "on_before_backward", "on_validation_start", "on_train_end")
SETTINGS: dict[str, dict[str, Any]] = {
    "two validations an epoch": {"val_check_interval": 0.5},
    "a validation every second epoch": {"check_val_every_n_epoch": 2, "max_epochs": 3},
    "accumulated gradients": {"accumulate_grad_batches": 3},
    "so many steps": {"max_epochs": -1, "max_steps": 7},
    "fewer batches": {"limit_train_batches": 3, "limit_val_batches": 2, "num_sanity_val_steps": 1},
    "a validation every three batches of all": {"check_val_every_n_epoch": None, "val_check_interval": 3},
}


class StopAt(pl.Callback):
    """A signal at the n-th call of any hook."""

    def __init__(self, call: int, send: Callable[[], None]) -> None:
        self.calls, self.call, self.send, self.hooks = 0, call, send, []
        for hook in HOOKS:
            setattr(self, hook, lambda *_, hook=hook: self.count(hook))

    def count(self, hook: str) -> None:
        self.calls += 1
        self.hooks.append(hook)
        if self.calls == self.call:
            self.send()


class LogsAtStart(pl.Callback):
    """A point for each epoch and each batch that begins, as `LearningRateMonitor` logs them."""

    def on_train_epoch_start(self, trainer: pl.Trainer, _module: pl.LightningModule) -> None:
        trainer.logger.log_metrics({"begun/epoch": trainer.current_epoch}, trainer.global_step)  # type: ignore[union-attr]

    def on_train_batch_start(self, trainer: pl.Trainer, _module: pl.LightningModule, _batch: Any, index: int) -> None:
        trainer.logger.log_metrics({"begun/batch": index}, trainer.global_step)  # type: ignore[union-attr]


def build(run: Path, call: int = 0, patience: int | None = None, **settings: Any) -> tuple[pl.Trainer, StopAt]:
    last = LastCheckpoint(run / "last.ckpt")
    best = pl.callbacks.ModelCheckpoint(run, "best", monitor="val/loss", enable_version_counter=False)
    stop = StopAt(call, lambda: last.flag(signal.SIGTERM))
    callbacks = [stop, LogsAtStart(), History(), RandomState(), best, last]
    if patience is not None:
        callbacks.append(EarlyStopping("val/loss", patience=patience, mode="max"))
    trainer = tiny.trainer(
        run, callbacks, **{"max_epochs": 2, "num_sanity_val_steps": 0, "enable_checkpointing": True, **settings}
    )
    return trainer, stop


def model(data: tiny.TinyData) -> SequenceMapping:
    """With dropout."""
    mapping = tiny.model(data)
    mapping.head.dropout.p = 0.4  # type: ignore[union-attr, assignment]
    return mapping


def comparable(path: Path) -> dict[str, Any]:
    """A checkpoint without what a resumed training may have otherwise: paths and names of files."""
    state = torch.load(path, weights_only=True)
    state.pop("event_files", None)
    for name, callback in state["callbacks"].items():
        if name.startswith("ModelCheckpoint"):
            # Lightning does not restore `current_score`, and sets it anew in each validation.
            for key in [
                key for key in callback if "path" in key or key in ("best_k_models", "dirpath", "current_score")
            ]:
                del callback[key]
    return state


def points(run: Path) -> dict[str, list[tuple[int, float]]]:
    """All scalars and the steps of all pictures that TensorBoard finds, twice if they are there twice."""
    events = EventAccumulator(str(run), size_guidance={"scalars": 0, "images": 0}, purge_orphaned_data=False).Reload()
    scalars = {
        tag: sorted((event.step, event.value) for event in events.Scalars(tag)) for tag in events.Tags()["scalars"]
    }
    return {**scalars, **{tag: sorted((e.step, 0.0) for e in events.Images(tag)) for tag in events.Tags()["images"]}}


def assert_equal(mine: Any, other: Any, place: str = "") -> None:
    assert type(mine) is type(other), place
    if isinstance(mine, dict):
        assert list(mine) == list(other), place
        for key in mine:
            assert_equal(mine[key], other[key], f"{place}/{key}")
    elif isinstance(mine, list | tuple):
        assert len(mine) == len(other), place
        for index, (a, b) in enumerate(zip(mine, other, strict=True)):
            assert_equal(a, b, f"{place}/{index}")
    elif isinstance(mine, torch.Tensor):
        assert torch.equal(mine, other), place
    else:
        assert mine == other, (place, mine, other)


def whole_run(run: Path, make_data: Callable[[], tiny.TinyData], **settings: Any) -> list[str]:
    """Train without an interruption; gives the hooks that were called."""
    trainer, stop = build(run, **settings)
    data = make_data()
    pl.seed_everything(1, verbose=False)
    trainer.fit(model(data), data)
    return stop.hooks


def interrupted_run(run: Path, make_data: Callable[[], tiny.TinyData], call: int, **settings: Any) -> bool:
    """Train until the signal, then go on in a new trainer; gives whether the signal stopped anything."""
    trainer, _ = build(run, call, **settings)
    data = make_data()
    pl.seed_everything(1, verbose=False)
    with contextlib.suppress(Interrupted):
        trainer.fit(model(data), data)
        return False
    path = run / "last.ckpt"
    state = torch.load(path, weights_only=True) if path.exists() else None
    cut_event_files(run, state["event_files"] if state else {})
    trainer, _ = build(run, **settings)
    data = make_data()
    pl.seed_everything(1 if state is None else 99, verbose=False)
    trainer.fit(model(data), data, ckpt_path=path if state else None, weights_only=True)
    return True


def check(tmp_path: Path, make_data: Callable[[], tiny.TinyData], stopped_at: tuple[str, ...], **settings: Any) -> None:
    hooks = whole_run(tmp_path / "whole", make_data, **settings)
    stopped = 0
    for call in chosen(hooks, stopped_at):
        run = tmp_path / f"{call}-{hooks[call - 1]}"
        if interrupted_run(run, make_data, call, **settings):
            stopped += 1
            for name in ("last", "best"):
                mine, other = (comparable(folder / f"{name}.ckpt") for folder in (run, tmp_path / "whole"))
                assert_equal(mine, other, f"{run.name}: {name}")
            assert points(run) == points(tmp_path / "whole"), run.name
    assert stopped >= min(len(stopped_at), 6)


def chosen(hooks: list[str], stopped_at: tuple[str, ...]) -> list[int]:
    """The numbers of the calls to stop at: of each hook in the middle of the training, of some the last."""
    calls = {hook: [number for number, each in enumerate(hooks, start=1) if each == hook] for hook in hooks}
    middle = {numbers[len(numbers) // 2] for hook, numbers in calls.items() if hook in stopped_at and hook not in ONCE}
    return sorted(middle | {calls[hook][-1] for hook in ("on_train_batch_end", "on_validation_batch_end")})


def test_a_training_goes_on_from_anywhere(tmp_path: Path) -> None:
    check(tmp_path, tiny.series, HOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SETTINGS)
def test_a_training_of_any_setting_goes_on(tmp_path: Path, name: str) -> None:
    check(tmp_path, tiny.series, WHERE_STATE_CHANGES, **SETTINGS[name])


def test_a_training_that_was_stopped_early_stays_stopped(tmp_path: Path) -> None:
    check(tmp_path, tiny.series, WHERE_STATE_CHANGES, patience=2, max_epochs=6)


def test_carried_state_and_metrics_of_the_epoch_go_on(tmp_path: Path) -> None:
    check(tmp_path, tiny.text, WHERE_STATE_CHANGES)


def test_more_patience_goes_on(tmp_path: Path) -> None:
    whole_run(tmp_path, tiny.series, patience=1, max_epochs=6)
    trainer, stop = build(tmp_path, patience=2, max_epochs=6)
    data = tiny.series()
    trainer.fit(model(data), data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert stop.hooks.count("on_train_epoch_start") == 1


@pytest.mark.parametrize("every", [{"every_minutes": 1e-9}, {"every_minutes": None, "every_n_steps": 2}])
def test_checkpoints_in_between_can_be_gone_on_from(tmp_path: Path, every: dict[str, Any]) -> None:
    whole_run(tmp_path / "whole", tiny.series)
    trainer, _ = build(tmp_path / "run")
    saved: list[dict[str, Any]] = []
    last = next(each for each in trainer.callbacks if isinstance(each, LastCheckpoint))  # type: ignore[attr-defined]
    last.__init__(tmp_path / "run" / "last.ckpt", **every)  # type: ignore[misc]
    save = last._save

    def keep(trainer: pl.Trainer, place: Any) -> None:
        save(trainer, place)
        saved.append(torch.load(last.path, weights_only=True))

    last._save = keep  # type: ignore[method-assign]
    data = tiny.series()
    pl.seed_everything(1, verbose=False)
    trainer.fit(model(data), data)
    places = {state["callbacks"]["LastCheckpoint"]["place"] for state in saved}
    assert places == {"batch", "validation", "epoch"}
    for number, state in enumerate(saved[::2]):
        torch.save(state, tmp_path / "from.ckpt")
        run = tmp_path / str(number)
        trainer, _ = build(run)
        data = tiny.series()
        mapping = model(data)
        trainer.fit(mapping, data, ckpt_path=tmp_path / "from.ckpt", weights_only=True)
        assert_equal(dict(mapping.state_dict()), dict(comparable(tmp_path / "whole/last.ckpt")["state_dict"]))


def test_the_second_signal_has_its_default_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("os.kill", lambda _pid, number: sent.append(number))
    monkeypatch.setattr("signal.signal", lambda _number, handler: sent.append(handler))
    flag = SignalFlag()
    flag(signal.SIGTERM)
    assert sent == []
    assert flag.received == signal.SIGTERM
    flag(signal.SIGINT)
    assert sent == [signal.SIG_DFL, signal.SIGINT]


@pytest.mark.parametrize("wrong", [{"every_minutes": 0}, {"every_n_steps": -1}])
def test_what_cannot_be_an_interval_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be more than 0"):
        LastCheckpoint("last.ckpt", **wrong)
