"""Folder for what is written and read back within one call."""

import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from seqmodels.data.write_errors import explain_write_errors
from seqmodels.locked_folders import remove_abandoned, unfinished_folder

PREFIX = "seqmodels-unfinished"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Create an empty folder among the system's temporary files, and remove it at the end.

    What killed processes of the same user have left there is removed first.

    Raises:
        OSError: it cannot be written; names `$TMPDIR`.
    """
    parent = Path(tempfile.gettempdir())
    with suppress(PermissionError):  # some systems let nobody list the folder of temporary files
        remove_abandoned(path for path in parent.iterdir() if _is_ours(path))
    with ExitStack() as stack:
        with explain_write_errors(parent, "TMPDIR"):
            folder, _ = stack.enter_context(unfinished_folder(parent, PREFIX, private=True))
        with explain_write_errors(folder, "TMPDIR"):
            yield folder


def _is_ours(path: Path) -> bool:
    if not re.fullmatch(rf"{PREFIX}-[0-9a-f]{{16}}", path.name):
        return False
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISDIR(status.st_mode) and (os.name != "posix" or status.st_uid == os.getuid())
