import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import pytorch_lightning as pl
import torch

import seqmodels
from seqmodels.types import Batch
from tests.train.conftest import Train

SMALL_SINE = (
    "task=sine",
    "model=rnn",
    "model.hidden_size=8",
    "trainer.max_epochs=1",
    "callbacks.progress=null",
)
SMALL_LM = (
    "task=char_lm",
    "model=gru",
    "model.hidden_size=16",
    "trainer.max_epochs=2",
    "callbacks.progress=null",
)


@pytest.fixture
def text(tmp_path: Path) -> str:
    path = tmp_path / "text.txt"
    path.write_text("the quick brown fox jumps over the lazy dog. " * 300)
    return f"data.path={path}"


def test_a_run_folder_holds_everything(train: Train) -> None:
    run = train(*SMALL_SINE)
    assert {path.name for path in run.iterdir()} >= {"config.yaml", "metrics.json", "checkpoints"}
    assert {path.name for path in (run / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert list(run.glob("events.out.tfevents.*"))
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"train/loss", "val/loss", "test/loss", "test/mse", "test/mae", "test/r2"} <= set(metrics)
    assert set(metrics["baseline"]) == {"test/loss", "test/mse", "test/mae", "test/r2"}
    assert metrics["parameters"] == 8 * (1 + 8 + 2) + 8 + 1
    assert metrics["engine"] == "fused"
    assert metrics["training_seconds"] > 0


def test_the_last_checkpoint_is_the_last_even_if_an_earlier_one_is_best(train: Train) -> None:
    run = train(*SMALL_SINE, "trainer.max_epochs=3", "optimizer.lr=0.0")
    best, last = (torch.load(run / "checkpoints" / f"{name}.ckpt", weights_only=True) for name in ("best", "last"))
    assert last["epoch"] == 3  # epochs that are done
    assert best["epoch"] < 2


def test_a_loaded_run_answers_as_the_trained_model_without_hydra_or_lightnings_data(train: Train) -> None:
    run = train(*SMALL_SINE)
    series = torch.arange(50).sin().tolist()
    expected = seqmodels.load(run).predict(series)
    script = (
        "import sys, json, seqmodels;"
        f"answer = seqmodels.load({str(run)!r}).predict(json.loads(sys.argv[1]));"
        "assert not {'hydra', 'omegaconf'} & set(sys.modules), 'hydra was imported';"
        "print(json.dumps(answer))"
    )
    shown = subprocess.run([sys.executable, "-c", script, json.dumps(series)], capture_output=True, check=True)
    assert json.loads(shown.stdout) == pytest.approx(expected, rel=1e-5)


def test_a_language_model_generates_the_same_text_from_the_same_seed(train: Train, text: str) -> None:
    run = seqmodels.load(train(*SMALL_LM, text))
    once, again, other = (run.generate("the ", 60, seed=seed) for seed in (1, 1, 2))
    assert once == again != other
    assert len(once) == 60
    assert set(once) <= set("the quick brown fox jumps over the lazy dog. ")
    with pytest.raises(ValueError, match="prompt"):
        run.generate("", 10)


def test_own_texts_train_and_predict(train: Train, tmp_path: Path) -> None:
    rows = [f"{word} film number {i},{label}" for i in range(40) for word, label in (("good", "yes"), ("bad", "no"))]
    (tmp_path / "mine.csv").write_text("review,liked\n" + "\n".join(rows) + "\n")
    run = train(
        "task=sentiment",
        f"data.path={tmp_path / 'mine.csv'}",
        "data.columns.text=review",
        "data.columns.label=liked",
        "trainer.max_epochs=4",
        "optimizer.lr=0.02",
        "callbacks.progress=null",
    )
    label = seqmodels.load(run).predict(["good film number 3", "bad film number 3"])
    assert [answer.label for answer in label] == ["yes", "no"]
    assert label[0].probabilities["yes"] == label[0].probability > 0.5
    with pytest.raises(TypeError, match="only a model that writes"):
        seqmodels.load(run).generate("good")
    with pytest.raises(ValueError, match="at least one token"):
        seqmodels.load(run).predict([" "])


def test_the_same_seed_gives_the_same_run(train: Train) -> None:
    results = [
        json.loads((train(*SMALL_SINE, f"seed={seed}", folder=name) / "metrics.json").read_text())["test/loss"]
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert results[0] == results[1] != results[2]


def test_a_sweep_lands_side_by_side_with_readable_names(train: Train, tmp_path: Path) -> None:
    train("-m", *SMALL_SINE, "model=rnn,gru", "seed=1,2", "hydra.sweep.dir=sweep")
    runs = {path.parent.name for path in (tmp_path / "sweep").glob("*/metrics.json")}
    assert runs == {"rnn,seed=1", "rnn,seed=2", "gru,seed=1", "gru,seed=2"}


class Interrupt(pl.Callback):
    """A signal at a given step, or in a test."""

    def __init__(self, step: int, received: str = "SIGINT") -> None:
        self.step, self.received = step, signal.Signals[received]

    def on_train_batch_end(
        self, trainer: pl.Trainer, _module: pl.LightningModule, _outputs: object, _batch: Batch, _index: int
    ) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.received)

    def on_test_start(self, _trainer: pl.Trainer, _module: pl.LightningModule) -> None:
        if self.step < 0:
            os.kill(os.getpid(), self.received)


def stop(step: int, received: str = "SIGINT") -> list[str]:
    return [
        "+callbacks.stop._target_=tests.train.test_train.Interrupt",
        f"+callbacks.stop.step={step}",
        f"+callbacks.stop.received={received}",
    ]


@pytest.mark.parametrize(("received", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_a_signal_keeps_a_checkpoint_and_the_printed_command_goes_on(
    train: Train, text: str, capfd: pytest.CaptureFixture[str], received: str, code: int
) -> None:
    with pytest.raises(SystemExit) as exit_:
        train(*SMALL_LM, text, *stop(3, received))
    assert exit_.value.code == code
    captured = capfd.readouterr()
    message = captured.err.strip().splitlines()[-1]
    assert f"interrupted by {received} at step 3, kept in run/checkpoints/last.ckpt" in message
    assert "hydra.run.dir=run resume=true" in message
    assert "hydra.run.dir=run resume=true" in captured.out  # Printed at the start, too: for what cannot be handled.
    resumed = train(*SMALL_LM, text, "resume=true")
    whole = train(*SMALL_LM, text, folder="whole")
    results = [json.loads((run / "metrics.json").read_text()) for run in (resumed, whole)]
    for each in results:
        del each["training_seconds"]
    assert results[0] == results[1]


def test_an_interrupted_test_is_run_by_the_printed_command(
    train: Train, text: str, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as exit_:
        train(*SMALL_LM, text, *stop(-1))
    assert exit_.value.code == 130
    assert "interrupted by SIGINT in the test" in capfd.readouterr().err
    assert not (tmp_path / "run" / "metrics.json").exists()
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "interrupted"
    run = train(*SMALL_LM, text, "resume=true")
    assert json.loads((run / "metrics.json").read_text())["test/loss"] > 0


def test_a_signal_before_the_first_batch_is_done_keeps_nothing(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        train(*SMALL_SINE, "+callbacks.stop._target_=tests.train.test_train.InterruptAtOnce")
    assert exit_.value.code == 130
    assert "at step 0, nothing was kept" in capfd.readouterr().err
    assert (train(*SMALL_SINE, "resume=true") / "metrics.json").exists()
    assert "the training starts anew" in capfd.readouterr().out


class InterruptAtOnce(pl.Callback):
    """Ctrl-C before the first step."""

    def on_train_start(self, _trainer: pl.Trainer, _module: pl.LightningModule) -> None:
        os.kill(os.getpid(), signal.SIGINT)
