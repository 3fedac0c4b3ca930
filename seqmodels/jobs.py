"""What becomes of a training that fails or is interrupted, alone or as a job of a sweep."""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from seqmodels import console
from seqmodels.callbacks.non_finite import NonFiniteError
from seqmodels.callbacks.signals import Interrupted
from seqmodels.commands import resume_command
from seqmodels.config_errors import explanation
from seqmodels.error_log import report_bug
from seqmodels.run_names import job_name, varied_keys

FAILED, UNUSABLE, SIGNALLED = 1, 2, 128
"""Exit codes: the training failed, what was given cannot be used, and 128 plus the number of a signal."""


class Job(NamedTuple):
    """A job of a sweep: what tells it from the others, its folder, how it ended, and its exit code."""

    name: str
    folder: str
    outcome: str
    code: int


class Jobs:
    """The jobs of one command: one training, or those of a sweep, which goes on behind a job that fails.

    Args:
        train: runs a job; returns the best value of the monitored metric.
    """

    def __init__(self, train: Callable[[DictConfig], float | None]) -> None:
        self.train = train
        self.jobs: list[Job] = []

    def run(self, config: DictConfig) -> float | None:
        """Run a job; return the best value of the monitored metric, and NaN of a job of a sweep that failed.

        Raises:
            SystemExit: the job failed and is the only one, or a signal asked all to stop.
        """
        best: float | None = float("nan")
        line, code = "finished", 0
        try:
            best = self.train(config)
        except Interrupted as error:
            line, code = self._interrupted(config, error), SIGNALLED + error.received
        except KeyboardInterrupt:
            line, code = "interrupted before the training began: nothing was kept", SIGNALLED + signal.SIGINT
        except Exception as error:
            line, code = self._failed(config, error)
        hydra = HydraConfig.get()
        name = job_name(hydra.overrides.task, varied_keys(sys.argv[1:]))
        self.jobs.append(Job(name, os.path.relpath(config.run_dir), line, code))
        if code:
            console.report(line)
            with suppress(OSError):  # It is not empty: the training had begun.
                Path(config.run_dir).rmdir()
        if code > SIGNALLED or (code and hydra.mode != RunMode.MULTIRUN):
            self.finish()
        return best

    def finish(self) -> None:
        """Show the jobs of a sweep, and end with the exit code of the first that did not end well.

        Raises:
            SystemExit: one did not.
        """
        if len(self.jobs) > 1:
            console.show_jobs([(job.name, job.folder, job.outcome) for job in self.jobs])
        code = next((job.code for job in self.jobs if job.code), 0)
        if code:
            raise SystemExit(code)

    @staticmethod
    def _interrupted(config: DictConfig, error: Interrupted) -> str:
        run = Path(config.run_dir)
        last = run / "checkpoints" / "last.ckpt"
        kept = f"kept in {os.path.relpath(last)}" if last.exists() else "nothing was kept"
        return f"{error}, {kept}; go on with: {resume_command(run)}"

    @staticmethod
    def _failed(config: DictConfig, error: Exception) -> tuple[str, int]:
        if os.environ.get("SEQMODELS_TRACEBACK") == "1":
            raise error
        run = Path(config.run_dir)
        last = run / "checkpoints" / "last.ckpt"
        if isinstance(error, NonFiniteError):
            kept = f"the last good checkpoint is {os.path.relpath(last)}" if last.exists() else "there is no checkpoint"
            return f"{error}; {kept}", FAILED
        line = explanation(error)
        if line is not None:
            return line, UNUSABLE
        return report_bug(error, Path(os.path.relpath(run / "error.log"))), FAILED
