"""What Hydra, OmegaConf and the operating system raise before a training begins, in one line."""

import contextlib
import inspect
import os
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import Any

import pytorch_lightning as pl
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import MarkedYAMLError

from seqmodels.console import fail, report
from seqmodels.declared_types import shown
from seqmodels.key_errors import is_explained, shortened, values_by_key
from seqmodels.overrides import proposals, quoted_for_shell

INTERRUPTED = 128 + signal.SIGINT
"""Exit code, as shells have it."""


@contextlib.contextmanager
def config_errors() -> Iterator[None]:
    """Turn an error in the config, on the command line or about the run folder into one line and exit code 2.

    The environment variable SEQMODELS_TRACEBACK=1 shows the whole trace.
    """
    try:
        yield
    except KeyboardInterrupt as error:
        report("interrupted before the training began: nothing was kept")
        raise SystemExit(INTERRUPTED) from error
    except Exception as error:
        line = _folder_line(error) or explanation(error) or _hydra_line(error)
        if line is None or os.environ.get("SEQMODELS_TRACEBACK") == "1":
            raise
        fail(line)


def explanation(error: Exception) -> str | None:
    """Return the line that tells a person what to mend, None for an error of the program.

    Hydra's, OmegaConf's and YAML's errors are about the config; what else counts says `is_explained`.
    """
    if isinstance(error, MissingConfigException):
        return _unknown_choice(error)
    if isinstance(error, OverrideParseException):
        reason = next((each for each in str(error).splitlines() if not each.startswith("Error parsing")), "")
        proposed = quoted_for_shell(error.override or "")
        if proposed is not None:
            return shortened(f"cannot read {shown(error.override)}: a value with such characters is written {proposed}")
        return shortened(f"cannot read {shown(error.override)}: expected key=value or group=choice ({reason})")
    if isinstance(error, HydraException | OmegaConfBaseException):
        return _unknown_key(error) or shortened(_of_key(error))
    if isinstance(error, MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return shortened(f"{mark.name}:{mark.line + 1}: {error.problem}")
    return shortened(" ".join(str(error).split())) if is_explained(error) else None


def _folder_line(error: Exception) -> str | None:
    """Return the line for a folder that Hydra could not make."""
    if not isinstance(error, OSError) or error.filename is None:
        return None
    key = "hydra.sweep.dir" if {"-m", "--multirun"} & set(sys.argv) else "hydra.run.dir"
    reason = "it exists and is no folder" if isinstance(error, FileExistsError) else error.strerror
    return f"{key}: cannot make the folder {shown(error.filename)}: {reason}"


def _hydra_line(error: Exception) -> str | None:
    """Return the line for errors that Hydra has no class for."""
    if isinstance(error, UnicodeDecodeError):
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(error.__traceback__)]
        file = next((each["full_path"] for each in frames if "full_path" in each), "a config file")
        return f"{file}: expected text in UTF-8, got the byte {error.object[error.start]:#x}"
    if not isinstance(error, ValueError):
        return None
    found = " or ".join(_without_choice(str(error)))
    return shortened(f"{found}: expected the name of a choice" if found else " ".join(str(error).split()))


def _without_choice(message: str) -> list[str]:
    """Return the arguments of the command line that choose nothing from a group, if that is what Hydra complains of."""
    if not message.startswith("Config group override must be"):
        return []
    given = [argument.partition("=") for argument in sys.argv[1:]]
    return ["".join(each) for each in given if "." not in each[0] and "null" in each[2].split(",")]


def _unknown_choice(error: MissingConfigException) -> str:
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    choices = _listed(error.options or ())
    return f"no {group or 'config'} {name!r}" + (f": choose from {choices}" if choices else "")


def _unknown_key(error: Exception) -> str | None:
    cause = _cause(error)
    parent = getattr(cause, "parent_node", None)
    if not isinstance(cause, ConfigKeyError | ConfigAttributeError) or not isinstance(parent, DictConfig):
        return None
    key = str(cause.full_key or cause.key or "")
    where, _, _ = key.rpartition(".")
    config: Any = OmegaConf.to_container(parent._get_root(), resolve=False)
    known = [name for name, value in values_by_key(config).items() if "." not in name or not isinstance(value, dict)]
    known = [name for name in known if not name.startswith("hydra.")]
    if where == "trainer":
        known += [f"trainer.{name}" for name in inspect.signature(pl.Trainer).parameters]
    meant = proposals(key, known)
    if meant:
        return f"no key {key!r}: did you mean {' or '.join(meant)}? (+{key}=... adds one)"
    place = f"in {where}" if where else "at the top"
    return f"no key {key!r}: {place} there are {_listed(str(name) for name in parent)} (+{key}=... adds one)"


def _of_key(error: Exception) -> str:
    """Return the message of an error of OmegaConf behind the key it is about, other messages as they are."""
    cause = _cause(error)
    if not isinstance(cause, OmegaConfBaseException) or not cause.full_key:
        return " ".join(str(error).split())
    return f"{cause.full_key}: {str(cause).splitlines()[0]}"


def _cause(error: Exception) -> BaseException:
    return error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(name for name in names if not name.startswith("_")))
