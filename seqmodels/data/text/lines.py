"""The lines of a text file, each with its place, of which a bad one can be left out."""

import codecs
import zlib
from collections.abc import Iterator
from pathlib import Path

from seqmodels.data.files import open_bytes


def numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """The place and the bytes of each line, plain or gzip, with its line end; a byte order mark is dropped.

    Args:
        path: of the file.

    Raises:
        ValueError: the file cannot be read, or not to its end.
    """
    try:
        with open_bytes(path) as file:
            for number, line in enumerate(file, start=1):
                yield f"{path}:{number}", line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def decoded(line: bytes) -> str:
    """A line as text.

    Raises:
        ValueError: it is not UTF-8.

    Example:
        >>> decoded(b"caf\\xe9")
        Traceback (most recent call last):
        ValueError: not UTF-8 text: byte 0xe9, unexpected end of data
    """
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: byte 0x{line[error.start]:02x}, {error.reason}") from error
