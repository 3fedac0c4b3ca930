"""Values that cannot be used: one line, which names the key and the value."""

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from seqmodels import key_errors
from seqmodels.assembly import build_mapping, instantiate
from seqmodels.auto_values import without_auto
from seqmodels.config_values import check_values
from seqmodels.key_errors import ConfigError, naming_keys
from seqmodels.train import CONFIGS
from tests.train.conftest import Train

SINE = ("task=sine", "model=rnn", "model.hidden_size=4", "data.generate.steps=400", "trainer.max_epochs=1")
TRANSLATION = ("task=translation", "model=rnn", "data.generate.count=100")
Config = dict[str, Any]
Given = Callable[..., Config]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DictConfig]:
    """The config of two tasks, interpolations unresolved."""
    run = tmp_path_factory.mktemp("run")
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        return {
            name: compose("train", [*overrides, f"run_dir={run}", "callbacks.progress=null"])
            for name, overrides in {"sine": SINE, "translation": TRANSLATION}.items()
        }


@pytest.fixture
def given(bases: dict[str, DictConfig], monkeypatch: pytest.MonkeyPatch, _unannotated: None) -> Given:
    """Return the plain config of a task in which some values were typed."""

    def typed(*values: str, task: str = "sine") -> Config:
        config = deepcopy(bases[task])
        pairs = [value.split("=", maxsplit=1) for value in values]
        for key, value in pairs:
            OmegaConf.update(config, key, yaml.safe_load(value), force_add=True, merge=False)
        monkeypatch.setattr(key_errors, "typed_keys", lambda: [key for key, _ in pairs])
        return OmegaConf.to_container(config, resolve=True)

    return typed


def build(plain: Config) -> tuple[Any, Any]:
    """Build what a training builds before it starts."""
    check_values(plain)
    with naming_keys(plain):
        data = instantiate(plain["data"])
        data.setup()
        mapping = build_mapping(plain, data.spec, vectors=data.vectors)
        for callback in plain["callbacks"].values():
            if callback:
                instantiate(callback)
    return data, mapping


def line_of(plain: Config, run: Callable[[Config], object] = build) -> str:
    """Return the line of the error; it names a key."""
    with pytest.raises(ConfigError) as caught:
        run(plain)
    line = str(caught.value)
    assert len(line) <= 300
    assert "\n" not in line
    return line


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("trainer.max_epochs=zwei", "a whole number or null, got 'zwei'"),
        ("trainer.max_epochs=1.5", "a whole number or null, got 1.5"),
        ("trainer.max_epochs=[1]", "a whole number or null, got [1]"),
        ("trainer.max_steps=2.5", "a whole number, got 2.5"),
        ("trainer.min_epochs=x", "a whole number or null, got 'x'"),
        ("trainer.max_time=5", "a text, a dictionary or null, got 5"),
        ("trainer.accelerator=null", "a text, got None"),
        ("trainer.devices=2.5", "a list of whole numbers, a text or a whole number, got 2.5"),
        ("trainer.strategy=5", "a text, got 5"),
        ("trainer.limit_test_batches=x", "a number or null, got 'x'"),
        ("trainer.overfit_batches=x", "a number, got 'x'"),
        ("trainer.log_every_n_steps=null", "a whole number, got None"),
        ("trainer.gradient_clip_val=x", "a number or null, got 'x'"),
        ("trainer.num_sanity_val_steps=1.5", "a whole number or null, got 1.5"),
        ("trainer.fast_dev_run=x", "a whole number, true or false, got 'x'"),
        ("trainer.profiler=5", "a text or null, got 5"),
        ("trainer.benchmark=x", "true, false or null, got 'x'"),
        ("trainer.deterministic=x", "true, false, 'warn' or null, got 'x'"),
        ("trainer.inference_mode='no'", "true or false, got 'no'"),
        ("trainer.accumulate_grad_batches={0: 2}", "a whole number, got {0: 2}"),
        ("trainer.precision=17", "64, 32, 16, 'transformer-engine', "),
        ("trainer.accumulate_grad_batches=0", "at least 1, got 0"),
        ("trainer.check_val_every_n_epoch=0", "at least 1, got 0"),
        ("trainer.log_every_n_steps=0", "at least 1, got 0"),
        ("trainer.val_check_interval=0", "more than 0, got 0"),
        ("trainer.gradient_clip_val=-1", "at least 0, got -1"),
        ("trainer.logger=false", "no value, as a run sets it, got False"),
        ("optimizer.lr=big", "a number, got 'big'"),
        ("optimizer.lr=.nan", "a number, got nan"),
        ("optimizer.betas=3", "a list of 2 numbers, got 3"),
        ("optimizer.betas=[0.9]", "a list of 2 numbers, got [0.9]"),
        ("optimizer.fused=maybe", "true, false or null, got 'maybe'"),
        ("optimizer.amsgrad=x", "true or false, got 'x'"),
        ("scheduler.warmup=x", "a number, got 'x'"),
        ("task.monitor=null", "a text, got None"),
        ("task.mode=up", "'min' or 'max', got 'up'"),
        ("callbacks.early_stopping.patience=x", "a whole number, got 'x'"),
        ("callbacks.early_stopping.patience=-1", "at least 0, got -1"),
        ("callbacks.learning_rate.logging_interval=day", "'step', 'epoch' or null, got 'day'"),
        ("callbacks.mine=3", "a dictionary with `_target_`, the name of a class or function, got 3"),
        ("callbacks.mine._target_=torch.nn.Identity", "the name of a subclass of Callback, got 'torch.nn.Identity'"),
        ("checkpoint.every_minutes=x", "a number or null, got 'x'"),
        ("on_nan=x", "'stop' or 'skip', got 'x'"),
        ("data.batch_size=x", "a whole number, got 'x'"),
        ("data.batch_size=true", "a whole number, got True"),
        ("data.held_out=x", "a list of numbers, got 'x'"),
        ("data.window=null", "a whole number, got None"),
        ("data.on_error=x", "'stop' or 'skip', got 'x'"),
        ("data.path=3", "a text, a dictionary or null, got 3"),
        ("data.generate.steps=x", "a whole number, got 'x'"),
        ("data.steps=-1", "at least 1, got -1"),
        ("seed=x", "a whole number, got 'x'"),
        ("seed=-1", "0 to 4294967295, got -1"),
        ("seed=1.0e+30", "a whole number, got 1e+30"),
        ("resume=maybe", "true or false, got 'maybe'"),
        ("model.hidden_size=big", "a whole number or a list of whole numbers, got 'big'"),
        ("model.bidirectional='no'", "true or false, got 'no'"),
        ("model.dropout=x", "a number, got 'x'"),
        ("model.engine=3", "'auto', "),
        ("optimizer=null", "a dictionary, got None"),
    ],
)
def test_a_value_of_another_type_or_range(given: Given, value: str, expected: str) -> None:
    key = value.partition("=")[0]
    line = line_of(given(value))
    assert line.startswith((f"{key}: expected {expected}", f"{key}._target_: expected {expected}"))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("trainer.max_epochs=-5", "must be a non-negative integer or -1"),
        ("trainer.max_steps=-7", "must be a non-negative integer or -1"),
        ("trainer.max_time=soon", "not a valid duration"),
        ("trainer.max_time={minute: 1}", "invalid keyword argument"),
        ("trainer.accelerator=tpu", "torch_xla"),
        ("trainer.accelerator=quantum", "invalid accelerator name"),
        ("trainer.devices=0", "devices=0 value is not a valid input"),
        ("trainer.devices=x", "should be an int > 0"),
        ("trainer.devices=99", "expected 1, as the batches are drawn in one process, got 99"),
        ("trainer.strategy=ddp", "expected a strategy for one device"),
        ("trainer.strategy=dpp", "invalid strategy name"),
        ("trainer.strategy=deepspeed", "must have DeepSpeed installed"),
        ("trainer.num_nodes=0", "must be a positive integer"),
        ("trainer.limit_train_batches=2.5", r"invalid value 2\.5"),
        ("trainer.limit_val_batches=-1", "invalid value -1"),
        ("trainer.overfit_batches=1.5", r"invalid value 1\.5"),
        ("trainer.val_check_interval=2.5", r"invalid value 2\.5"),
        ("trainer.gradient_clip_algorithm=median", "median is invalid"),
        ("trainer.fast_dev_run=-1", "not a valid configuration"),
        ("trainer.profiler=x", "it can only be one of"),
        ("trainer.barebones=true", "disabled in barebones mode"),
        ("trainer.reload_dataloaders_every_n_epochs=-1", "should be an int >= 0"),
        ("optimizer.lr=-1", "Invalid learning rate: -1"),
        ("optimizer.betas=[2, 0]", "Invalid beta parameter at index 0: 2"),
        ("optimizer.eps=-1", "Invalid epsilon value: -1"),
        ("optimizer.weight_decay=-1", "Invalid weight_decay value: -1"),
        ("optimizer.foreach=true", "cannot be `True` together"),
        ("scheduler.warmup=2", "must be from 0 to 1, got 2"),
        ("scheduler.end=-1", "must be from 0 to 1, got -1"),
        ("callbacks.checkpoint.mode=up", "can be min, max but got up"),
        ("callbacks.checkpoint.save_top_k=-3", "Invalid value for save_top_k=-3"),
        ("data.batch_size=0", "must be at least 1, got 0"),
        ("data.held_out=[0.5, 0.5]", "below 1 in sum"),
        ("data.window=1000", "expected at least 1001"),
        ("data.season=-1", "must be from 1 to 279"),
        ("data.network.patch=x", "not supported between instances of 'str' and 'int'"),
        ("data.generate.steps=-4", "negative dimensions are not allowed"),
        ("data.generate.period=0", "must be a positive number of steps, got 0"),
        ("data.path=/dev/null", "got 0 rows"),
        ("data.path=nowhere.csv", "there is no file"),
        ("data.seed=-1", "expected non-negative integer"),
        ("model.hidden_size=0", "must be at least 1, got 0"),
        ("model.hidden_size=-1", "must be at least 1, got -1"),
        ("model.hidden_size=[]", r"must be at least 1, got \[\]"),
        ("model.num_layers=0", "num_layers=0 contradicts"),
        ("model.dropout=2", "between 0 and 1, but got 2"),
        ("model.embedding_dropout=2", r"must lie in \[0, 1\], got 2"),
        ("model.checkpoint_every=0", "must be at least 1 step, got 0"),
        ("model.cell.nonlinearity=gelu", "or a function, got 'gelu'"),
    ],
)
def test_a_value_that_something_else_refuses(given: Given, value: str, message: str) -> None:
    line = line_of(given(value))
    assert line.startswith(f"{value.partition('=')[0]}: ")
    assert re.search(message, line)


@pytest.mark.parametrize(
    "value",
    ["mapping.max_length=0", "mapping.num_beams=0", "mapping.length_penalty=x", "objective.label_smoothing=-1"],
)
def test_a_value_of_a_task(given: Given, value: str) -> None:
    assert line_of(given(f"task.{value}", task="translation")).startswith(f"task.{value.partition('=')[0]}: expected ")


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("trainer.epochs", "trainer"),
        ("optimizer.rate", "optimizer"),
        ("scheduler.rate", "scheduler"),
        ("data.generate.length", "data.generate"),
        ("callbacks.early_stopping.epochs", "callbacks.early_stopping"),
        ("model.size", "model"),
        ("model.cell.size", "model.cell"),
        ("checkpoint.often", "checkpoint"),
    ],
)
def test_an_unknown_key(given: Given, key: str, place: str) -> None:
    name = key.rpartition(".")[2]
    assert line_of(given(f"{key}=3")).startswith(f"{place} has no key {name!r}: choose from ")


@pytest.mark.parametrize("place", ["callbacks.mine", "data", "data.generate", "optimizer", "model.cell"])
def test_a_class_that_does_not_exist(given: Given, place: str) -> None:
    line = line_of(given(f"{place}._target_=seqmodels.nowhere.Nothing"))
    assert re.match(rf"{re.escape(place)}(\._target_)?: there is no 'seqmodels.nowhere.Nothing'", line)


@pytest.mark.parametrize("size", [10**7, 10**18, 10**20])
def test_a_model_beyond_all_memory(given: Given, size: int) -> None:
    line = line_of(given(f"model.hidden_size={size}"))
    assert line.startswith(f"there is not enough memory for model.hidden_size={size}, data.batch_size=32: ")


def fit(plain: Config) -> None:
    """Train for a moment, with the callbacks that monitor."""
    data, mapping = build(plain)
    with naming_keys(plain):
        trainer = pl.Trainer(
            **plain["trainer"],
            callbacks=[instantiate(plain["callbacks"][name]) for name in ("checkpoint", "early_stopping")],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(mapping, data, weights_only=True)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("trainer.limit_train_batches=0.0001", "increase the `limit_train_batches` argument"),
        ("trainer.val_check_interval=1000000", "less than or equal to the number of the training batches"),
        ("trainer.enable_checkpointing=false", "found `ModelCheckpoint` in callbacks"),
        ("task.monitor=acuracy", "`acuracy` .*Choose from .*`val/loss`"),
        ("callbacks.checkpoint.dirpath=/proc/none", "No such file or directory"),
    ],
)
def test_a_value_that_is_refused_in_training(given: Given, value: str, message: str) -> None:
    line = line_of(given(value), fit)
    assert line.startswith(f"{value.partition('=')[0]}: ")
    assert re.search(message, line)


@pytest.mark.parametrize("group", ["data", "optimizer", "scheduler"])
def test_the_values_of_this_project_are_good(given: Given, group: str) -> None:
    plain = given()
    files = sorted((CONFIGS / group).glob("*.yaml"))
    assert files
    for file in files:
        values = OmegaConf.create({"seed": 1, group: OmegaConf.load(file)})
        node = OmegaConf.to_container(values, resolve=True)[group]
        node.pop("defaults", None)
        check_values(without_auto({**plain, group: node}))


def test_a_command_with_a_bad_value(train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        train(*SINE, "optimizer.lr=-1")
    assert exit_.value.code == 2
    assert capfd.readouterr() == ("", "seqmodels: optimizer.lr: Invalid learning rate: -1\n")
    assert not (tmp_path / "run").exists()


class Broken(pl.Callback):
    """Callback with an error of the program."""

    def on_train_start(self, *_: object) -> None:
        """Fail."""
        raise KeyError("missing")


def test_an_error_of_the_program_keeps_its_trace(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        train(*SINE, f"+callbacks.broken._target_={__name__}.Broken", folder="run")
    assert exit_.value.code == 1
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith("seqmodels: KeyError: 'missing'; the trace is in ")
    log = Path(line.rpartition(" ")[2]).read_text()
    assert "on_train_start" in log
    assert "callbacks.broken" in log.splitlines()[0]
