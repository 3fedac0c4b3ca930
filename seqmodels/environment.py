"""Files that say how and where a training was started: the command, the overrides, and versions of the software."""

import os
import platform
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from seqmodels.plain_files import write_text
from seqmodels.run_folder import RunFolder

PACKAGES = ("seqmodels", "torch", "pytorch-lightning", "torchmetrics", "hydra-core", "numpy", "tokenizers")
GIT_SECONDS = 5.0
"""Time that git may take: a status of a large checkout on a slow disk is not worth more."""


def write_environment(
    folder: RunFolder, command: Sequence[str], overrides: Mapping[str, Sequence[str]], device: torch.device
) -> None:
    """Write `command.txt`, `overrides.yaml` and `environment.json` into a run folder.

    `command.txt` has a line for each time that the run was started or resumed; the other two are of the last time.

    Args:
        folder: of the run.
        command: the words of the command line.
        overrides: of the config, by group.
        device: that the model is trained on.

    Raises:
        OSError: a file cannot be written.
    """
    before = folder.command.read_text(encoding="utf-8") if folder.command.exists() else ""
    write_text(folder.command, f"{before}{shlex.join(command)}\n")
    folder.write_yaml(folder.overrides, {group: [*given] for group, given in overrides.items()})
    folder.write_json(folder.environment, environment(device))


def typed_command(arguments: Sequence[str]) -> list[str]:
    """Return the words of a command line, as they are typed, from `sys.argv`.

    Example:
        >>> shlex.join(typed_command(["seqmodels train", "task=sine", "data.path=my shop.csv"]))
        "seqmodels train task=sine 'data.path=my shop.csv'"
        >>> typed_command(["train.py", "task=sine"])
        ['python', 'train.py', 'task=sine']
    """
    program = arguments[0].split() if arguments[0].startswith("seqmodels") else ["python", arguments[0]]
    return [*program, *arguments[1:]]


def environment(device: torch.device) -> dict[str, Any]:
    """Return the software and the machine of this process, and the git commit of the working folder if it has one."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    return {
        "python": platform.python_version(),
        "packages": {package: found for package in PACKAGES if (found := _version(package))},
        "platform": platform.platform(),
        "threads": torch.get_num_threads(),
        "processors": os.cpu_count(),
        "device": str(device),
        "device_name": name,
        "git": git_state(Path.cwd()),
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return the commit of the git checkout that a folder belongs to, and whether files differ from it.

    Returns:
        `commit` and `dirty`, the latter None where that took too long to find out; None for no checkout, or without
        git.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {"commit": commit.strip(), "dirty": None if changes is None else bool(changes.strip())}


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git says; None if it fails, takes too long or is not installed."""
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=GIT_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
