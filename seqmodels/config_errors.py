"""Hydra's and OmegaConf's complaints, in one line that lists what would have been right."""

import contextlib
from collections.abc import Iterable, Iterator

from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from seqmodels.console import fail


@contextlib.contextmanager
def config_errors() -> Iterator[None]:
    """Turn an error in the config or on the command line into one line and exit code 2."""
    try:
        yield
    except MissingConfigException as error:
        fail(_unknown_choice(error))
    except (HydraException, OmegaConfBaseException) as error:
        fail(_unknown_key(error) or str(error))
    except KeyboardInterrupt:
        fail("interrupted before the training began: nothing was kept")


def _unknown_choice(error: MissingConfigException) -> str:
    group, _, name = (error.missing_cfg_file or "").rpartition("/")
    return f"no {group or 'config'} {name!r}: choose from {_listed(error.options or ())}"


def _unknown_key(error: Exception) -> str | None:
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    parent = getattr(cause, "parent_node", None)
    if not isinstance(parent, DictConfig):
        return None
    key = str(getattr(cause, "full_key", "") or getattr(cause, "key", ""))
    where, _, _ = key.rpartition(".")
    place = f"in {where}" if where else "at the top"
    return f"no key {key!r}: {place} there are {_listed(str(name) for name in parent)} (+{key}=... adds one)"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(name for name in names if not name.startswith("_")))
