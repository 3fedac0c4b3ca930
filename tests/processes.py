"""Other processes, forked from a test."""

import os
import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest


def fork(work: Callable[[], None]) -> int:
    """Run a function in another process; gives its number."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork a process")
    process = os.fork()
    if process:
        return process
    try:
        work()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def exit_code(process: int) -> int:
    """Wait for the end of a process; gives its exit code, or the negative number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


@contextmanager
def running(work: Callable[[Callable[[], None]], None]) -> Iterator[int]:
    """Run a function in another process up to where it calls its argument; it is killed when the block ends."""
    read, write = os.pipe()

    def wait() -> None:
        os.write(write, b".")
        signal.pause()

    process = fork(lambda: work(wait))
    os.close(write)
    try:
        assert os.read(read, 1), "the process ended before it waited"
        yield process
    finally:
        os.close(read)
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
