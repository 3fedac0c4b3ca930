"""The command line of a training that Hydra runs, the one that resumes it, and the one that asks its model."""

import os
import shlex
import sys
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

from seqmodels.data.music.melodies import StartNotes
from seqmodels.objectives.language import NextToken
from seqmodels.overrides import as_typed, quoted
from seqmodels.runs import Run

FOLDER_KEYS = ("hydra.run.dir", "hydra.sweep.dir", "hydra.sweep.subdir")
OPTIONS_OF_CONFIGS = ("--config-dir", "-cd", "--config-path", "-cp", "--config-name", "-cn")


def is_named_by_a_person() -> bool:
    """Return whether the run folder was typed, and not derived from task, data, model and time."""
    return any(override.partition("=")[0] in FOLDER_KEYS for override in HydraConfig.get().overrides.hydra)


def resume_command(run: Path, changed: str = "") -> str:
    """Return the command that resumes the training in a run folder, without the value given for a key to change."""
    program = ["seqmodels", "train"] if sys.argv[0].startswith("seqmodels") else ["python", sys.argv[0]]
    keys = ("resume", "overwrite", changed)
    given = [each for each in HydraConfig.get().overrides.task if each.partition("=")[0].lstrip("+") not in keys]
    folder = quoted(f"hydra.run.dir={os.path.relpath(run)}")
    return shlex.join([*program, *_options(sys.argv[1:]), *map(as_typed, given), folder, "resume=true"])


def use_command(run: Path, model: Run) -> str:
    """Return the command that asks a trained model, with an example of what it reads."""
    folder = os.path.relpath(run)
    if isinstance(model.mapping.objective, NextToken):
        return shlex.join(["seqmodels", "generate", folder])
    try:
        reader = model.raw
    except ValueError:  # There is none, or it is of a class of one's own, which needs `--trust`.
        return shlex.join(["seqmodels", "predict", folder])
    if isinstance(reader, StartNotes):
        return shlex.join(["seqmodels", "generate", folder, "--prompt", reader.example(), "--out", "music.mid"])
    return shlex.join(["seqmodels", "predict", folder, reader.example()])


def _options(arguments: list[str]) -> list[str]:
    """Return the options that say where configs are."""
    options: list[str] = []
    for place, argument in enumerate(arguments):
        if argument in OPTIONS_OF_CONFIGS:
            options += arguments[place : place + 2]
        elif argument.partition("=")[0] in OPTIONS_OF_CONFIGS:
            options.append(argument)
    return options
