"""Errors of Hydra, OmegaConf, YAML and the operating system, before a training begins."""

import errno
import shlex
from collections.abc import Callable
from pathlib import Path

import hydra
import pytest
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import DictConfig, OmegaConf

from seqmodels.config_errors import config_errors, explanation

CONFIG = """
defaults: [_self_, {model: lstm}, {override hydra/job_logging: none}, {override hydra/hydra_logging: none}]
seed: 1
hydra: {output_subdir: null}
"""

Command = Callable[..., str]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run a command that only resolves its config, in an empty folder; return the only line of its error."""
    monkeypatch.chdir(tmp_path)
    configs = tmp_path / "configs"
    for name, content in {"train": CONFIG, "model/lstm": "hidden_size: 8", "model/gru": "hidden_size: 8"}.items():
        (configs / name).parent.mkdir(parents=True, exist_ok=True)
        (configs / f"{name}.yaml").write_text(content)
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    monkeypatch.delenv("SEQMODELS_TRACEBACK", raising=False)

    def resolve(config: DictConfig) -> None:
        OmegaConf.to_container(config, resolve=True)

    def run(*arguments: str) -> str:
        GlobalHydra.instance().clear()
        monkeypatch.setattr("sys.argv", ["train.py", *arguments])
        with pytest.raises(SystemExit) as exit_, config_errors():
            hydra.main(config_path=str(configs), config_name="train", version_base="1.3")(resolve)()
        assert exit_.value.code == 2
        captured = capfd.readouterr()
        assert captured.out == ""
        line = captured.err.splitlines()[-1]
        assert line.startswith("seqmodels: ")
        return line.removeprefix("seqmodels: ")

    return run


@pytest.mark.parametrize("options", [["hydra.run.dir="], ["-m", "seed=1,2", "hydra.sweep.dir="]], ids=["run", "sweep"])
@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("file", "it exists and is no folder"),
        ("file/below", "Not a directory"),
        ("link", "it exists and is no folder"),
        ("link/below", "it exists and is no folder"),
        ("/dev/null", "it exists and is no folder"),
        ("/proc/none", "No such file or directory"),
        ("long" * 100, "File name too long"),
    ],
    ids=["file", "below a file", "dangling link", "below a dangling link", "device", "no file system", "long name"],
)
def test_a_folder_that_cannot_be_made(
    command: Command, tmp_path: Path, options: list[str], folder: str, reason: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere/at/all")
    line = command(*options[:-1], options[-1] + folder)
    assert line.startswith(f"{options[-1][:-1]}: cannot make the folder '{folder[:4]}")
    assert line.endswith(f": {reason}")
    assert len(line) <= 300


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES], ids=["full", "read-only", "forbidden"])
def test_a_disk_without_room_or_permission(command: Command, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(self: Path, *_: object, **__: object) -> None:
        raise OSError(number, "the reason", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert command("hydra.run.dir=run") == "hydra.run.dir: cannot make the folder 'run': the reason"


@pytest.mark.parametrize(
    ("argument", "line"),
    [
        ("model=lstn", "no model 'lstn': choose from gru, lstm"),
        ("model=null", "model=null: expected the name of a choice"),
        ("hydra.run.dir=null", "hydra.run.dir: field 'hydra.run.dir' is not Optional"),
        ("seed=[", "cannot read 'seed=[': expected key=value or group=choice (no viable alternative at input '[')"),
        ("seed", "cannot read 'seed': expected key=value or group=choice (missing EQUAL at '<EOF>')"),
        ("seed=${nowhere}", "seed: Interpolation key 'nowhere' not found"),
        ("seed=${seed}", "seed: Recursive interpolation detected"),
        ("~nothing", "Could not delete from config. 'nothing' does not exist."),
    ],
)
def test_a_wrong_argument(command: Command, argument: str, line: str) -> None:
    assert command(argument) == line


@pytest.mark.parametrize(
    ("argument", "meant"),
    [
        ("model.hiden_size=3", "model.hidden_size"),
        ("modle=3", "model"),
        ("hidden_size=3", "model.hidden_size"),
    ],
)
def test_the_key_that_was_meant(command: Command, argument: str, meant: str) -> None:
    assert command(argument).startswith(f"no key {argument.partition('=')[0]!r}: did you mean {meant}")


@pytest.mark.parametrize("path", ["~/a.csv", "Übung.csv", "my file(1).csv", "a=b.csv", "a#b.csv", 'a"b.csv'])
def test_a_path_is_answered_as_it_can_be_pasted(command: Command, path: str) -> None:
    line = command(f"data.path={path}")
    assert line.startswith(f"cannot read {f'data.path={path}'!r}: a value with such characters is written ")
    (pasted,) = shlex.split(line.partition(" is written ")[2])
    assert OverridesParser.create().parse_override(pasted).value() == path


@pytest.mark.parametrize("key", ["model.colour", "house"])
def test_an_unknown_key(command: Command, key: str) -> None:
    where = key.rpartition(".")[0]
    expected = f"no key {key!r}: {'in ' + where if where else 'at the top'} there are "
    assert command(f"{key}=3").startswith(expected)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a: [1\nb: }\n", ":2: expected ',' or ']', but got ':'"),
        (b"a:\n\t- b\n", ":2: found character '\\t' that cannot start any token"),
        (b"a: 1\na: 2\n", ":2: found duplicate key a"),
        (b"# \xe4\n", ": expected text in UTF-8, got the byte 0xe4"),
    ],
    ids=["brackets", "tab", "duplicate", "latin-1"],
)
def test_a_config_file_that_cannot_be_read(command: Command, tmp_path: Path, content: bytes, reason: str) -> None:
    file = tmp_path / "mine" / "model" / "own.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert command("--config-dir=mine", "model=own") == f"{file}{reason}"


def test_an_error_of_the_program_stays_what_it_is() -> None:
    with pytest.raises(IndexError, match="list index"), config_errors():
        raise IndexError("list index out of range")
    assert explanation(IndexError("list index out of range")) is None


def test_a_trace_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_TRACEBACK", "1")
    with pytest.raises(FileNotFoundError), config_errors():
        Path("nowhere/at/all").mkdir()
