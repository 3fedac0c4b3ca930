"""Files of plain values: YAML and JSON, written as a whole or not at all."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from seqmodels.atomic_files import atomic_write

# PyYAML takes 1e-3 for a text, YAML 1.2 and OmegaConf take it for a number.
_EXPONENT = re.compile(r"[-+]?(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)[eE][-+]?\d+")
# PyYAML reads these line breaks as spaces, unless they are escaped in double quotes.
_BREAKS = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    """Dumper that repeats a value which occurs twice: a reference is hard to read."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True

    def represent_str(self, data: str) -> Any:
        style = '"' if _BREAKS.search(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Loader that reads numbers as YAML 1.2 defines them."""


_Dumper.add_representer(str, _Dumper.represent_str)
for _class in (_Dumper, _Loader):
    _class.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))


def write_yaml(path: Path, values: Mapping[str, Any]) -> None:
    """Write plain values as YAML, keys in order.

    Texts that some reader takes for another value (`no`, `1e3`) are quoted.

    Raises:
        OSError: the file cannot be written; what was there before stays.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "config.yaml"
        >>> write_yaml(path, {"lr": 1e-05, "name": "1e3", "answer": "no", "sizes": [8, None]})
        >>> print(path.read_text(), end="")
        lr: 1.0e-05
        name: '1e3'
        answer: 'no'
        sizes:
        - 8
        - null
    """
    text: str = yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=math.inf)
    write_text(path, text)


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write plain values as JSON. Infinity and NaN, which JSON does not have, become null.

    Raises:
        OSError: the file cannot be written; what was there before stays.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "metrics.json"
        >>> write_json(path, {"loss": float("nan"), "epochs": 3})
        >>> read_mapping(path)
        {'loss': None, 'epochs': 3}
    """
    write_text(path, json.dumps(_finite(values), indent=2, allow_nan=False) + "\n")


def read_mapping(path: Path) -> dict[str, Any]:
    """Return the plain values of a YAML or JSON file.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file does not hold a mapping; the message is one line that names it.
    """
    text = path.read_bytes()
    try:
        values = json.loads(text) if path.suffix == ".json" else yaml.load(text, Loader=_Loader)
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} is damaged: expected names and values, got {type(values).__name__}")
    return values


@contextmanager
def explained(attempt: str) -> Iterator[None]:
    """Let an `OSError` say what was attempted: one of a full disk does not even name the file.

    Args:
        attempt: what follows "cannot", `"write metrics.json"` for example.
    """
    try:
        yield
    except OSError as error:
        failed = type(error)(f"cannot {attempt}: {error.strerror or error}")
        failed.errno = error.errno
        raise failed from error


def write_text(path: Path, text: str) -> None:
    """Write a text; raise `OSError` if that fails, and keep what was there."""
    with explained(f"write {path}"), atomic_write(path) as file:
        file.write(text.encode(errors="backslashreplace"))


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
