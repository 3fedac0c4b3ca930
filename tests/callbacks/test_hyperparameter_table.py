"""The line of a run in TensorBoard's own table."""

# ruff: noqa: ARG002 (hooks have the arguments they are called with)

import math
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, get_experiment, list_session_groups
from tensorboard.plugins.hparams.backend_context import Context

from seqmodels.callbacks import HyperparameterTable
from seqmodels.callbacks.hyperparameter_table import flatten
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")
VALUES = {
    "model": {"hidden_size": 8, "sizes": [8, 4], "bidirectional": False},
    "optimizer": {"lr": 0.01},
    "cut": None,
}
STATUSES = [api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_SUCCESS, api_pb2.STATUS_FAILURE, api_pb2.STATUS_RUNNING]


def table(values: dict[str, Any] | None = None) -> HyperparameterTable:
    return HyperparameterTable(VALUES if values is None else values, monitor="val/accuracy", mode="max")


def read(logs: Path) -> tuple[Any, list[Any]]:
    """The columns and the lines that TensorBoard's own code makes of a folder of runs."""
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(logs))
    multiplexer.Reload()
    context = Context(TBContext(data_provider=MultiplexerDataProvider(multiplexer, str(logs))))
    request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=10, allowed_statuses=STATUSES)
    columns = get_experiment.Handler(RequestContext(), context, "", api_pb2.GetExperimentRequest()).run()
    lines = list_session_groups.Handler(RequestContext(), context, "", request).run()
    return columns, list(lines.session_groups)


def hparams(line: Any) -> dict[str, Any]:
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in line.hparams.items()}


def metrics(line: Any) -> dict[str, float]:
    return {metric.name.tag: metric.value for metric in line.metric_values}


def test_one_line_holds_hyperparameters_best_and_test_metrics(tmp_path: Path) -> None:
    data = tiny.reviews()
    mapping, run = tiny.model(data), tmp_path / "reviews" / "gru"
    trainer = tiny.trainer(run, [table()], max_epochs=4)
    trainer.fit(mapping, data)
    tested = trainer.test(mapping, data, verbose=False)[0]
    _, lines = read(tmp_path)
    assert [line.name for line in lines] == ["reviews/gru"]
    assert hparams(lines[0]) == {
        "model.hidden_size": 8,
        "model.sizes": "[8, 4]",
        "model.bidirectional": "false",
        "optimizer.lr": 0.01,
        "cut": "none",
    }
    validated = tiny.scalars(run, "val/accuracy")
    assert len(set(validated.values())) > 1
    assert metrics(lines[0])["best/accuracy"] == pytest.approx(max(validated.values()))
    assert {name: metrics(lines[0])[name] for name in tested} == pytest.approx(tested)
    assert lines[0].sessions[0].status == api_pb2.STATUS_SUCCESS
    assert {path for path in run.rglob("*") if path.is_dir()} == set()


def test_the_best_is_the_lowest_of_a_loss(tmp_path: Path) -> None:
    data = tiny.series()
    lowest = HyperparameterTable({"a": 1}, monitor="val/loss", mode="min")
    tiny.trainer(tmp_path, [lowest], max_epochs=4).fit(tiny.model(data, lr=1.0), data)
    losses, best = tiny.scalars(tmp_path, "val/loss"), tiny.scalars(tmp_path, "best/loss")
    assert list(best.values()) == pytest.approx([min(list(losses.values())[: i + 1]) for i in range(4)])
    assert list(losses.values()) != list(best.values())


def test_runs_of_different_tasks_share_a_table(tmp_path: Path) -> None:
    runs = {"reviews": (tiny.reviews(), "val/accuracy", "max"), "series": (tiny.series(), "val/mse", "min")}
    for name, (data, monitor, mode) in runs.items():
        values = {"data": name, f"{name}_only": 1, "same": 3, "mixed": None if name == "series" else 0.5}
        callback = HyperparameterTable(values, monitor=monitor, mode=mode)
        tiny.trainer(tmp_path / name, [callback], max_epochs=1).fit(tiny.model(data), data)
    columns, lines = read(tmp_path)
    assert [line.name for line in lines] == ["reviews", "series"]
    assert {"data", "reviews_only", "series_only", "same", "mixed"} == {info.name for info in columns.hparam_infos}
    assert {info.name for info in columns.hparam_infos if info.differs} == {"data", "mixed"}
    assert {"best/accuracy", "best/mse"} <= {info.name.tag for info in columns.metric_infos}
    assert ["best/accuracy" in metrics(line) for line in lines] == [True, False]


class Interruption(pl.Callback):
    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            trainer.save_checkpoint(Path(trainer.default_root_dir) / "last.ckpt")
            raise RuntimeError("power cut")


def test_an_interrupted_run_has_its_line_and_keeps_it_when_resumed(tmp_path: Path) -> None:
    data, run = tiny.reviews(), tmp_path / "run"
    first = tiny.trainer(run, [table(), Interruption()], max_epochs=3, default_root_dir=tmp_path)
    with pytest.raises(RuntimeError, match="power cut"):
        first.fit(tiny.model(data), data)
    _, lines = read(tmp_path)
    assert hparams(lines[0])["optimizer.lr"] == 0.01
    assert "best/accuracy" in metrics(lines[0])
    assert lines[0].sessions[0].status == api_pb2.STATUS_UNKNOWN

    resumed = table()
    again = tiny.trainer(run, [resumed], max_epochs=3)
    again.fit(tiny.model(data, lr=0.0), data, ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    _, lines = read(tmp_path)
    assert len(lines) == 1
    assert hparams(lines[0])["optimizer.lr"] == 0.01
    assert metrics(lines[0])["best/accuracy"] == pytest.approx(max(tiny.scalars(run, "val/accuracy").values()))
    assert lines[0].sessions[0].status == api_pb2.STATUS_SUCCESS


def test_the_best_of_before_an_interruption_counts(tmp_path: Path) -> None:
    before, after = table(), table()
    before.best = 2.0
    after.load_state_dict(before.state_dict())
    data = tiny.reviews()
    tiny.trainer(tmp_path, [after], max_epochs=1).fit(tiny.model(data), data)
    assert list(tiny.scalars(tmp_path, "best/accuracy").values()) == [2.0]


def test_a_metric_that_is_not_logged_is_named(tmp_path: Path) -> None:
    data = tiny.reviews()
    trainer = tiny.trainer(tmp_path, [HyperparameterTable({}, monitor="val/bleu", mode="max")])
    with pytest.raises(ValueError, match=r"'val/bleu' is not logged, but: .*val/accuracy"):
        trainer.fit(tiny.model(data), data)


def test_the_mode_is_min_or_max() -> None:
    with pytest.raises(ValueError, match="mode must be min or max, got 'best'"):
        HyperparameterTable({}, monitor="val/loss", mode="best")  # type: ignore[arg-type]


plain = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3) | st.lists(st.integers())
trees = st.recursive(plain, lambda inner: st.dictionaries(st.text("ab", min_size=1), inner), max_leaves=8)


@given(st.dictionaries(st.text("ab", min_size=1), trees))
def test_flattened_values_are_text_or_finite_numbers_by_unambiguous_names(values: dict[str, Any]) -> None:
    def leaves(tree: Any) -> int:
        return sum(map(leaves, tree.values())) if isinstance(tree, dict) else 1

    flat = flatten(values)
    assert len(flat) == leaves(values)
    for name, cell in flat.items():
        inner: Any = values
        for part in name.split("."):
            inner = inner[part]
        assert isinstance(cell, str) or (not isinstance(inner, bool) and cell == inner and math.isfinite(cell))
