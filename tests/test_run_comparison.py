"""A run is resumed with what it started from; the first key that differs is named."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.run_comparison import compare, finished
from seqmodels.run_folder import RunFolder, RunFolderError, RunInputs
from seqmodels.types import DataSpec

CONFIG: dict[str, Any] = {
    "seed": 1,
    "resume": False,
    "run_dir": "logs/a",
    "data": {
        "_target_": "x.Data",
        "path": "a.csv",
        "held_out": [0.1, 0.1],
        "words": {"max_size": None},
        "batch_size": 4,
    },
    "optimizer": {"lr": 1e-3},
    "trainer": {"max_epochs": 10, "precision": "32-true", "devices": 1},
    "callbacks": {
        "early_stopping": {"_target_": "seqmodels.callbacks.EarlyStopping", "patience": 5},
        "progress": {"_target_": "pytorch_lightning.callbacks.TQDMProgressBar"},
    },
    "model": {"hidden_size": 8, "bidirectional": False, "dropout": 0.0},
    "task": {"objective": {"_target_": "x.Objective"}, "monitor": "val/loss"},
}


def changed(key: str, value: Any) -> dict[str, Any]:
    """The config with another value; without the key, if the value is `...`."""
    config = copy.deepcopy(CONFIG)
    *groups, name = key.split(".")
    node = config
    for group in groups:
        node = node.setdefault(group, {})
    if value is ...:
        del node[name]
    else:
        node[name] = value
    return config


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seed", 2, "seed is 2 here and 1 in the run"),
        ("model.hidden_size", 16, "model.hidden_size is 16 here and 8 in the run"),
        ("model.bidirectional", True, "model.bidirectional is true here and false in the run"),
        ("model.bidirectional", 0, "model.bidirectional is 0 here and false in the run"),
        ("model.hidden_size", "8", 'model.hidden_size is "8" here and 8 in the run'),
        ("data.held_out", [0.2, 0.1], "data.held_out is [0.2, 0.1] here and [0.1, 0.1] in the run"),
        ("data.words.max_size", 9, "data.words.max_size is 9 here and null in the run"),
        ("data.batch_size", 8, "data.batch_size is 8 here and 4 in the run"),
        ("model.dropout", ..., "model.dropout is not set here and 0.0 in the run"),
        ("model.extra.size", 3, "model.extra.size is 3 here and not set in the run"),
        ("data.words", {}, "data.words is {} here and not set in the run"),
        ("optimizer", ..., "optimizer.lr is not set here and 0.001 in the run"),
        ("trainer.devices", 2, "trainer.devices is 2 here and 1 in the run"),
        ("trainer.limit_train_batches", 2, "trainer.limit_train_batches is 2 here and not set in the run"),
        ("data.pathology", "x", 'data.pathology is "x" here and not set in the run'),
        ("task.monitor", "val/größe", 'task.monitor is "val/größe" here and "val/loss" in the run'),
    ],
    ids=lambda value: value if isinstance(value, str) and "here" not in value else "",
)
def test_the_key_and_both_values_are_named(key: str, value: Any, said: str) -> None:
    with pytest.raises(RunFolderError) as raised:
        compare(RunInputs(CONFIG), RunInputs(changed(key, value)))
    assert str(raised.value).startswith(f"{said}: ")
    assert "overwrite=true" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("resume", True),
        ("overwrite", True),
        ("run_dir", "logs/b"),
        ("verify", True),
        ("checkpoint.every_minutes", 1),
        ("callbacks.early_stopping.patience", 9),
        ("callbacks.early_stopping", None),
        ("callbacks.progress", ...),
        ("callbacks.mine", {"_target_": "mine.Callback", "period": 3}),
        ("trainer.max_epochs", 20),
        ("trainer.max_steps", 100),
        ("trainer.max_time", "00:01:00:00"),
        ("trainer.min_epochs", 2),
        ("trainer.min_steps", 2),
        ("trainer.log_every_n_steps", 1),
        ("trainer.enable_progress_bar", False),
        ("trainer.enable_checkpointing", True),
        ("trainer.accelerator", "cpu"),
        ("trainer.limit_test_batches", 1),
        ("trainer.profiler", "simple"),
        ("data.path", "/full/a.csv"),
        ("data.path", {"train": "a.csv"}),
        ("model.hidden_size", 8.0),
        ("data.held_out", (0.1, 0.1)),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_changes_nothing_in_the_training_may_differ(key: str, value: Any) -> None:
    compare(RunInputs(CONFIG, "a"), RunInputs(changed(key, value), "a"))
    compare(RunInputs(changed(key, value), "a"), RunInputs(CONFIG, "a"))


@pytest.mark.parametrize("name", ["EMAWeightAveraging", "StochasticWeightAveraging", "GradientAccumulationScheduler"])
def test_callbacks_that_change_the_training_may_not_differ(name: str) -> None:
    averaged = changed("callbacks.mine", {"_target_": f"pytorch_lightning.callbacks.{name}"})
    for before, now in ((CONFIG, averaged), (averaged, CONFIG)):
        with pytest.raises(RunFolderError, match=rf"^callbacks\.mine\._target_ is .*{name}"):
            compare(RunInputs(before), RunInputs(now))


def test_the_first_key_is_that_of_the_present_config() -> None:
    now = changed("model.hidden_size", 16)
    now["seed"] = 3
    del now["optimizer"]
    with pytest.raises(RunFolderError, match=r"^seed is 3"):
        compare(RunInputs(CONFIG), RunInputs(now))


def test_not_a_number_equals_itself() -> None:
    config = {"model": {"fill": float("nan"), "fills": [float("nan")]}}
    compare(RunInputs(config), RunInputs(copy.deepcopy(config)))
    with pytest.raises(RunFolderError, match=r"^model\.fill is 1\.0 here and NaN in the run"):
        compare(RunInputs(config), RunInputs({"model": {"fill": 1.0, "fills": [float("nan")]}}))


def test_other_data_are_refused_and_their_path_is_named() -> None:
    with pytest.raises(RunFolderError, match=r"^the digest of the data differs from the run's: "):
        compare(RunInputs(CONFIG, "a"), RunInputs(CONFIG, "b"))
    with pytest.raises(RunFolderError, match=r'differs from the run\'s \(data\.path is "b\.csv" here and "a\.csv" in'):
        compare(RunInputs(CONFIG, "a"), RunInputs(changed("data.path", "b.csv"), "b"))
    with pytest.raises(RunFolderError, match=r"^the digest"):
        compare(RunInputs(CONFIG, "a"), RunInputs(CONFIG))


def test_the_config_is_compared_before_the_data_and_these_before_the_spec() -> None:
    spec = {"input_size": 3}
    with pytest.raises(RunFolderError, match=r"^seed"):
        compare(RunInputs(CONFIG, "a", spec), RunInputs(changed("seed", 2), "b", {}))
    with pytest.raises(RunFolderError, match=r"^the digest"):
        compare(RunInputs(CONFIG, "a", spec), RunInputs(CONFIG, "b", {}))
    with pytest.raises(RunFolderError, match=r"^spec\.input_size is not set here and 3 in the run"):
        compare(RunInputs(CONFIG, "a", spec), RunInputs(CONFIG, "a", {}))


def spec_of(words: list[str], **others: Any) -> dict[str, Any]:
    text = Vocabulary.listed(words).to_json()
    raw = {"_target_": "seqmodels.data.text.raw_text.Words", "vocabulary": text, "mean": (0.5, 1.5)}
    return DataSpec(
        **{"inputs": "tokens", "input_size": 9, "output_size": 2, "vocabulary": text, "raw": raw, **others}
    ).to_dict()


def test_equal_specs_pass_also_when_they_were_written_to_a_file(tmp_path: Path) -> None:
    spec = spec_of(["a", "b"], mean=(0.1, 1 / 3), classes=("x", "y"))
    folder = RunFolder(tmp_path)
    folder.start(RunInputs(CONFIG, "a", spec))
    compare(folder.read_inputs(), RunInputs(CONFIG, "a", spec))


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ({"output_size": 3}, "spec.output_size is 3 here and 2 in the run"),
        ({"classes": ("x",)}, 'spec.classes is ["x"] here and [] in the run'),
        ({"raw": {"mean": (0.5, 2.5)}}, "spec.raw.mean is [0.5, 2.5] here and [0.5, 1.5] in the run"),
        ({"raw": {}}, "spec.raw is {} here"),
    ],
    ids=["number", "list", "recipe", "no-recipe"],
)
def test_a_key_of_the_spec_is_named(others: dict[str, Any], said: str) -> None:
    with pytest.raises(RunFolderError) as raised:
        compare(RunInputs({}, None, spec_of(["a"])), RunInputs({}, None, spec_of(["a"], **others)))
    assert str(raised.value).startswith(said)


def test_entries_of_long_values_are_counted() -> None:
    words = [f"word{number}" for number in range(100)]
    other = [*words[:97], "x", "y", "z"]
    with pytest.raises(
        RunFolderError, match=r"^spec\.vocabulary differs from the run's in 6 of \d+ entries: "
    ) as raised:
        compare(RunInputs({}, None, spec_of(words)), RunInputs({}, None, spec_of(other)))
    assert len(str(raised.value)) < 200
    with pytest.raises(RunFolderError, match=r"^spec\.classes differs from the run's in 1 of 100 entries: "):
        compare(
            RunInputs({}, None, spec_of([], classes=tuple(words))),
            RunInputs({}, None, spec_of([], classes=(*words[:99], "x"))),
        )


def test_long_texts_are_cut() -> None:
    with pytest.raises(RunFolderError) as raised:
        compare(RunInputs({"data": {"vectors": "{" * 300 + "a"}}), RunInputs({"data": {"vectors": "{" * 300 + "b"}}))
    message = str(raised.value)
    assert 'b" here' in message
    assert 'a" in the run' in message
    assert len(message) < 350


def finish(path: Path, limit: str | None, config: dict[str, Any] = CONFIG, reason: str | None = None) -> RunFolder:
    folder = RunFolder(path)
    folder.start(RunInputs(config))
    folder.set_state("finished", reason, **({} if limit is None else {"limit": limit}))
    return folder


EPOCHS, STEPS, TIME = "trainer.max_epochs", "trainer.max_steps", "trainer.max_time"
PATIENCE = "callbacks.early_stopping.patience"


@pytest.mark.parametrize(
    ("limit", "before", "key", "now", "more"),
    [
        (EPOCHS, 10, EPOCHS, 10, "<more than 10>"),
        (EPOCHS, 10, EPOCHS, 8, "<more than 10>"),
        (EPOCHS, 10, PATIENCE, 9, "<more than 10>"),
        (None, 10, EPOCHS, 10, "<more than 10>"),
        (STEPS, 100, STEPS, 100, "<more than 100>"),
        (STEPS, 100, EPOCHS, 99, "<more than 100>"),
        (TIME, "00:01:00:00", EPOCHS, 99, "<more>"),
        (PATIENCE, 5, PATIENCE, 5, "<more than 5>"),
        (PATIENCE, 5, EPOCHS, 99, "<more than 5>"),
    ],
)
def test_a_finished_run_says_so_and_which_key_goes_on(
    tmp_path: Path, limit: str | None, before: Any, key: str, now: Any, more: str
) -> None:
    limited = limit or EPOCHS
    config = changed(limited, before)
    folder = finish(tmp_path, limit, config, "it did not improve")
    group, _, rest = key.partition(".")
    given = copy.deepcopy(config)
    node = given[group]
    for name in rest.split(".")[:-1]:
        node = node[name]
    node[rest.split(".")[-1]] = now
    line = finished(folder, given)
    assert line == f"the run in {tmp_path} is finished: it did not improve; {limited}={more} goes on with it"


@pytest.mark.parametrize(
    ("limit", "now"),
    [
        (EPOCHS, 11),
        (EPOCHS, None),
        (EPOCHS, -1),
        (STEPS, 11),
        (STEPS, -1),
        (STEPS, ...),
        (TIME, "00:02:00:00"),
        (TIME, None),
        (PATIENCE, 11),
        ("callbacks.early_stopping", None),
    ],
)
def test_with_a_higher_limit_it_goes_on(tmp_path: Path, limit: str, now: Any) -> None:
    key = PATIENCE if limit == "callbacks.early_stopping" else limit
    folder = finish(tmp_path, key, changed(key, 10))
    given = copy.deepcopy(CONFIG)
    if now is not ...:
        given = changed(limit, now)
    assert finished(folder, given) is None


def test_an_unfinished_run_is_not_finished(tmp_path: Path) -> None:
    folder = finish(tmp_path, EPOCHS)
    folder.set_state("interrupted")
    assert finished(folder, CONFIG) is None


def test_the_config_that_was_written_equals_the_one_given(tmp_path: Path) -> None:
    config = {"model": {"lr": 1e-3, "text": "no", "none": None, "tuple": (1, 2), "number": "1e3", "date": "2024-01-31"}}
    folder = RunFolder(tmp_path)
    folder.start(RunInputs(json.loads(json.dumps(config)), "a"))
    compare(folder.read_inputs(), RunInputs(config, "a"))
