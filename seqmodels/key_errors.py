"""Errors that are about a value of the config, and which key they are about."""

import contextlib
import re
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from pytorch_lightning.trainer import call

from seqmodels.declared_types import is_plain
from seqmodels.failed_expressions import failed_expression, is_raised, names_in, variables_of

MAX_LINE_LENGTH = 300
PACKAGE = str(Path(__file__).parent)
PYTHON_HINTS = (
    (r"\x1b\[[0-9;]*m", ""),
    (r"`Trainer\((.*?)\)`", r"\1"),
    (r"<[\w.]+ object at 0x[0-9a-f]+>", "..."),
    (r"Pass in or modify your `EarlyStopping` callback to use any of the following:", "Choose from"),
    (r"\s*(HINT: .*|Find a complete list of options in our documentation at \S+)$", ""),
)
"""What messages say for people who call Lightning's Trainer in Python, and what stands here instead."""

NO_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "size calculation overflowed",
    "Overflow when unpacking long",
)
"""What torch says where memory cannot be allocated, or a size is beyond all memory."""


class ConfigError(ValueError):
    """Error of a value that a person gave: one line, which names the key where that is known."""


@contextlib.contextmanager
def naming_keys(plain: Mapping[str, Any]) -> Iterator[None]:
    """Turn an error that is about a value of the config into a `ConfigError` that names the key.

    Anything else stays what it is: an error of the program, one that this project has a class for, an `OSError` that
    is not about a value.

    Args:
        plain: the config, in plain values.

    Raises:
        ConfigError: an error in the block is about a value of the config.
    """
    try:
        yield
    except Exception as error:
        of_this_project = type(error).__module__.partition(".")[0] == __name__.partition(".")[0]
        line = None if of_this_project or isinstance(error, AssertionError) else _line_of(plain, error)
        if line is None:
            raise
        raise ConfigError(line) from error


def is_explained(error: BaseException) -> bool:
    """Return whether the message of an error says all that a person needs: it is no error of the program.

    That is a `ConfigError`, what the operating system says, and a `ValueError` that this project raised on purpose,
    about a file for example; in a training, where all values are known to be good, that is an error of the program.
    """
    frames = traceback.extract_tb(error.__traceback__)
    is_message = isinstance(error, ValueError) and bool(frames) and is_raised(frames[-1]) and _is_own(frames[-1])
    return isinstance(error, ConfigError | OSError) or (is_message and not _is_in_trainer(frames))


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory could not be allocated, be it that a size is beyond all memory."""
    is_torch = isinstance(error, RuntimeError | TypeError) and any(reason in str(error) for reason in NO_MEMORY)
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or is_torch


def key_line(key: str, error: Exception, value: Any) -> str:
    """Return the line for an error that is about the value of a key.

    Example:
        >>> key_line("optimizer.lr", ValueError("Invalid learning rate: -1"), -1)
        'optimizer.lr: Invalid learning rate: -1'
        >>> key_line("optimizer.betas", IndexError("list index out of range"), [0.9])
        'optimizer.betas: list index out of range (got [0.9])'
    """
    text = _text_of(error)
    got = "" if _mentions(text, str(value)) else f" (got {shortened(repr(value), 60)})"
    return shortened(f"{key}: {text}", MAX_LINE_LENGTH - len(got)) + got


def shortened(text: str, length: int = MAX_LINE_LENGTH) -> str:
    """Return a text, cut where it is too long."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


def values_by_key(plain: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return all values of a config by dotted names, dictionaries included.

    Example:
        >>> values_by_key({"seed": 1, "model": {"dropout": 0.1}})
        {'seed': 1, 'model': {'dropout': 0.1}, 'model.dropout': 0.1}
    """
    found: dict[str, Any] = {}
    for name, value in plain.items():
        found[f"{prefix}{name}"] = value
        if isinstance(value, Mapping):
            found.update(values_by_key(value, f"{prefix}{name}."))
    return found


def typed_keys() -> list[str]:
    """Return the keys whose values were typed on the command line; none where Hydra does not run."""
    if not HydraConfig.initialized():
        return []
    hydra = HydraConfig.get()
    keys = [each.lstrip("+~").partition("=")[0] for each in hydra.overrides.task]
    return [key for key in keys if key not in hydra.runtime.choices]


def _line_of(plain: Mapping[str, Any], error: Exception) -> str | None:
    """Return the line for an error that is about a value of the config, None for other errors."""
    values, text = values_by_key(plain), _text_of(error)
    if is_out_of_memory(error):
        sizes = ", ".join(f"{key}={values[key]}" for key in ("model.hidden_size", "data.batch_size") if key in values)
        requested = re.search(r"allocate ([\d.]+ \w+)", text)
        amount = f", {requested[1]} were requested" if requested else ""
        return shortened(f"there is not enough memory for {sizes}: smaller values need less of it{amount}")
    first = re.split(r"[\s:]", text)[0]
    if first in values and text.startswith((f"{first}:", f"{first} has no key")):
        return shortened(text)
    key = _Evidence(values, error).key()
    if key is not None:
        return key_line(key, error, values[key])
    return shortened(text) if is_explained(error) and not isinstance(error, OSError) else None


class _Evidence:
    """Evidence of the key that an error is about: its message, and the expressions that failed.

    A value that was typed is taken for wrong wherever its key is named: in the message, or in an expression that
    failed in a library, down to the first line of this project, which passed it. Other values are only where somebody
    raised the error on purpose: an operation that fails on a default value is an error of the program.

    Args:
        values: by key.
        error: as it was caught.
    """

    def __init__(self, values: Mapping[str, Any], error: Exception) -> None:
        self.values, self.message = values, str(error)
        self.typed = {key for key in values for typed in typed_keys() if f"{key}.".startswith(f"{typed}.")}
        frames = traceback.extract_tb(error.__traceback__)
        variables = [variables_of(frame) for frame, _ in traceback.walk_tb(error.__traceback__)]
        own = next((i for i in range(len(frames) - 1, -1, -1) if _is_own(frames[i])), 0)
        self.expressions = [(failed_expression(frames[i]), variables[i]) for i in range(len(frames) - 1, own - 1, -1)]
        self.is_raised, self.is_of_system = is_raised(frames[-1]), isinstance(error, OSError)
        self.has_message = self.is_raised or self.is_of_system or not _is_in_trainer(frames)

    def key(self) -> str | None:
        """Return the key, None where nothing points to one."""
        found = self._named_in_message() or self._with_value_in_message() or self._named_in_expressions()
        found = found or self._with_number_in_message()
        return self._most_likely(found) if found else None

    def _named_in_message(self) -> list[str]:
        if self.is_of_system or not self.has_message:  # What the system says names files, not keys.
            return []
        typed = [key for key in self.typed if _mentions(self.message, _last_name(key))]
        return typed or [key for key in self.values if self.is_raised and _is_quoted(self.message, _last_name(key))]

    def _with_value_in_message(self) -> list[str]:
        if not self.has_message:
            return []
        texts = {key: value for key, value in self.values.items() if isinstance(value, str) and value}
        quoted = [key for key, text in texts.items() if any(f"{q}{text}{q}" in self.message for q in "'`\"")]
        typed = [key for key in self.typed & texts.keys() if len(texts[key]) > 2 and texts[key] in self.message]
        return typed or [key for key in quoted if self.is_raised or key in self.typed]

    def _named_in_expressions(self) -> list[str]:
        for place, (expression, variables) in enumerate(self.expressions):
            same = {name for name in names_in(expression) & variables.keys() if is_plain(variables[name])}
            found = [
                key
                for key, value in self.values.items()
                if (key in self.typed or (self.is_raised and place == 0))
                and _last_name(key) in same
                and repr(variables[_last_name(key)]) == repr(value)
            ]
            if found:
                return found
        return []

    def _with_number_in_message(self) -> list[str]:
        numbers = {key: self.values[key] for key in self.typed if isinstance(self.values[key], int | float)}
        return [key for key, number in numbers.items() if self.is_raised and _mentions(self.message, str(number))]

    def _most_likely(self, keys: list[str]) -> str:
        """Return the typed one, the first in the message, the shortest: longer ones refer to its value."""
        return min(keys, key=lambda key: (key not in self.typed, self._place(key), key.count("."), key))

    def _place(self, key: str) -> tuple[bool, int]:
        """Return whether the value is missing in the message, and where the name is."""
        named = re.search(rf"(?<!\w){re.escape(_last_name(key))}(?!\w)", self.message)
        return not _mentions(self.message, str(self.values[key])), named.start() if named else len(self.message)


def _text_of(error: Exception) -> str:
    """Return the message of an error in one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    for pattern, replacement in PYTHON_HINTS:
        text = re.sub(pattern, replacement, text)
    return text


def _last_name(key: str) -> str:
    return key.rpartition(".")[2]


def _mentions(text: str, word: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


def _is_quoted(text: str, name: str) -> bool:
    """Return whether a message names an argument, and does not only use the word."""
    name = re.escape(name)
    return re.search(rf"[`'\"]{name}[`'\"=]|\b{name}=|^{name} must\b", text) is not None


def _is_own(frame: traceback.FrameSummary) -> bool:
    return frame.filename.startswith(PACKAGE)


def _is_in_trainer(frames: traceback.StackSummary) -> bool:
    """Return whether Lightning trains, validates or tests in one of the frames."""
    return any(frame.filename == call.__file__ for frame in frames)
