"""The files of a run."""

import os
import socket
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from seqmodels.plain_files import explained, read_mapping, write_json, write_yaml

State = Literal["running", "interrupted", "failed", "finished"]
PATTERNS = (
    "checkpoints/*.ckpt",
    "events.out.tfevents*",
    "projector_config.pbtxt",
    "[0-9]*/*/tensors.tsv",
    "[0-9]*/*/metadata.tsv",
    "hparams.yaml",
    "error.log",
    "train.log",
    "command.txt",
    "overrides.yaml",
    "environment.json",
    "predictions.jsonl",
    "metrics.json",
    "data.json",
    "config.yaml",
    "status.json",
)


class RunFolderError(ValueError):
    """Error about a run folder that cannot be used as requested; its message is one line."""


class RunInputs(NamedTuple):
    """What a training starts from, in plain values.

    Attributes:
        config: all values of the resolved config.
        digest: of the data (`SequenceData.digest`); None if it is not known.
        spec: what the data holds (`DataSpec.to_dict`); None if it is not known.
    """

    config: dict[str, Any]
    digest: str | None = None
    spec: dict[str, Any] | None = None


class RunFolder:
    """The files of a run. A process that writes there gets the folder from `run_claim.claim`.

    Attributes:
        config: `config.yaml`, the resolved config.
        data: `data.json`, digest and spec of the data.
        metrics: `metrics.json`, the results.
        status: `status.json`, the state of the run and the process that set it.
        log: `error.log`, traces of errors.
        train_log: `train.log`, what the training showed on the console.
        command: `command.txt`, the command lines that started and resumed the run.
        overrides: `overrides.yaml`, the overrides of the config.
        environment: `environment.json`, versions of the software, and the machine.
        predictions: `predictions.jsonl`, predictions on the test split beside their targets.
        best: the best checkpoint.
        last: the checkpoint that a training resumes from.

    Args:
        path: of the folder.
        resumes: whether a training resumes from `last`.
    """

    def __init__(self, path: str | os.PathLike[str], *, resumes: bool = False) -> None:
        self.path, self.resumes = Path(path), resumes
        self.config, self.data = self.path / "config.yaml", self.path / "data.json"
        self.metrics, self.status = self.path / "metrics.json", self.path / "status.json"
        self.log, self.train_log = self.path / "error.log", self.path / "train.log"
        self.command, self.overrides = self.path / "command.txt", self.path / "overrides.yaml"
        self.environment, self.predictions = self.path / "environment.json", self.path / "predictions.jsonl"
        self.best, self.last = (self.path / "checkpoints" / f"{name}.ckpt" for name in ("best", "last"))

    def start(self, inputs: RunInputs) -> None:
        """Write what the run starts from and that it is running; remove the run there if it is not resumed.

        Nothing in the folder changes before, so call this when data and model have been built.

        Raises:
            OSError: a file cannot be written or removed.
        """
        if not self.resumes:
            # If this is killed, the folder holds an unfinished run without a checkpoint.
            self._write_status("running", now(), None, {})
            with explained(f"remove the run in {self.path}"):
                for path in files_of_run(self.path):
                    if path != self.status:
                        path.unlink()
        self.write_config(inputs.config)
        self.write_json(self.data, {"digest": inputs.digest, "spec": inputs.spec})
        self.set_state("running")

    def set_state(self, state: State, reason: str | None = None, **details: Any) -> None:
        """Write the state of the run.

        Args:
            state: the new one.
            reason: why, as a person reads it.
            **details: more plain values. For a finished run, `limit` is the dotted key that ended the training,
                `trainer.max_epochs` for example: see `run_comparison.finished`.

        Raises:
            OSError: it cannot be written.
        """
        self._write_status(state, self.read_status().get("started") or now(), reason, details)

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write the config; raise `OSError` if that fails, and keep what was there."""
        self.write_yaml(self.config, config)

    def write_yaml(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write plain values as YAML; raise `OSError` if that fails, and keep what was there."""
        write_yaml(path, values)

    def write_json(self, path: Path, values: Mapping[str, Any]) -> None:
        """Write plain values; raise `OSError` if that fails, and keep what was there."""
        write_json(path, values)

    def read_status(self) -> dict[str, Any]:
        """Return what `set_state` wrote last; empty if there is nothing.

        A run that was killed is "running" there: see `run_claim.is_running`.

        Raises:
            RunFolderError: the file is damaged.
        """
        return _read(self.status) if self.status.exists() else {}

    def read_config(self) -> dict[str, Any]:
        """Return the config of the run.

        Raises:
            RunFolderError: there is none, or it is damaged.
        """
        return _read(self.config)

    def read_inputs(self) -> RunInputs:
        """Return what the run started from. A run of version 0.1 has a config only.

        Raises:
            RunFolderError: there is no config, or a file is damaged.
        """
        data = _read(self.data) if self.data.exists() else {}
        return RunInputs(self.read_config(), data.get("digest"), data.get("spec"))

    def is_finished(self) -> bool:
        """Return whether the run is finished; one of version 0.1, without a status, is if it has results."""
        status = self.read_status()
        return status["state"] == "finished" if "state" in status else self.metrics.exists()

    def describe(self) -> str | None:
        """Return in a few words which run the folder holds; None if there is no run.

        Raises:
            RunFolderError: the status is damaged.

        Example:
            >>> RunFolder("no/such/folder").describe()
        """
        status = self.read_status()
        if status.get("state") not in get_args(State) and not _is_config_of_run(self.config):
            return None
        changed = (self.config if self.config.exists() else self.status).stat().st_mtime
        kind = "a finished" if self.is_finished() else "an unfinished"
        return f"{kind} run of {status.get('started') or _time(datetime.fromtimestamp(changed, UTC))}"

    def _write_status(self, state: State, started: str, reason: str | None, details: Mapping[str, Any]) -> None:
        times = {"started": started, "changed": now()}
        write_json(self.status, {"state": state, **this_process(), **times, "reason": reason, **details})


def files_of_run(folder: Path) -> list[Path]:
    """Return the files in a folder that have the names of what a run writes."""
    return [path for pattern in PATTERNS for path in sorted(folder.glob(pattern)) if path.is_file()]


def this_process() -> dict[str, Any]:
    """Return the number of this process and the name of its host."""
    return {"process": os.getpid(), "host": socket.gethostname()}


def _is_config_of_run(path: Path) -> bool:
    try:
        return {"task", "data", "model"} <= _read(path).keys()
    except RunFolderError:
        return False


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_mapping(path)
    except FileNotFoundError as error:
        raise RunFolderError(f"there is no {path}") from error
    except (ValueError, OSError) as error:
        raise RunFolderError(str(error)) from error


def now() -> str:
    """Return the time, in UTC."""
    return _time(datetime.now(UTC))


def _time(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds")
