"""Names of run folders: what they are about, and what tells the jobs of a sweep apart."""

import hashlib
import re
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

MAX_NAME_LENGTH = 100
"""In characters; file systems allow 255 bytes, and others read them."""

DIGEST_LENGTH = 8
CHOSEN_BY_NAME = ("model", "data", "task", "optimizer", "scheduler", "experiment")


def data_name(choice: str, path: Any) -> str:
    """Return a name for data: that of a person's own file or folder, else the choice of the config.

    Args:
        choice: of the group `data`.
        path: `data.path`: a file or folder, a dictionary of files by split, or one that says where to download them.

    Example:
        >>> data_name("reviews", "data/my shop.csv"), data_name("sms_spam", {"name": "sms.zip", "url": "..."})
        ('my_shop', 'sms_spam')
    """
    if isinstance(path, DictConfig | dict):
        path = path.get("train")
    if not isinstance(path, str) or not path.strip("./~"):
        return choice
    name = Path(path).name.partition(".")[0] or Path(path).name
    return _plain(name) or choice


def job_name(overrides: Sequence[str], varied: Sequence[str]) -> str:
    """Return a name for a job of a sweep: the values that differ between the jobs.

    Args:
        overrides: of the job, `key=value`.
        varied: keys that have several values in the sweep; where there are none, all of `overrides` are named.

    Example:
        >>> job_name(["task=sine", "model=gru", "optimizer.lr=0.1", "seed=2"], ["model", "optimizer.lr", "seed"])
        'gru,lr=0.1,seed=2'
    """
    pairs = [(key.lstrip("+~"), value) for key, _, value in (each.partition("=") for each in overrides)]
    chosen = [(key, value) for key, value in pairs if key in varied] or pairs
    last_names = Counter(key.rpartition(".")[2] for key, _ in chosen)
    named = []
    for key, value in chosen:
        last = key.rpartition(".")[2]
        prefix = "" if key in CHOSEN_BY_NAME else f"{last if last_names[last] == 1 else key}="
        named.append(prefix + _plain(value))
    name = ",".join(named) or "job"
    if len(name) <= MAX_NAME_LENGTH:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_LENGTH]
    return f"{name[: MAX_NAME_LENGTH - DIGEST_LENGTH - 1]}-{digest}"


def varied_keys(arguments: Sequence[str]) -> list[str]:
    """Return the keys of a command line that have several values in a sweep."""
    parser = OverridesParser.create()
    keys = []
    for argument in arguments:
        try:
            override = parser.parse_override(argument)
        except HydraException:
            continue
        if override.is_sweep_override():
            keys.append(override.key_or_group)
    return keys


def register_names() -> None:
    """Make the names known to the config: `${data_name:<choice>,<path>}` and `${job_name:<overrides>}`."""
    OmegaConf.register_new_resolver("data_name", data_name, replace=True)
    OmegaConf.register_new_resolver(
        "job_name", lambda overrides: job_name(overrides, varied_keys(sys.argv[1:])), replace=True
    )


def _plain(text: str) -> str:
    """Return a text with only characters that any file system and shell takes as they are."""
    return re.sub(r"[^\w.+-]+", "_", text).strip("_")
