"""Where a data file lies, and what is in it: lines of text, or other files."""

import codecs
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from seqmodels.data.download import download, extract
from seqmodels.data.downloaded import is_usable
from seqmodels.data.row_errors import one_line

Source = str | os.PathLike[str] | Mapping[str, str]
"""A path; or a file that can be downloaded: its name, url, sha256 and, if it is one of an archive, member; or a file
that a person must fetch: its name, and the page that offers it."""

GZIP_MAGIC = b"\x1f\x8b"
ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2")


def locate(source: Source) -> Path:
    """The path of a data file, downloaded if need be.

    A path must exist. A file with a `name` is looked for under that name in the folder `$SEQMODELS_DATA`,
    then in the cache `$SEQMODELS_CACHE` (`~/.cache/seqmodels` unless set), and is else downloaded into the
    cache. With `member`, the `url` is that of a zip or tar archive which holds the file, and `sha256` the sum
    of the archive; the archive itself is looked for in the same places by the last part of its url. With `page`,
    nothing is downloaded.

    Args:
        source: a path, or a mapping with `name`, `url`, `sha256` and possibly `member`, or with `name` and `page`.

    Raises:
        FileNotFoundError: a path does not exist, or a file with a `page` lies in neither place.
        ValueError: a mapping has other keys; a download is not over HTTPS, or its SHA-256 sum is not the
            expected.
        ConnectionError: the download failed. What has arrived is kept and continued from at the next call.
    """
    if not isinstance(source, Mapping):
        return _existing(source)
    keys, needed = set(source), {"name", "url", "sha256"}
    if not (needed <= keys <= needed | {"member"} or keys == {"name", "page"}):
        given = ", ".join(map(str, source))
        raise ValueError(f"a file is given by name, url, sha256 and possibly member, or by name and page, got {given}")
    name, cache = source["name"], cache_folder()
    folder = os.environ.get("SEQMODELS_DATA")
    if folder and (own := Path(folder).expanduser() / name).exists():
        return own
    if "url" in source and is_usable(cache / name, source["sha256"], source.get("member")):
        return cache / name
    if "page" in source:
        if (cache / name).exists():
            return cache / name
        raise FileNotFoundError(f"there is no {cache / name}, nor $SEQMODELS_DATA/{name}: get it from {source['page']}")
    url = source["url"]
    if "member" in source:
        archive = {"name": PurePosixPath(urlsplit(url).path).name, "url": url, "sha256": source["sha256"]}
        return extract(locate(archive), source["member"], cache / name, source["sha256"])
    try:
        return download(url, source["sha256"], cache / name)
    except ConnectionError as error:
        raise ConnectionError(f"{error}; or put the file at $SEQMODELS_DATA/{name}") from error


def cache_folder() -> Path:
    """Where downloads are kept: `$SEQMODELS_CACHE`, or `~/.cache/seqmodels`."""
    return Path(os.environ.get("SEQMODELS_CACHE") or "~/.cache/seqmodels").expanduser()


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressed if it is gzip, whatever its name.

    Raises:
        ValueError: the file cannot be read, or not to its end.
    """
    try:
        with path.open("rb") as file:
            compressed = file.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        with cast(BinaryIO, gzip.open(path) if compressed else path.open("rb")) as file:
            yield file
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {one_line(error)}") from error


def open_text(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, plain or gzip, each with its line end; a byte order mark is dropped.

    Args:
        path: of the file.

    Raises:
        ValueError: the file cannot be read to its end, or is not UTF-8; names the line.
    """
    for number, line in enumerate(_lines(path), start=1):
        try:
            yield decoded(line)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: {error}") from error


def numbered(path: Path) -> Iterator[tuple[str, bytes]]:
    """The place and the bytes of each line, for `decoded`: so that a line which is no text can be left out.

    Args:
        path: of the file, plain or gzip.

    Raises:
        ValueError: the file cannot be read to its end.
    """
    return ((f"{path}:{number}", line) for number, line in enumerate(_lines(path), start=1))


def decoded(content: bytes) -> str:
    """Bytes as text, without a byte order mark in front.

    Raises:
        ValueError: they are not UTF-8.

    Example:
        >>> decoded(b"caf\\xe9")
        Traceback (most recent call last):
        ValueError: not UTF-8 text: byte 0xe9, unexpected end of data
    """
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text: byte 0x{error.object[error.start]:02x}, {error.reason}") from error


def is_archive(path: Path) -> bool:
    """Whether a file is a tar archive by its name."""
    return path.is_file() and path.name.lower().endswith(ARCHIVES)


def archived(path: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """The name and the content of each file in a tar archive, which is read without unpacking.

    Args:
        path: of the archive, compressed or not.
        wanted: tells by its name whether a file is read.

    Raises:
        ValueError: the archive is damaged, or none.
    """
    try:
        with tarfile.open(path) as archive:
            for entry in archive:
                file = archive.extractfile(entry) if wanted(entry.name) else None
                if file is not None:
                    yield entry.name, file.read()
    except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise ValueError(f"{path}: not a whole tar archive: {one_line(error)}") from error


def _lines(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as file:
        yield from file


def _existing(source: str | os.PathLike[str]) -> Path:
    path = Path(source).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(source)!r}: looked at {path.absolute()}")
    return path
