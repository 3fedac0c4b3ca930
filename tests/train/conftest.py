import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.global_hydra import GlobalHydra

from seqmodels.train import main

Train = Callable[..., Path]


@pytest.fixture
def train(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _unannotated: None) -> Train:
    """Run `train.py` with some arguments in an empty folder; gives the run folder."""

    def run(*arguments: str, folder: str = "run") -> Path:
        GlobalHydra.instance().clear()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", ["train.py", *arguments, f"hydra.run.dir={folder}"])
        main()
        return tmp_path / folder

    return run


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    os.environ.pop("SEQMODELS_TRACEBACK", None)
