"""What a run folder tells beside its results: command, overrides, environment, log and predictions."""

import json
from pathlib import Path

import pytest
import yaml

from seqmodels.plain_files import read_mapping
from tests.train.conftest import Train

NAMES = ("command.txt", "overrides.yaml", "environment.json", "train.log", "predictions.jsonl")
SINE = (
    "task=sine",
    "model=rnn",
    "model.hidden_size=4",
    "trainer.limit_train_batches=3",
    "trainer.limit_val_batches=1",
    "trainer.limit_test_batches=1",
    "trainer.log_every_n_steps=1",
)


def test_a_run_folder_says_how_it_came_about(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    run = train(*SINE, "trainer.max_epochs=2")
    out, err = capfd.readouterr()
    assert [line.split("  ")[0] for line in err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    assert (
        run / "command.txt"
    ).read_text() == f"python train.py {' '.join(SINE)} trainer.max_epochs=2 hydra.run.dir=run\n"
    overrides = yaml.safe_load((run / "overrides.yaml").read_text())
    assert "model.hidden_size=4" in overrides["task"]
    assert "hydra.run.dir=run" in overrides["hydra"]
    assert read_mapping(run / "environment.json")["packages"]["seqmodels"]
    rows = [json.loads(line) for line in (run / "predictions.jsonl").read_text().splitlines()]
    assert len(rows) > 1
    assert {key for row in rows for key in row} == {"value", "target"}
    log = (run / "train.log").read_text()
    assert err in log
    first, *rest = log.replace(err, "").splitlines()
    assert "python train.py task=sine" in first
    assert rest == [line.rstrip() for line in out.splitlines()]

    train(*SINE, "trainer.max_epochs=3", "resume=true")
    assert len((run / "command.txt").read_text().splitlines()) == 2
    assert (run / "train.log").read_text().startswith(log)
    assert "epoch 3/3" in (run / "train.log").read_text()

    train(*SINE, "trainer.max_epochs=1", "overwrite=true", "trainer.limit_test_batches=0", "~callbacks.progress")
    assert "epoch 1/1" not in (run / "train.log").read_text()
    assert len((run / "command.txt").read_text().splitlines()) == 1
    assert not (run / "predictions.jsonl").exists()


def test_a_run_that_fails_says_so_in_its_log(train: Train, tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        train(*SINE, "trainer.limit_train_batches=0", "~callbacks.progress")
    assert "nothing was trained" in (tmp_path / "run" / "train.log").read_text().splitlines()[-1]
