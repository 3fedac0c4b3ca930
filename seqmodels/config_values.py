"""Values of a config against what takes them, before data are read and anything is built."""

import inspect
import warnings
from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import Any, Literal

import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers.logger import DummyLogger
from pytorch_lightning.strategies import ParallelStrategy
from torch import nn

from seqmodels.assembly import instantiate
from seqmodels.callbacks import LastCheckpoint
from seqmodels.callbacks.non_finite import OnNan
from seqmodels.data import SequenceData
from seqmodels.declared_types import arguments_of, check_keys, fits, is_plain, named, shown
from seqmodels.key_errors import ConfigError, key_line, naming_keys, shortened, values_by_key
from seqmodels.kinds import import_name

GROUPS = ("data", "model", "task", "optimizer", "scheduler", "trainer", "callbacks", "checkpoint")

TYPES: dict[str, Any] = {
    "seed": int,
    "resume": bool,
    "overwrite": bool,
    "on_nan": OnNan,
    "task.monitor": str,
    "task.mode": Literal["min", "max"],
    "trainer.log_every_n_steps": int,
}
"""Types of values that several objects get, or the program itself; none of them may be missing."""

RANGES: dict[str, tuple[float, float]] = {
    "seed": (0, 2**32 - 1),
    "callbacks.early_stopping.patience": (0, inf),
    "data.max_length": (1, inf),
    "data.steps": (1, inf),
    "model.embedding_size": (1, inf),
    "task.mapping.max_length": (1, inf),
    "task.mapping.num_beams": (1, inf),
    "task.objective.label_smoothing": (0, 1),
    "trainer.accumulate_grad_batches": (1, inf),
    "trainer.check_val_every_n_epoch": (1, inf),
    "trainer.gradient_clip_val": (0, inf),
    "trainer.log_every_n_steps": (1, inf),
    "trainer.min_epochs": (0, inf),
    "trainer.min_steps": (0, inf),
    "trainer.num_sanity_val_steps": (-1, inf),
}
"""Least and greatest values of numbers that are not checked by what takes them, or late: Lightning divides by some."""

SET_BY_THE_RUN = ("logger", "callbacks", "default_root_dir", "enable_model_summary", "plugins")


def check_values(plain: Mapping[str, Any]) -> None:
    """Check the values of a config: their types, and whether a trainer and an optimizer can be built with them.

    Nothing is written, and no data are read. `model` and `task` are checked by `build_mapping`.

    Args:
        plain: the config, in plain values.

    Raises:
        ConfigError: a value is wrong; the line names its key.
    """
    values = values_by_key(plain)
    for group in GROUPS:
        if not isinstance(plain.get(group), Mapping):
            raise ConfigError(f"{group}: expected a dictionary, got {shown(plain.get(group))}")
    for key, hint in TYPES.items():
        if key not in values:
            raise ConfigError(f"{key}: expected {named(hint)}, got nothing")
        _check_value(values[key], hint, key)
    for name in SET_BY_THE_RUN:
        if f"trainer.{name}" in values:
            raise ConfigError(
                f"trainer.{name}: expected no value, as a run sets it, got {shown(plain['trainer'][name])}"
            )
    _check_arguments(plain["trainer"], "trainer", pl.Trainer, given=SET_BY_THE_RUN)
    _check_arguments(plain["checkpoint"], "checkpoint", LastCheckpoint, given=("path",))
    _check_node(plain["data"], "data", SequenceData)
    _check_node(plain["optimizer"], "optimizer", torch.optim.Optimizer, given=("params",))
    _check_node(plain["scheduler"], "scheduler", given=("optimizer", "total_steps"))
    for name, node in plain["callbacks"].items():
        if node:
            _check_node(node, f"callbacks.{name}", pl.Callback)
    _check_ranges(values)
    _try_trainer(plain["trainer"])
    with naming_keys(plain):
        _try_optimizer(plain)


def _check_node(node: Any, place: str, base: type | None = None, given: Collection[str] = ()) -> None:
    """Check what a dictionary with `_target_` names, and the values that it is called with.

    Args:
        node: the dictionary.
        place: its key.
        base: the class that belongs there; None for any class or function.
        given: names of the arguments that the program passes, to what is built later.
    """
    if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
        raise ConfigError(
            f"{place}: expected a dictionary with `_target_`, the name of a class or function, got {shown(node)}"
        )
    try:
        target = import_name(node["_target_"])
    except ValueError as error:
        raise ConfigError(f"{place}._target_: {error}") from error
    is_wrong_class = base is not None and isinstance(target, type) and not issubclass(target, base)
    if is_wrong_class or not callable(target):
        kind = "a class or function" if base is None else f"a subclass of {base.__name__}"
        raise ConfigError(f"{place}._target_: expected the name of {kind}, got {node['_target_']!r}")
    partial = node.get("_partial_", False)
    if not isinstance(partial, bool) or (given and not partial):
        raise ConfigError(f"{place}._partial_: expected {'true' if given else 'true or false'}, got {shown(partial)}")
    values = {name: value for name, value in node.items() if name not in ("_target_", "_partial_")}
    _check_arguments(values, place, target, given, is_complete=not partial)


def _check_arguments(
    values: Any, place: str, target: Callable[..., Any], given: Collection[str] = (), *, is_complete: bool = False
) -> None:
    """Check the arguments of a call against the signature of what is called, where it has one."""
    try:
        hints, parameters = arguments_of(target, given), inspect.signature(target).parameters
    except ValueError:  # Of a function in C.
        return
    required = [name for name, each in parameters.items() if each.default is each.empty and name in hints]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    try:
        known = {*hints, *values} if takes_any and isinstance(values, Mapping) else hints
        check_keys(values, place, known, required if is_complete else ())
    except ValueError as error:
        raise ConfigError(shortened(str(error))) from error
    for name, value in values.items():
        _check_value(value, hints.get(name, Any), f"{place}.{name}")


def _check_value(value: Any, hint: Any, place: str) -> None:
    """Check a value, and what it names, against the type of an argument."""
    if isinstance(value, Mapping) and "_target_" in value:
        _check_node(value, place)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            _check_value(each, Any, f"{place}.{name}")
    if is_plain(value) and not fits(value, hint):
        raise ConfigError(f"{place}: expected {named(hint)}, got {shown(value)}")


def _check_ranges(values: Mapping[str, Any]) -> None:
    for key, (least, greatest) in RANGES.items():
        value = values.get(key)
        if isinstance(value, int | float) and not least <= value <= greatest:
            limits = f"at least {least}" if greatest == inf else f"{least} to {greatest}"
            raise ConfigError(f"{key}: expected {limits}, got {value}")
    interval = values.get("trainer.val_check_interval")
    if isinstance(interval, int | float) and interval <= 0:
        raise ConfigError(f"trainer.val_check_interval: expected more than 0, got {interval}")


def _try_trainer(values: Mapping[str, Any]) -> None:
    """Build a trainer as a trial; where that fails, name the value without which it would not."""
    trainer = _trainer(values)
    if isinstance(trainer, pl.Trainer):
        _check_processes(trainer, values)
        return
    for name, value in values.items():
        if isinstance(_trainer({other: each for other, each in values.items() if other != name}), pl.Trainer):
            raise ConfigError(key_line(f"trainer.{name}", trainer, value)) from trainer
    raise ConfigError(shortened(f"trainer: {' '.join(str(trainer).split())}")) from trainer


def _trainer(values: Mapping[str, Any]) -> pl.Trainer | Exception:
    """Return a trainer, or the error that it fails with, whose class can be any."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pl.Trainer(**values, logger=DummyLogger(), enable_model_summary=False)
    except Exception as error:
        return error


def _check_processes(trainer: pl.Trainer, values: Mapping[str, Any]) -> None:
    """Check that one process trains: the batches of an epoch are drawn in it, and not shared with others."""
    names = {"devices": trainer.num_devices > 1, "num_nodes": trainer.num_nodes > 1}
    names["strategy"] = isinstance(trainer.strategy, ParallelStrategy)
    for name in (name for name, has_processes in names.items() if has_processes):
        expected = "a strategy for one device" if name == "strategy" else "1"
        raise ConfigError(
            f"trainer.{name}: expected {expected}, as the batches are drawn in one process, "
            f"got {shown(values.get(name, 'auto'))}; -m trains several models, each in a run of its own"
        )


def _try_optimizer(plain: Mapping[str, Any]) -> None:
    """Build the optimizer and its schedule as a trial, over two numbers."""
    first, second = (nn.Parameter(torch.zeros(1, 1)) for _ in range(2))
    make_optimizer, make_scheduler = instantiate(plain["optimizer"]), instantiate(plain["scheduler"])
    optimizer = make_optimizer([{"params": [first]}, {"params": [second], "weight_decay": 0.0}])
    make_scheduler(optimizer, 100)
