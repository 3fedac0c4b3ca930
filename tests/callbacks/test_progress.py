"""One bar on a terminal, one line per epoch elsewhere."""

import io
import re
import sys
from pathlib import Path

import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import TQDMProgressBar

from seqmodels.callbacks import EpochProgress
from seqmodels.callbacks.progress import progress_display
from seqmodels.run_log import recording
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")
LINE = r"epoch {}/2  train/loss [\d.]+  val/loss [\d.]+  val/accuracy [\d.]+  [\d.e-]+ s"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(folder: Path, progress: pl.Callback, *others: pl.Callback, **arguments: object) -> pl.Trainer:
    data = tiny.reviews()
    mapping = tiny.model(data)
    trainer = pl.Trainer(
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        num_sanity_val_steps=1,
        log_every_n_steps=1,
        callbacks=[progress, *others],
        **{"max_epochs": 2, **arguments},  # type: ignore[arg-type]
    )
    trainer.fit(mapping, data)
    trainer.test(mapping, data, verbose=False)
    return trainer


def test_a_log_file_gets_a_line_for_each_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "train.log"
    with recording(log):
        run(tmp_path, EpochProgress("val/accuracy"))
    shown = capsys.readouterr().err
    assert "\r" not in shown
    first, second = shown.splitlines()
    assert re.fullmatch(LINE.format(1), first)
    assert re.fullmatch(LINE.format(2), second)
    assert log.read_text() == shown


def test_an_epoch_without_a_validation_shows_no_old_values(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, EpochProgress("val/accuracy"), check_val_every_n_epoch=2, max_epochs=3)
    lines = capsys.readouterr().err.splitlines()
    assert ["val/" in line for line in lines] == [False, True, False]


def test_a_training_without_a_number_of_epochs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, EpochProgress("no/such"), max_epochs=-1, max_steps=4)
    assert [line.split("  ")[0] for line in capsys.readouterr().err.splitlines()] == ["epoch 1", "epoch 2"]


def test_a_terminal_has_one_bar_of_80_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "200")
    log = tmp_path / "train.log"
    with recording(log):
        run(tmp_path, EpochProgress("val/accuracy", refresh_seconds=0))
    training, test, rest = terminal.getvalue().split("\n")
    states = training.split("\r")[1:]
    assert all(len(state) <= 80 for state in states)
    assert re.match(r"epoch 1/2 +\|.* 0/3 \? left", states[0])
    assert any(re.match(r"epoch 1/2  loss [\d.]+ \|.* 2/3 \d\d:\d\d left", state) for state in states)
    assert any(re.match(r"epoch 1/2, validation  loss", state) for state in states)
    assert re.match(r"epoch 2/2  val/accuracy [\d.]+ \|.* 3/3 00:00 left", states[-1])
    assert "test" in test
    assert "3/3" in test
    assert rest == ""
    assert [line.split("  ")[0] for line in log.read_text().splitlines()] == ["epoch 1/2", "epoch 2/2"]


class Failing(pl.Callback):
    def on_train_batch_end(self, *_: object) -> None:
        raise RuntimeError("as meant")


def test_the_line_of_the_bar_is_ended_before_an_error_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(RuntimeError, match="as meant"):
        run(tmp_path, EpochProgress("val/accuracy"), Failing())
    assert terminal.getvalue().endswith("\n")


def test_disabled_it_shows_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    progress = EpochProgress("val/accuracy")
    progress.disable()
    run(tmp_path, progress)
    assert capsys.readouterr().err == ""
    progress.enable()
    progress.print("a", "text")
    assert capsys.readouterr().err == "a text\n"


def test_a_notebook_has_lightnings_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(progress_display("val/loss"), EpochProgress)
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert isinstance(progress_display("val/loss"), TQDMProgressBar)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="refresh_seconds must be at least 0, got -1"):
        EpochProgress("val/loss", refresh_seconds=-1)
