"""Traces of errors of the program, kept for whoever mends them."""

import platform
import shlex
import sys
import traceback
from importlib.metadata import version
from pathlib import Path

from seqmodels.atomic_files import atomic_write


def report_bug(error: Exception, log: Path) -> str:
    """Write the trace of an error to a log file, and return the line that names both.

    Where the file cannot be written, the trace goes to standard error.

    Args:
        error: an error that no value of a person explains.
        log: path of the file.
    """
    packages = ("torch", "pytorch-lightning", "hydra-core", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    system = f"Python {platform.python_version()}, {platform.platform()}"
    trace = "".join(traceback.format_exception(error))
    text = f"{shlex.join(sys.argv)}\n{versions}, {system}\n\n{trace}"
    message = " ".join(str(error).split())
    line = f"{type(error).__name__}: {message[:200]}" if message else type(error).__name__
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(log) as file:
            file.write(text.encode(errors="backslashreplace"))
    except OSError:
        sys.stderr.write(text)
        return f"{line}; the trace is above, as {log} cannot be written"
    return f"{line}; the trace is in {log}"
