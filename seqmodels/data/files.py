"""Where a data file lies, and the lines of it."""

import gzip
import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast
from urllib.parse import urlsplit

from seqmodels.data.download import download, extract

Source = str | os.PathLike[str] | Mapping[str, str]
"""A path; or a file that can be downloaded: its name, url, sha256 and, if it is one of an archive, member; or a file
that a person must fetch: its name, and the page that offers it."""

GZIP_MAGIC = b"\x1f\x8b"


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
    for path in ([Path(folder).expanduser() / name] if folder else []) + [cache / name]:
        if path.exists():
            return path
    if "page" in source:
        raise FileNotFoundError(f"there is no {cache / name}, nor $SEQMODELS_DATA/{name}: get it from {source['page']}")
    url = source["url"]
    if "member" in source:
        archive = {"name": PurePosixPath(urlsplit(url).path).name, "url": url, "sha256": source["sha256"]}
        return extract(locate(archive), source["member"], cache / name)
    try:
        return download(url, source["sha256"], cache / name)
    except ConnectionError as error:
        raise ConnectionError(f"{error}; or put the file at $SEQMODELS_DATA/{name}") from error


def cache_folder() -> Path:
    """Where downloads are kept: `$SEQMODELS_CACHE`, or `~/.cache/seqmodels`."""
    return Path(os.environ.get("SEQMODELS_CACHE") or "~/.cache/seqmodels").expanduser()


def open_bytes(path: Path) -> BinaryIO:
    """Open a file for reading, decompressed if it is gzip, whatever its name."""
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
    return cast(BinaryIO, gzip.open(path) if compressed else path.open("rb"))


def open_text(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 file, plain or gzip, each with its line end; a byte order mark is dropped.

    Args:
        path: of the file.

    Raises:
        ValueError: the file is not UTF-8; names the line.
    """
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                byte = line[error.start]
                raise ValueError(f"{path}:{number}: not UTF-8 text: byte 0x{byte:02x}, {error.reason}") from error


def _existing(source: str | os.PathLike[str]) -> Path:
    path = Path(source).expanduser()
    if not path.exists():
        raise FileNotFoundError(f"there is no file {str(source)!r}: looked at {path.absolute()}")
    return path
