"""The expression that failed in a frame of a traceback, and the names in it."""

import ast
import linecache
from collections.abc import Mapping
from traceback import FrameSummary
from types import FrameType
from typing import Any


def failed_expression(frame: FrameSummary) -> str:
    """Return the source of the expression, or the statement, that failed in a frame; empty if there is no source.

    Example:
        >>> import traceback
        >>> from pytorch_lightning.callbacks import ModelCheckpoint
        >>> try:
        ...     ModelCheckpoint(mode="up")
        ... except Exception as error:
        ...     failed_expression(traceback.extract_tb(error.__traceback__)[-1])[:31]
        'raise MisconfigurationException'
    """
    if frame.lineno is None or frame.end_lineno is None:
        return ""
    # Columns count bytes.
    lines = [linecache.getline(frame.filename, n).encode() for n in range(frame.lineno, frame.end_lineno + 1)]
    lines[-1] = lines[-1][: frame.end_colno]
    lines[0] = lines[0][frame.colno :]
    return b"".join(lines).decode(errors="replace")


def is_raised(frame: FrameSummary) -> bool:
    """Return whether an error was raised by a statement of Python in this frame, not by an operation that failed."""
    return failed_expression(frame).startswith("raise ")


def names_in(expression: str) -> set[str]:
    """Return the names of variables and attributes in a piece of source, not the words in its texts.

    Example:
        >>> sorted(names_in("self.patch < 1")), sorted(names_in('raise ValueError(f"rate: {lr}")'))
        (['patch', 'self'], ['ValueError', 'lr'])
    """
    try:
        nodes = list(ast.walk(ast.parse(expression)))
    except SyntaxError:
        return set()
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def variables_of(frame: FrameType) -> Mapping[str, Any]:
    """Return the variables of a frame, and the attributes of the object whose method it is."""
    return {**getattr(frame.f_locals.get("self"), "__dict__", {}), **frame.f_locals}
