"""Plain values against the types that functions and classes declare for their arguments."""

import inspect
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from torch import nn

PLAIN = (bool, int, float, str, NoneType)
CONTAINERS = (Literal, list, tuple, Sequence, Collection, dict, Mapping)
SINGULARS = {int: "a whole number", float: "a number", str: "a text", NoneType: "null"}
PLURALS = {float: "numbers", int: "whole numbers", str: "texts"}


def fits(value: Any, hint: Any) -> bool:
    """Return whether a plain value is of a declared type.

    An integer is a float, too; infinity and NaN are none. Where the type is none of plain values, but a class that is
    no module, any plain value is: a class of one's own may take a text for a path. In a union with types of plain
    values, classes do not count.

    Args:
        value: plain.
        hint: a type, as in an annotation.

    Example:
        >>> fits([64, 32], int | Sequence[int]), fits(True, int), fits("x", Literal["x", "y"]), fits(1, float)
        (True, False, True, True)
        >>> fits("big", float | nn.Module), fits("big", float | Exception), fits("big", Exception)
        (False, False, True)
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(fits(value, each) for each in _members(hint))
    if origin is Literal:
        return any(value == each and type(value) is type(each) for each in arguments)
    if origin is tuple and Ellipsis not in arguments and isinstance(value, list | tuple):
        return len(value) == len(arguments) and all(map(fits, value, arguments))
    if origin in (list, tuple, Sequence, Collection):
        return isinstance(value, list | tuple) and all(fits(item, arguments[0]) for item in value)
    if origin in (dict, Mapping):
        return isinstance(value, Mapping) and all(fits(item, arguments[1]) for item in value.values())
    return _fits_type(value, hint)


def _fits_type(value: Any, hint: Any) -> bool:
    if hint is float:
        return type(value) is int or (type(value) is float and math.isfinite(value))
    if hint in PLAIN:
        return type(value) is hint
    if get_origin(hint) is Callable or (inspect.isclass(hint) and issubclass(hint, nn.Module)):
        return False
    return is_plain(value)


def is_plain(value: Any) -> bool:
    """Return whether a value is a number, a text, or a list or dictionary of such that names nothing to build."""
    if isinstance(value, Mapping):
        return "_target_" not in value and all(map(is_plain, value.values()))
    return type(value) in PLAIN or (isinstance(value, list | tuple) and all(map(is_plain, value)))


def arguments_of(target: Callable[..., Any], given: Collection[str] = ()) -> dict[str, Any]:
    """Return the types of the arguments that a function or class declares, without those that the program passes.

    Of a class that hands further arguments on (`**keywords`), those of its base class count as well.

    Args:
        target: a function or class.
        given: names of arguments that the program passes.
    """
    hints: dict[str, Any] = {}
    for function in _initialisers(target) if isinstance(target, type) else [target]:
        declared, parameters = _hints(function), inspect.signature(function).parameters.values()
        for parameter in parameters:
            if parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                hints.setdefault(parameter.name, declared.get(parameter.name, Any))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {name: hint for name, hint in hints.items() if name not in {"self", *given}}


def check_keys(values: Any, place: str, known: Collection[str], required: Collection[str]) -> None:
    """Check that a value is a dictionary with some keys.

    Raises:
        ValueError: it is none, a key is unknown, or one is missing.
    """
    if not isinstance(values, Mapping):
        raise ValueError(f"{place}: expected a dictionary, got {shown(values)}")
    for name in values:
        if name not in known:
            raise ValueError(f"{place} has no key {shown(name)}: choose from {', '.join(sorted(known)) or 'none'}")
    for name in required:
        if name not in values:
            raise ValueError(f"{place}: the key {name} is missing")


def shown(value: Any) -> str:
    """Return how a value is shown in an error."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def named(hint: Any) -> str:
    """Return how a declared type is shown in an error.

    Example:
        >>> named(int | Sequence[float] | None), named(Literal["a", "b"]), named(bool)
        ('a whole number, a list of numbers or null', "'a' or 'b'", 'true or false')
    """
    words = list(dict.fromkeys(sorted(_alternatives(hint), key="null".__eq__)))
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _members(union: Any) -> list[Any]:
    """Return the types of a union that a plain value can be of."""
    members = [each for each in get_args(union) if each in PLAIN or get_origin(each) in CONTAINERS]
    return members if set(members) - {NoneType} else list(get_args(union))


def _alternatives(hint: Any) -> list[str]:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        kept = [each for each in _members(hint) if not (each is int and float in arguments)]
        return [word for each in kept for word in _alternatives(each)]
    if origin is Literal:
        return [repr(each) for each in arguments]
    if hint is bool:
        return ["true", "false"]
    if origin in (list, tuple, Sequence, Collection):
        count = "" if origin is not tuple or Ellipsis in arguments else f"{len(arguments)} "
        items = _members(arguments[0]) if get_origin(arguments[0]) in (Union, UnionType) else [arguments[0]]
        return [f"a list of {count}{next((word for hint, word in PLURALS.items() if hint in items), 'values')}"]
    if origin in (dict, Mapping):
        return ["a dictionary"]
    return [SINGULARS.get(hint, "a dictionary with `_target_`")]


def _initialisers(target: type) -> list[Callable[..., Any]]:
    """Return the functions that initialise a class, its own first."""
    return [vars(base)["__init__"] for base in target.__mro__ if base is not object and "__init__" in vars(base)]


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function)
    except (NameError, TypeError):  # Annotations that are names of another module.
        return {}
