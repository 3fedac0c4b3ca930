"""A disk that is full from some moment of a training on: one line, and nothing that was good is lost."""

import re
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl

from seqmodels.checkpoints import read_checkpoint
from tests.mounts import fill, small_disk
from tests.train.conftest import Train

BRIEF = (
    "task=sine",
    "model=rnn",
    "model.hidden_size=4",
    "trainer.max_epochs=2",
    "trainer.limit_train_batches=3",
    "trainer.limit_val_batches=1",
    "trainer.limit_test_batches=1",
    "trainer.enable_progress_bar=false",
    "trainer.log_every_n_steps=1",
    "~callbacks.progress",
    "checkpoint.every_n_steps=2",
)


class FillAt(pl.Callback):
    """A disk that is full when a hook is called for the n-th time."""

    def __init__(self, hook: str, number: int, disk: str) -> None:
        self.number, self.disk = number, Path(disk)
        setattr(self, hook, self.count)

    def count(self, *_: Any) -> None:
        self.number -= 1
        if not self.number:
            fill(self.disk)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("hook", "number", "saved"),
    [
        ("on_fit_start", 1, set()),
        ("on_train_batch_end", 5, {"best.ckpt", "last.ckpt"}),
        ("on_validation_end", 2, {"best.ckpt", "last.ckpt"}),
        ("on_test_end", 1, {"best.ckpt", "last.ckpt"}),
    ],
)
def test_what_was_saved_stays_and_the_run_goes_on(
    train: Train, capfd: pytest.CaptureFixture[str], tmp_path: Path, hook: str, number: int, saved: set[str]
) -> None:
    keys = {"_target_": f"{__name__}.FillAt", "hook": hook, "number": number, "disk": "disk"}
    with small_disk(tmp_path / "disk", 3 * 2**20) as disk:
        with pytest.raises(SystemExit) as exit_:
            train(*BRIEF, *(f"+callbacks.fill.{key}={value}" for key, value in keys.items()), folder="disk/run")
        (line,) = capfd.readouterr().err.splitlines()
        assert exit_.value.code == 2
        assert re.search(r"No space left on device|no space left", line)
        assert str(disk / "run") in line
        (disk / "filling").unlink()
        checkpoints = list((disk / "run").rglob("*.ckpt"))
        assert {path.name for path in checkpoints} == saved
        for path in checkpoints:
            read_checkpoint(path)
        run = train(*BRIEF, "resume=true", folder="disk/run")
        assert (run / "metrics.json").is_file()
        assert not list(disk.rglob("*.tmp*"))
