"""Signals that ask a process to stop, noticed where it is safe to stop."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
STANDARD_ERROR = 2


class Interrupted(BaseException):
    """Stops a training or a test between two batches, after a signal.

    No `Exception`: code that handles errors must not mistake it for one.

    Args:
        received: the signal.
        place: where the training or the test was, in words.
    """

    def __init__(self, received: signal.Signals, place: str) -> None:
        super().__init__(f"interrupted by {received.name} {place}")
        self.received = received


class SignalFlag:
    """Flag that SIGINT (Ctrl-C) and SIGTERM set; the second signal ends the process at once.

    Python runs a handler between any two instructions. One that raises can leave a lock held or a file half written,
    so this one only takes a note.

    Attributes:
        received: the first signal, or None.

    Example:
        >>> flag = SignalFlag()
        >>> flag(signal.SIGTERM)
        >>> flag.received.name
        'SIGTERM'
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None

    def install(self) -> None:
        """Handle the signals, where Python lets a thread do that: in the main one."""
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                signal.signal(number, self)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals until the block ends."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        self.install()
        try:
            yield
        finally:
            for number, handler in before.items():
                if handler is not None and threading.current_thread() is threading.main_thread():
                    signal.signal(number, handler)

    def __call__(self, number: int, frame: FrameType | None = None) -> None:  # noqa: ARG002
        """Take a note of the first signal; let the second have its default effect."""
        if self.received is not None:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        self.received = signal.Signals(number)
        if number == signal.SIGINT:
            # Without Python's buffer: a handler may interrupt a write of the same stream.
            os.write(STANDARD_ERROR, b"\nstopping after this batch; Ctrl-C again ends at once\n")
