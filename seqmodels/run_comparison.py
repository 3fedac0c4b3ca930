"""What a run started from, compared with what it would be resumed with."""

import contextlib
import json
import math
from collections.abc import Mapping
from typing import Any

from seqmodels.run_folder import RunFolder, RunFolderError, RunInputs

# Keys that say how long, where, and what is watched.
FREE_GROUPS = ("resume", "overwrite", "run_dir", "verify", "checkpoint", "callbacks", "on_nan")
FREE_TRAINER_KEYS = (
    "max_epochs",
    "min_epochs",
    "max_steps",
    "min_steps",
    "max_time",
    "log_every_n_steps",
    "enable_progress_bar",
    "enable_checkpointing",
    "accelerator",
    "limit_test_batches",
    "profiler",
    "detect_anomaly",
)
# Of Lightning's callbacks, those that change what is trained.
TRAINING_CALLBACKS = (
    "BackboneFinetuning",
    "BatchSizeFinder",
    "EMAWeightAveraging",
    "GradientAccumulationScheduler",
    "LearningRateFinder",
    "ModelPruning",
    "StochasticWeightAveraging",
    "WeightAveraging",
)
MAX_SHOWN = 80  # characters of a value
MISSING = object()


def compare(before: RunInputs, now: RunInputs) -> None:
    """Check that a run can be resumed: that its config, its data and their spec are what it started from.

    Keys that say how long, where and what is watched may differ, and so may `data.path` where the data are equal.

    Args:
        before: what the run started from; a digest or a spec of None is not compared.
        now: what it would be resumed with.

    Raises:
        RunFolderError: naming the first key that differs, with both values.

    Example:
        >>> compare(RunInputs({"model": {"hidden_size": 8}}), RunInputs({"model": {"hidden_size": 16}}))
        Traceback (most recent call last):
            ...
        seqmodels.run_folder.RunFolderError: model.hidden_size is 16 here and 8 in the run: ...
    """
    ran, given = _flat(before.config), _flat(now.config)
    changing = _training_callbacks(before.config) | _training_callbacks(now.config)
    key = next((key for key in _differing(ran, given) if not _is_free(key, changing)), None)
    if key is not None:
        raise _refusal(_difference(key, ran, given))
    if before.digest is not None and before.digest != now.digest:
        path = next((f" ({_difference(key, ran, given)})" for key in _differing(ran, given) if _is_path(key)), "")
        raise _refusal(f"the digest of the data differs from the run's{path}")
    if before.spec is not None:
        ran, given = _spec(before), _spec(now)
        for key in _differing(ran, given):
            raise _refusal(_difference(key, ran, given))


def finished(folder: RunFolder, config: Mapping[str, Any]) -> str | None:
    """Return that a run is finished and which key lets it go on; None if it goes on with a config.

    Args:
        folder: of a run that would be resumed.
        config: what it would be resumed with.
    """
    if not folder.is_finished():
        return None
    status = folder.read_status()
    limit = status.get("limit") or "trainer.max_epochs"
    before, now = (_flat(each).get(limit) for each in (folder.read_config(), config))
    if _is_more(now, before):
        return None
    reason = f": {status['reason']}" if status.get("reason") else ""
    more = f"<more than {_text(before)}>" if _is_number(before) else "<more>"
    return f"the run in {folder.path} is finished{reason}; {limit}={more} goes on with it"


def _is_more(now: Any, before: Any) -> bool:
    """Return whether a limit is higher than another; None and -1 are no limits, durations are texts."""
    if now in (None, -1) or before in (None, -1):
        return not _equal(now, before)
    if _is_number(now) and _is_number(before):
        return bool(now > before)
    return not _equal(now, before)


def _difference(key: str, ran: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    """Return in a few words how the value of a key differs."""
    if max(len(_text(values.get(key))) for values in (ran, given)) > MAX_SHOWN:
        before, now = _entries(ran.get(key)), _entries(given.get(key))
        if max(len(before), len(now)) > 1:
            number, count = len(_differing(before, now)), len(before.keys() | now.keys())
            return f"{key} differs from the run's in {number:,} of {count:,} entries"
    return f"{key} is {_shown(given, key)} here and {_shown(ran, key)} in the run"


def _refusal(difference: str) -> RunFolderError:
    return RunFolderError(f"{difference}: resume with what the run started from, or replace it with overwrite=true")


def _is_free(key: str, changing: set[str]) -> bool:
    group, _, rest = key.partition(".")
    if group == "callbacks" and rest.partition(".")[0] in changing:
        return False
    return group in FREE_GROUPS or _is_path(key) or (group == "trainer" and rest in FREE_TRAINER_KEYS)


def _is_path(key: str) -> bool:
    return key == "data.path" or key.startswith("data.path.")


def _training_callbacks(config: Mapping[str, Any]) -> set[str]:
    """Return the names of the callbacks in a config that change what is trained."""
    callbacks = config.get("callbacks") or {}
    targets = {name: node.get("_target_", "") for name, node in callbacks.items() if isinstance(node, Mapping)}
    return {name for name, target in targets.items() if str(target).rpartition(".")[2] in TRAINING_CALLBACKS}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the keys whose values differ, in the order of `now`; those that are only in `before` come last."""
    keys = [*now, *(key for key in before if key not in now)]
    return [key for key in keys if not _equal(before.get(key, MISSING), now.get(key, MISSING))]


def _equal(a: Any, b: Any) -> bool:
    """Return whether plain values are equal; 1 is 1.0 but not true, a tuple is a list, NaN is NaN."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, float) and isinstance(b, float) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested values by dotted names; lists and empty mappings are values."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        flat.update(_flat(value, f"{key}.") if isinstance(value, Mapping) and value else {key: value})
    return flat


def _entries(value: Any) -> dict[str, Any]:
    """Return what a value consists of: the entries of a list, a mapping or JSON (a vocabulary), else the value."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        with contextlib.suppress(ValueError):  # It only looks like JSON.
            value = json.loads(value)
    if isinstance(value, list):
        value = dict(enumerate(value))
    if not isinstance(value, Mapping):
        return {"": value}
    nested = {str(name): _entries(entry) for name, entry in value.items()}
    return {f"{name}.{inner}": leaf for name, entries in nested.items() for inner, leaf in entries.items()}


def _spec(inputs: RunInputs) -> dict[str, Any]:
    """Return the spec of the data by dotted names, with the values that a JSON file holds."""
    return _flat(json.loads(json.dumps(inputs.spec or {})), "spec.")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _shown(values: Mapping[str, Any], key: str) -> str:
    text = _text(values[key]) if key in values else "not set"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]} ... {text[-MAX_SHOWN // 2 :]}"
