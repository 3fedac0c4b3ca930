"""How a training ended that did not end well, kept in its run folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from seqmodels import console
from seqmodels.callbacks.signals import Interrupted
from seqmodels.run_folder import RunFolder
from seqmodels.run_log import record, recording


@contextmanager
def recorded_end(folder: RunFolder) -> Iterator[None]:
    """Keep in the run folder how the block ended, where it did not end well."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, OSError) and error.strerror and not error.filename:
            error.filename = str(folder.path)  # TensorBoard's writer does not say where it wrote.
        stopped = isinstance(error, Interrupted | KeyboardInterrupt)
        reason = str(error).split("\n")[0] or type(error).__name__
        try:
            folder.set_state("interrupted" if stopped else "failed", reason)
            with recording(folder.train_log):
                record(reason)
        except OSError:
            console.note(f"{folder.status} could not be written")
        raise
