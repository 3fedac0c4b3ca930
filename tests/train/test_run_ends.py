"""How a run ends, and what its folder, its results and its exit code say of that."""

import json
import re
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

from tests.train.conftest import Train

SINE = (
    "task=sine",
    "model=rnn",
    "model.hidden_size=4",
    "trainer.max_epochs=1",
    "~callbacks.progress",
    "trainer.log_every_n_steps=1",
    "+trainer.enable_progress_bar=false",
    "+trainer.limit_train_batches=3",
    "+trainer.limit_val_batches=1",
    "+trainer.limit_test_batches=1",
)


def failed(train: Train, capfd: pytest.CaptureFixture[str], *arguments: str, code: int = 2) -> str:
    """The only line that a command which fails writes to standard error."""
    capfd.readouterr()
    with pytest.raises(SystemExit) as exit_:
        train(*arguments)
    (line,) = capfd.readouterr().err.splitlines()
    assert exit_.value.code == code, line
    return line


def results(run: Path) -> dict[str, object]:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    report: dict[str, object] = json.loads((run / "metrics.json").read_text(), parse_constant=refuse)
    return report


def test_a_finished_run_is_neither_mixed_nor_lost(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    run = train(*SINE)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert re.search(r"run holds a finished run .*resume=true.*overwrite=true", failed(train, capfd, *SINE))
    line = failed(train, capfd, *SINE, "model.hidden_size=8", "resume=true")
    assert "model.hidden_size is 8 here and 4 in the run" in line
    assert "seed is 2 here and 1 in the run" in failed(train, capfd, *SINE, "seed=2", "resume=true")
    train(*SINE, "resume=true")
    assert "trainer.max_epochs=<more than 1> goes on" in capfd.readouterr().out.replace("\n", " ")
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before

    train(*SINE, "trainer.max_epochs=2", "resume=true")
    longer = results(run)
    assert longer["ended"] == "trained for trainer.max_epochs=2"
    train(*SINE, "trainer.max_epochs=1", "model.hidden_size=8", "overwrite=true")
    assert results(run)["parameters"] != longer["parameters"]


def test_other_data_is_not_resumed_with(train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("amount\n" + "".join(f"{i % 7}\n" for i in range(400)))
    given = (*SINE, "data.path=mine.csv", "trainer.max_epochs=2")
    train(*given)
    path.write_text("amount\n" + "".join(f"{i % 7 + (i == 5)}\n" for i in range(400)))
    line = failed(train, capfd, *given, "trainer.max_epochs=3", "resume=true")
    assert "the digest of the data differs" in line


@pytest.mark.parametrize("key", ["trainer.max_epochs=0", "+trainer.max_steps=0", "trainer.limit_train_batches=0"])
def test_a_training_of_nothing_says_so(train: Train, capfd: pytest.CaptureFixture[str], key: str) -> None:
    line = failed(train, capfd, *SINE, key.replace("trainer.limit", "++trainer.limit"))
    assert line.startswith("seqmodels: nothing was trained, so nothing is tested: ")
    assert key.lstrip("+") in line


def test_a_run_without_a_test_says_so(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    run = train(*SINE, "++trainer.limit_test_batches=0")
    assert "not tested: there are no test batches" in capfd.readouterr().out
    assert "val/loss" in results(run)
    assert "test/loss" not in results(run)


def test_the_results_are_those_of_the_state_that_was_tested(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    run = train(
        *SINE, "trainer.max_epochs=9", "optimizer.lr=3.0", "scheduler=constant", "callbacks.early_stopping.patience=2"
    )
    best = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    report = results(run)
    assert report["epoch"] == best["epoch"] + 1
    assert report["step"] == best["global_step"]
    key = next(key for key in best["callbacks"] if key.startswith("ModelCheckpoint"))
    assert report["val/loss"] == pytest.approx(float(best["callbacks"][key]["best_model_score"]))
    assert re.fullmatch(
        r"stopped early at epoch \d of 9: val/loss did not improve for 2 validations", str(report["ended"])
    )
    assert str(report["ended"]) in capfd.readouterr().out


def test_a_loss_that_is_not_finite_stops_the_run(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    diverging = (*SINE, "optimizer=sgd", "optimizer.lr=1e30", "trainer.gradient_clip_val=null", "trainer.max_epochs=3")
    line = failed(train, capfd, *diverging, code=1)
    assert re.search(r"(loss|gradient).*(nan|inf)", line, re.IGNORECASE)
    assert "checkpoint" in line
    run = Path("run")
    assert not (run / "metrics.json").exists()
    assert json.loads((run / "status.json").read_text())["state"] == "failed"
    for path in run.glob("checkpoints/*.ckpt"):
        state = torch.load(path, weights_only=True)["state_dict"]
        assert all(torch.isfinite(value).all() for value in state.values() if value.is_floating_point())


class Bug(pl.Callback):
    """An error of the program."""

    def on_train_batch_end(self, *_: object) -> None:
        raise IndexError("list index out of range")


def test_an_error_of_the_program_keeps_its_trace(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    line = failed(train, capfd, *SINE, "+callbacks.bug._target_=tests.train.test_run_ends.Bug", code=1)
    assert line == "seqmodels: IndexError: list index out of range; the trace is in run/error.log"
    log = (Path("run") / "error.log").read_text()
    assert "Traceback" in log
    assert 'raise IndexError("list index out of range")' in log
    assert "task=sine" in log


@pytest.mark.slow
def test_a_sweep_goes_on_behind_a_job_that_fails(
    train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as exit_:
        train("-m", *SINE, "model.num_layers=1,0,2", "hydra.sweep.dir=sweep")
    assert exit_.value.code == 2
    captured = capfd.readouterr()
    assert len(list((tmp_path / "sweep").glob("*/metrics.json"))) == 2
    assert captured.out.count("finished") == 2
    assert "num_layers" in captured.err
