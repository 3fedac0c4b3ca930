"""What a run writes beside its checkpoints, and what it removes of the run before."""

import json
import os
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from seqmodels.run_folder import RunFolder, RunFolderError, RunInputs
from tests.mounts import fill, small_disk

INPUTS = RunInputs({"seed": 1, "model": {}, "data": {}, "task": {}}, "abc", {"input_size": 3, "mean": [0.5]})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def test_what_a_run_starts_from_comes_back(folder: RunFolder) -> None:
    folder.start(INPUTS)
    assert folder.read_inputs() == INPUTS


def test_the_status_names_the_process(folder: RunFolder) -> None:
    folder.start(INPUTS)
    status = folder.read_status()
    assert status["state"] == "running"
    assert (status["process"], status["host"], status["reason"]) == (os.getpid(), socket.gethostname(), None)
    assert datetime.fromisoformat(status["started"]).utcoffset() == timedelta(0)


def test_the_status_keeps_the_first_start(folder: RunFolder) -> None:
    folder.start(INPUTS)
    folder.write_json(folder.status, {**folder.read_status(), "started": "2020-01-01 00:00:00+00:00"})
    folder.set_state("interrupted", "Ctrl-C", epochs=3)
    folder.resumes = True
    folder.start(INPUTS)
    status = folder.read_status()
    assert (status["started"], status["state"], status["reason"]) == ("2020-01-01 00:00:00+00:00", "running", None)
    folder.resumes = False
    folder.start(INPUTS)
    assert folder.read_status()["started"] != "2020-01-01 00:00:00+00:00"


def test_a_finished_run_says_why_it_ended(folder: RunFolder) -> None:
    folder.start(INPUTS)
    assert not folder.is_finished()
    folder.set_state("finished", "all epochs are done", limit="trainer.max_epochs")
    assert folder.is_finished()
    assert folder.read_status()["limit"] == "trainer.max_epochs"
    assert str(folder.describe()).startswith("a finished run of 20")


def test_metrics_are_valid_json(folder: RunFolder) -> None:
    folder.write_json(folder.metrics, {"test/loss": float("nan")})
    assert json.loads(folder.metrics.read_text()) == {"test/loss": None}


def test_a_run_of_an_earlier_version_is_known_by_its_config(folder: RunFolder) -> None:
    folder.write_config(INPUTS.config)
    assert str(folder.describe()).startswith("an unfinished run of 20")
    assert folder.read_inputs() == RunInputs(INPUTS.config)
    folder.metrics.write_text("{}")
    assert str(folder.describe()).startswith("a finished run of 20")


@pytest.mark.parametrize("text", ["name: other\n", "a: [", "- 1\n"], ids=["other", "damaged", "list"])
def test_a_config_of_something_else_makes_no_run(folder: RunFolder, text: str) -> None:
    folder.config.write_text(text)
    assert folder.describe() is None


def test_missing_and_damaged_files_are_named(folder: RunFolder) -> None:
    assert folder.read_status() == {}
    with pytest.raises(RunFolderError, match=r"there is no .*config\.yaml"):
        folder.read_config()
    folder.start(INPUTS)
    for path, read in {folder.status: folder.read_status, folder.data: folder.read_inputs}.items():
        path.write_text("{")
        with pytest.raises(RunFolderError, match=f"{path.name} is damaged"):
            read()


FILES = (
    "config.yaml",
    "data.json",
    "metrics.json",
    "error.log",
    "train.log",
    "command.txt",
    "overrides.yaml",
    "environment.json",
    "predictions.jsonl",
    "hparams.yaml",
    "events.out.tfevents.1.host.2.0",
    "projector_config.pbtxt",
    "00012/vocabulary/tensors.tsv",
    "00012/vocabulary/metadata.tsv",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
)
OTHERS = ("notes.txt", "config.yaml.bak", "metrics.jsonl", "checkpoints/best.ckpt.bak", "more/last.ckpt", "12/a/b.tsv")


def write_all(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("of the run before")


def test_a_new_run_removes_what_the_one_before_wrote_and_nothing_else(folder: RunFolder) -> None:
    write_all(folder.path, FILES + OTHERS)
    folder.start(INPUTS)
    left = {str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file()}
    assert left == {*OTHERS, "config.yaml", "data.json", "status.json"}
    assert all((folder.path / name).read_text() == "of the run before" for name in OTHERS)


def test_a_resumed_run_removes_nothing(folder: RunFolder) -> None:
    write_all(folder.path, FILES)
    folder.resumes = True
    folder.start(INPUTS)
    left = {str(path.relative_to(folder.path)) for path in folder.path.rglob("*") if path.is_file()}
    assert left == {*FILES, "status.json"}
    assert folder.last.read_text() == folder.best.read_text() == "of the run before"


def test_a_full_disk_keeps_the_run_that_would_be_replaced(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        folder = RunFolder(disk / "run")
        folder.path.mkdir()
        folder.start(INPUTS)
        write_all(folder.path, ("checkpoints/last.ckpt", "metrics.json"))
        folder.set_state("finished")
        before = {path: path.read_bytes() for path in disk.rglob("*") if path.is_file()}
        fill(disk)
        with pytest.raises(OSError, match=r"^cannot write .*status\.json: No space left on device$"):
            folder.start(INPUTS)
        assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before
