"""Callback that sends a signal to its own process, at an exact place of a training or a test."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytorch_lightning as pl

from seqmodels import atomic_files

HOOKS = (
    "on_fit_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
    "on_before_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
    "on_validation_start",
    "on_validation_batch_end",
    "on_validation_end",
    "on_train_epoch_end",
    "on_train_end",
    "on_fit_end",
    "on_test_start",
    "on_test_batch_end",
    "on_test_end",
)
WRITES = ("before_flush", "before_rename", "after_rename")
"""Places in the writing of a file, checkpoints above all."""


class KillAt(pl.Callback):
    """A signal at the n-th time that a place is reached.

    Args:
        place: one of `HOOKS` or `WRITES`.
        number: which time, from 1.
        received: name of the signal.
    """

    def __init__(self, place: str, number: int, received: str) -> None:
        self.number, self.received = number, signal.Signals[received]
        if place in WRITES:
            _around_writes(place, self.count)
        else:
            setattr(self, place, self.count)

    def count(self, *_: Any) -> None:
        """Send the signal, if it is time."""
        self.number -= 1
        if not self.number:
            os.kill(os.getpid(), self.received)


def _around_writes(place: str, count: Callable[[], None]) -> None:
    """Call a function at a place in each write of a file."""
    flush, rename = atomic_files.os.fsync, atomic_files.Path.replace

    def flushing(handle: int) -> None:
        if place == "before_flush":
            count()
        flush(handle)

    def renaming(path: Any, target: Any) -> Any:
        if place == "before_rename":
            count()
        renamed = rename(path, target)
        if place == "after_rename":
            count()
        return renamed

    atomic_files.os.fsync = flushing  # type: ignore[assignment]
    atomic_files.Path.replace = renaming  # type: ignore[method-assign, assignment]
