"""Log of a training: what it shows on the console, kept as `train.log` in its run folder."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from seqmodels.plain_files import explained
from seqmodels.plain_text import escaped

_logger = logging.getLogger("seqmodels.run_log")
_logger.setLevel(logging.INFO)
_logger.propagate = False


def record(text: str) -> None:
    """Append a text to the log of the training that is running; do nothing outside of one.

    Raises:
        OSError: the log cannot be written.
    """
    _logger.info("%s", text)


@contextmanager
def recording(path: Path) -> Iterator[None]:
    """Append to a file what is recorded until the block ends, and the warnings of the program and of Lightning.

    A resumed training goes on in the same file.

    Args:
        path: of the file; its folder must exist.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "train.log"
        >>> with recording(path):
        ...     record("epoch 1/3")
        >>> path.read_text()
        'epoch 1/3\\n'
    """
    handler, of_warnings = _Appending(path), _Appending(path, logging.WARNING)
    lightning, shown = logging.getLogger("pytorch_lightning"), warnings.showwarning

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        shown(message, category, filename, lineno, file, line)
        record(f"{category.__name__}: {message}")

    _logger.addHandler(handler)
    lightning.addHandler(of_warnings)
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = shown
        lightning.removeHandler(of_warnings)
        _logger.removeHandler(handler)


class _Appending(logging.Handler):
    """Handler that appends lines to a file, which is opened for each: all is there if the process is killed.

    An error of the disk is raised where the line is recorded; those of logging itself would be traces on the terminal.
    """

    def __init__(self, path: Path, level: int = logging.INFO) -> None:
        super().__init__(level)
        self.path = path

    def emit(self, record: logging.LogRecord) -> None:
        """Append a line."""
        with explained(f"write {self.path}"), self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            lines = escaped(record.getMessage()).rstrip("\n").split("\n")
            file.write("".join(f"{line.rstrip()}\n" for line in lines))
