"""What becomes of a row that cannot be read."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

OnError = Literal["stop", "skip"]


class RowErrors:
    """Lets a bad row stop everything with its place, or skips and counts it.

    Attributes:
        skipped: number of rows.
        first: what was wrong with the first of them, and where.

    Args:
        on_error: `"stop"` or `"skip"`.

    Raises:
        ValueError: `on_error` is neither.

    Example:
        >>> errors = RowErrors("skip")
        >>> for place, text in [("a.txt:1", "7"), ("a.txt:2", "seven")]:
        ...     with errors.at(place):
        ...         print(int(text))
        7
        >>> errors.describe()
        "1 skipped, the first: a.txt:2: invalid literal for int() with base 10: 'seven'"
    """

    def __init__(self, on_error: OnError = "stop") -> None:
        if on_error not in ("stop", "skip"):
            raise ValueError(f"on_error must be 'stop' or 'skip', got {on_error!r}")
        self.on_error = on_error
        self.skipped = 0
        self.first = ""

    @contextmanager
    def at(self, place: str) -> Iterator[None]:
        """Around what reads one row: a `ValueError` gets the place in front, or is counted and dropped."""
        try:
            yield
        except ValueError as error:
            located = f"{place}: {error}"
            if self.on_error == "stop":
                raise ValueError(located) from error
            self.skipped += 1
            self.first = self.first or located

    def describe(self) -> str:
        """One line for the summary of a run; empty if nothing was skipped."""
        return f"{self.skipped:,} skipped, the first: {self.first}" if self.skipped else ""

    def summary(self) -> dict[str, str]:
        """That line under its name; nothing if nothing was skipped."""
        return {"skipped": self.describe()} if self.skipped else {}


def one_line(error: Exception) -> str:
    """What is wrong, without what further lines may say.

    Example:
        >>> one_line(EOFError()), one_line(ValueError("no header:\\n- not gzip"))
        ('EOFError', 'no header')
    """
    return (str(error) or type(error).__name__).splitlines()[0].rstrip(":")
