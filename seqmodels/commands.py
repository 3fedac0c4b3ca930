"""The command line of a training that Hydra runs, and the one that resumes it."""

import os
import shlex
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from seqmodels.overrides import as_typed, quoted

FOLDER_KEYS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
OPTIONS_OF_CONFIGS = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")


def is_named_by_a_person() -> bool:
    """Return whether the run folder was typed, and not derived from task, data, model and time."""
    return any(override.partition("=")[0] in FOLDER_KEYS for override in HydraConfig.get().overrides.hydra)


def resume_command(run: Path) -> str:
    """Return the command that resumes the training in a run folder."""
    program = ["seqmodels", "train"] if sys.argv[0].startswith("seqmodels") else ["python", sys.argv[0]]
    keys = ("resume", "overwrite")
    given = [each for each in HydraConfig.get().overrides.task if each.partition("=")[0].lstrip("+") not in keys]
    folder = quoted(f"hydra.run.dir={os.path.relpath(run)}")
    return shlex.join([*program, *_options(sys.argv[1:]), *map(as_typed, given), folder, "resume=true"])


def _options(arguments: list[str]) -> list[str]:
    """Return the options that say where configs are."""
    options: list[str] = []
    for place, argument in enumerate(arguments):
        if argument in OPTIONS_OF_CONFIGS:
            options += arguments[place : place + 2]
        elif argument.partition("=")[0] in OPTIONS_OF_CONFIGS:
            options.append(argument)
    return options
