"""Values that are chosen by the data: `auto` in a config stands for them."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

AUTO = "auto"
UPDATES, UPDATES_WITHOUT_GAIN = 2000, 400
"""Updates of a training, and those after which it stops where the monitored metric has not become better."""

BATCHES_PER_EPOCH, MIN_BATCH_SIZE, MAX_BATCH_SIZE = 20, 8, 64
MIN_EPOCHS, MAX_EPOCHS, MIN_PATIENCE = 4, 200, 5
LONG = 30
"""Steps from which the last output of one direction no longer holds what the first steps said."""

FEW_ROWS, MANY_ROWS = 2000, 10_000


class Amount(NamedTuple):
    """How much there is to train on.

    Attributes:
        rows: of the training split.
        length: of a row, in steps, in the median.
    """

    rows: int
    length: int

    @property
    def batch_size(self) -> int:
        """The largest power of two that leaves twenty batches to an epoch, from 8 to 64."""
        fitting: int = 1 << int(math.log2(max(self.rows / BATCHES_PER_EPOCH, 1)))
        return min(max(fitting, MIN_BATCH_SIZE), MAX_BATCH_SIZE)

    def epochs(self, updates: int, least: int, batch_size: int) -> int:
        """Return how many epochs hold a number of updates."""
        return min(max(math.ceil(updates * batch_size / self.rows), least), MAX_EPOCHS)


class Choice(NamedTuple):
    """How the value of a key is chosen: from the amount of data and the size of a batch."""

    key: str
    choose: Callable[[Amount, int], Any]


def _pooling(amount: Amount, _: int) -> dict[str, Any]:
    name = "Max" if amount.length > LONG else "Last"
    return {"_target_": f"seqmodels.layers.pooling.{name}", "_partial_": True}


def _dropout(amount: Amount, _: int) -> float:
    return 0.5 if amount.rows < FEW_ROWS else 0.3 if amount.rows < MANY_ROWS else 0.0


CHOICES = (
    Choice("data.batch_size", lambda amount, _: amount.batch_size),
    Choice("trainer.max_epochs", lambda amount, size: amount.epochs(UPDATES, MIN_EPOCHS, size)),
    Choice(
        "callbacks.early_stopping.patience",
        lambda amount, size: amount.epochs(UPDATES_WITHOUT_GAIN, MIN_PATIENCE, size),
    ),
    Choice("task.pooling", _pooling),
    Choice("model.bidirectional", lambda amount, _: amount.length > LONG),
    Choice("model.head_dropout", _dropout),
)


def without_auto(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without the values that are chosen by the data, which are right by themselves.

    Example:
        >>> without_auto({"trainer": {"max_epochs": "auto", "accelerator": "auto"}})
        {'trainer': {'accelerator': 'auto'}}
    """
    return _changed(plain, {each.key: None for each in CHOICES}, "")


def chosen_by(plain: Mapping[str, Any], amount: Amount) -> tuple[dict[str, Any], str]:
    """Replace each `auto` by a value that suits the amount of data.

    Few rows are trained on in small batches for many epochs, and stop late: an epoch of one batch is one update. The
    ends of long rows say little of their beginnings, so long rows are read in both directions and pooled over time.

    Args:
        plain: the config, in plain values.
        amount: of data to train on.

    Returns:
        The config with all values, and a line that says what was chosen and why; empty where nothing was.

    Example:
        >>> few = {"data": {"batch_size": "auto"}, "trainer": {"max_epochs": "auto", "precision": 32}}
        >>> chosen_by(few, Amount(rows=36, length=100))[0]
        {'data': {'batch_size': 8}, 'trainer': {'max_epochs': 200, 'precision': 32}}
    """
    given = plain["data"].get("batch_size")
    batch_size = given if isinstance(given, int) else amount.batch_size
    values = {each.key: each.choose(amount, batch_size) for each in CHOICES if _get(plain, each.key) == AUTO}
    if not values:
        return dict(plain), ""
    named = ", ".join(f"{key}={_shown(value)}" for key, value in values.items())
    reason = f"{amount.rows:,} rows, {amount.length:,} steps in the median"
    return _changed(plain, values, ""), f"{named} ({reason}; a value given for a key is taken instead)"


def _get(plain: Any, key: str) -> Any:
    for name in key.split("."):
        plain = plain.get(name) if isinstance(plain, Mapping) else None
    return plain


def _changed(plain: Mapping[str, Any], values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Return a config with `auto` replaced by some values; left out where the value is None."""
    result: dict[str, Any] = {}
    for name, value in plain.items():
        key = prefix + name
        if isinstance(value, Mapping):
            result[name] = _changed(value, values, f"{key}.")
        elif value != AUTO or key not in values:
            result[name] = value
        elif values[key] is not None:
            result[name] = values[key]
    return result


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return str(value["_target_"]).rpartition(".")[2].lower()
    return str(value).lower() if isinstance(value, bool) else str(value)
