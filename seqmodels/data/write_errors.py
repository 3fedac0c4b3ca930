"""Full disks and folders that cannot be written, in one line that says what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EROFS)


class WriteError(OSError):
    """A folder that cannot be written: why, and which environment variable chooses another one."""


@contextmanager
def explain_write_errors(folder: Path, variable: str) -> Iterator[None]:
    """Turn the errors of writing within a folder into one that names the folder.

    Errors of reading files elsewhere pass through.

    Args:
        folder: whose files are written in the block.
        variable: the environment variable that chooses the folder.

    Raises:
        WriteError: the disk is full, or the folder cannot be written.
    """
    try:
        yield
    except WriteError:
        raise
    except OSError as error:
        # NumPy says in words only how much of an array could be written.
        is_numpy = error.errno is None and "requested and" in str(error)
        if not (is_numpy or error.errno in FULL or _is_within(error, folder)):
            raise
        reason = f"the disk is full ({error})" if is_numpy else error.strerror or str(error)
        raise WriteError(
            f"cannot write to {folder}: {reason}; set ${variable} to a folder that has room and can be written"
        ) from error


def _is_within(error: OSError, folder: Path) -> bool:
    """Return whether the error names something in the folder, or one that the folder should be created in."""
    paths = [Path(str(name)) for name in (error.filename, error.filename2) if name is not None]
    return any(path.is_relative_to(folder) or folder.is_relative_to(path) for path in paths)
