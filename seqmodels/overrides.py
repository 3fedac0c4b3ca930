"""Overrides, `key=value` on the command line: how Hydra reads them, and what was probably meant."""

import difflib
import inspect
import re
import shlex
from collections.abc import Collection, Iterable

import pytorch_lightning as pl
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

MAX_PROPOSALS = 3
OTHER_NAMES = {"learning_rate": "lr", "epochs": "max_epochs", "num_epochs": "max_epochs", "layers": "num_layers"}
"""What other programs call a key, and its last name here."""

BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
FLAGS = ("resume", "overwrite", "verify")
"""Keys of booleans that belong to no group."""


def quoted(override: str) -> str:
    r"""Return `key=value` with the value quoted for Hydra, where its grammar gives a character of it a meaning.

    Example:
        >>> quoted("data.path=~/my reviews.csv")
        'data.path="~/my reviews.csv"'
        >>> quoted("data.path=reviews.csv")
        'data.path=reviews.csv'
    """
    key, _, value = override.partition("=")
    if re.fullmatch(r"[\w./:-]*", value, re.ASCII):
        return override
    escaped = re.sub(r'(\\*)(?="|$)', lambda match: match[1] * 2, value).replace('"', '\\"')
    return f'{key}="{escaped}"'


def quoted_for_shell(override: str) -> str | None:
    """Return a typed `key=value` as it can be pasted into a shell, with the value as plain text.

    None where something else was meant: a list, a dictionary, a text that is not closed.

    Example:
        >>> quoted_for_shell("data.path=~/my reviews.csv")
        '\\'data.path="~/my reviews.csv"\\''
    """
    key, equals, value = override.partition("=")
    is_key = equals and re.fullmatch(r"[+~]*[\w./@:-]+", key, re.ASCII)
    if not is_key or value.startswith(("[", "{", '"', "'")):  # A list, a dictionary or a text that is not closed.
        return None
    proposed = quoted(override)
    try:
        OverridesParser.create().parse_override(proposed)
    except HydraException:
        return None
    return shlex.quote(proposed)


def with_new_keys(arguments: Iterable[str]) -> list[str]:
    """Return the arguments of a command line, so that every argument of Lightning's Trainer is a key.

    So is every key within a dictionary that is given for a key of `data`. Hydra takes `key=value` only for keys of the
    config, and those beyond it as `++key=value`. Whether there are such keys is checked later.

    Example:
        >>> with_new_keys(["trainer.fast_dev_run=true", "trainer.max_epoch=2", "data.path={train: a.csv}"])
        ['++trainer.fast_dev_run=true', 'trainer.max_epoch=2', '++data.path={train: a.csv}']
    """
    names = "|".join(inspect.signature(pl.Trainer).parameters)
    new = re.compile(rf"trainer\.({names})=|data\.[\w.]+=\{{")
    return [f"++{argument}" if new.match(argument) else argument for argument in arguments]


def with_booleans(arguments: Iterable[str]) -> list[str]:
    """Return the arguments of a command line with `yes`, `no`, `on` and `off` as the booleans they are in a YAML file.

    Hydra reads them as texts. The choice of a config group (`model=gru`) and what is quoted stay as they are.

    Example:
        >>> with_booleans(["model.bidirectional=no", "resume=On", "task=off", "model.bidirectional=yes,false"])
        ['model.bidirectional=false', 'resume=true', 'task=off', 'model.bidirectional=true,false']
    """
    read = []
    for argument in arguments:
        key, equals, value = argument.partition("=")
        words = [BOOLEANS.get(word.lower(), word) for word in value.split(",")]
        is_boolean = equals and ("." in key or key in FLAGS) and {*words} <= {*BOOLEANS.values()}
        read.append(f"{key}={','.join(words)}" if is_boolean else argument)
    return read


def as_typed(override: str) -> str:
    """Return an override as a person types it: the inverse of `with_new_keys`.

    Example:
        >>> as_typed("++trainer.fast_dev_run=true")
        'trainer.fast_dev_run=true'
    """
    bare = override.removeprefix("++")
    return bare if with_new_keys([bare]) == [override] else override


def proposals(key: str, keys: Collection[str]) -> list[str]:
    """Return the keys that were probably meant by an unknown one: of the same last name, or spelled alike.

    Example:
        >>> proposals("lr", ["optimizer.lr", "model.dropout"]), proposals("model.dropuot", ["model.dropout"])
        (['optimizer.lr'], ['model.dropout'])
    """
    last_names: dict[str, list[str]] = {}
    for each in keys:
        last_names.setdefault(each.rpartition(".")[2], []).append(each)
    name = key.rpartition(".")[2]
    alike = [
        *last_names.get(OTHER_NAMES.get(name, name), ()),
        *difflib.get_close_matches(key, keys, cutoff=0.8),
        *(each for near in difflib.get_close_matches(name, last_names, cutoff=0.75) for each in last_names[near]),
    ]
    return list(dict.fromkeys(alike))[:MAX_PROPOSALS]
