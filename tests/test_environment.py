"""How and where a training was started."""

import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from seqmodels import environment
from seqmodels.environment import git_state, write_environment
from seqmodels.plain_files import read_mapping
from seqmodels.run_folder import RunFolder


def git(folder: Path, *arguments: str) -> str:
    names = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *names, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_the_commit_and_whether_files_differ_from_it(tmp_path: Path) -> None:
    assert git_state(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert git_state(tmp_path) is None  # no commit yet
    (tmp_path / "a.txt").write_text("1")
    git(tmp_path, "add", "a.txt")
    git(tmp_path, "commit", "-q", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    assert git_state(tmp_path) == {"commit": commit, "dirty": False}
    (tmp_path / "a.txt").write_text("2")
    assert git_state(tmp_path) == {"commit": commit, "dirty": True}


def test_git_that_is_missing_or_slow_does_no_harm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", 5)

    monkeypatch.setattr(environment.subprocess, "run", late)
    assert git_state(tmp_path) is None
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None


def test_each_command_has_a_line(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for command in (["seqmodels", "train", "data.path=my shop.csv"], ["seqmodels", "train", "resume=true"]):
        write_environment(folder, command, {"task": command[2:], "hydra": []}, torch.device("cpu"))
    assert folder.command.read_text() == "seqmodels train 'data.path=my shop.csv'\nseqmodels train resume=true\n"
    assert yaml.safe_load(folder.overrides.read_text()) == {"task": ["resume=true"], "hydra": []}
    found = read_mapping(folder.environment)
    assert found["packages"]["torch"] == torch.__version__
    assert found["device"] == "cpu"
    assert found["threads"] == 1
