"""What the README tells a reader to type is typed here, in its order, in one folder; only the trainings are cut."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hydra.core.global_hydra import GlobalHydra

from seqmodels.cli import main as seqmodels_command
from seqmodels.train import main as train
from tests.train.small import BRIEF, small

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    reviews = "".join(
        f"a {word} film number {i},{label}\n" for i in range(30) for word, label in (("good", 1), ("bad", 0))
    )
    (tmp_path / "reviews.csv").write_text("review,liked\n" + reviews)
    (tmp_path / "sales.csv").write_text("day,amount\n" + "".join(f"d{i},{i % 7 + i / 50}\n" for i in range(500)))
    return tmp_path


def type_in(line: str, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Run one line of a shell block in this process; False for what is not ours."""
    words = shlex.split(line, comments=True)
    if words[:2] == ["python", "train.py"]:
        GlobalHydra.instance().clear()
        given = [word for word in words[2:] if not word.startswith("trainer.max_epochs")]
        (task,) = [word.removeprefix("task=") for word in given if word.startswith("task=")] or ["sentiment"]
        less = [] if any(word.startswith(("data.path=", "experiment=")) for word in given) else small(task)
        monkeypatch.setattr("sys.argv", ["train.py", *given, *BRIEF, *less])
        train()
    elif words[:1] == ["seqmodels"]:
        seqmodels_command(words[1:])
    else:
        return False
    return True


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The number of training batches")
def test_everything_the_readme_says_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = 0
    for language, block in BLOCKS:
        if language == "bash":
            typed += sum(type_in(line, monkeypatch) for line in block.splitlines())
        else:
            exec(compile(block, "README.md", "exec"), {})
    assert typed >= 8
    assert (folder / "logs" / "first" / "metrics.json").exists()
    assert len(list((folder / "logs").glob("sweep-*/*/metrics.json"))) == 6
    assert "The " in capsys.readouterr().out


def test_the_commands_in_tables_compose(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = [c for c in re.findall(r"`python train\.py ([^`]*)`", README) if not c.startswith("-")]
    assert any(command.startswith("experiment=") for command in commands)
    for command in commands:
        assert type_in(f"python train.py --cfg job {command}", monkeypatch)
        assert {"task", "data", "model"} <= set(yaml.safe_load(capsys.readouterr().out))


@pytest.mark.slow
def test_train_py_is_a_program(folder: Path) -> None:
    command = [sys.executable, str(ROOT / "train.py"), "model=gru", "--cfg", "job"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True)
    assert yaml.safe_load(shown.stdout)["model"]["cell"]["_target_"] == "seqmodels.cells.GRUCell"


def test_links_and_pictures_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).exists(), target
