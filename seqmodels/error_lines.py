"""Errors on standard error: one line each, and exit code 2."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import NoReturn

from seqmodels.plain_text import escaped


def report(message: str) -> None:
    """Print in one line what is wrong; control characters are shown as escape sequences."""
    sys.stderr.write(f"seqmodels: {escaped(' '.join(message.split()))}\n")


def fail(message: str) -> NoReturn:
    """Print in one line what is wrong, and exit with code 2."""
    report(message)
    raise SystemExit(2)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what a person can mend (a bad value, file or checkpoint) into one line and exit code 2.

    The environment variable SEQMODELS_TRACEBACK=1 shows the whole trace.
    """
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("SEQMODELS_TRACEBACK") == "1":
            raise
        fail(str(error))
