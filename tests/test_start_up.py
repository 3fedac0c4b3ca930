"""What is imported, and when: `seqmodels --help` does not wait for torch."""

import subprocess
import sys

import pytest

import seqmodels
from seqmodels.announcement import announce_training

HEAVY = ("torch", "numpy", "rich", "yaml")
NOT_FOR_LAYERS = (
    "PIL",
    "hydra",
    "librosa",
    "lightning_fabric",
    "matplotlib",
    "mido",
    "pandas",
    "pytorch_lightning",
    "scipy",
    "sklearn",
    "soundfile",
    "tensorboard",
    "tokenizers",
    "torch._dynamo",
    "torchmetrics",
)
NOT_FOR_RUNS = (
    "hydra",
    "mido",
    "omegaconf",
    "pandas",
    "seqeval",
    "seqmodels.callbacks",
    "sklearn",
    "soundfile",
    "tensorboard",
    "torch.utils.tensorboard",
)


def imported(code: str) -> set[str]:
    """Names of the modules that a program has imported, by its last line of output."""
    program = f"{code}\nimport sys; print('\\n' + ' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "command",
    [["--help"], ["--version"], ["predict", "--help"], ["benchmark-", "x"]],
    ids=["help", "version", "help of a command", "no command"],
)
def test_help_does_not_import_torch(command: list[str]) -> None:
    code = f"import contextlib\nfrom seqmodels.cli import main\nwith contextlib.suppress(SystemExit): main({command})"
    assert not imported(code) & {*HEAVY}


def test_the_package_alone_imports_nothing_and_a_layer_no_lightning() -> None:
    alone = imported("import seqmodels")
    assert not alone & {*HEAVY}
    assert {name for name in alone if name.startswith("seqmodels")} == {"seqmodels"}
    assert not imported("import seqmodels; seqmodels.LSTM(2, 3)") & {*NOT_FOR_LAYERS}


def test_a_run_is_loaded_without_hydra_and_tensorboard() -> None:
    assert not imported("import seqmodels; seqmodels.load") & {*NOT_FOR_RUNS}


def test_all_public_names_are_there() -> None:
    for name in seqmodels.__all__:
        assert getattr(seqmodels, name) is not None
    assert {*seqmodels.__all__} <= {*dir(seqmodels)}
    assert seqmodels.cells.LSTMCell(2, 3).hidden_size == 3
    with pytest.raises(AttributeError, match="No seqmodels attribute lstm"):
        getattr(seqmodels, "lstm")  # noqa: B009 (a name that mypy would refuse)


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    from seqmodels.cli import main  # noqa: PLC0415

    main(["--version"])
    assert capsys.readouterr().out == f"seqmodels {seqmodels.__version__}\n"


def test_a_training_is_announced_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    announce_training(["task=sine"])
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    announce_training(["task=sine", "model=\x1b[31m", "seed=3", "-m"])
    assert capsys.readouterr().err == "seqmodels: loading torch to train task=sine model=\\x1b[31m ...\n"
    announce_training(["seed=3"])
    assert capsys.readouterr().err == "seqmodels: loading torch to train a model ...\n"
    announce_training(["--help"])
    assert capsys.readouterr().err == ""
