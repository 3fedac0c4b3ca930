"""Files from the network: fetched over HTTPS, continued where they broke off, checked, never half there."""

import errno
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import IO, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from seqmodels.data.checksums import file_state
from seqmodels.data.downloaded import is_usable, put_in_place
from seqmodels.data.row_errors import one_line
from seqmodels.data.write_errors import WriteError, explain_write_errors
from seqmodels.locked_folders import acquire

SCHEMES = ("https",)
RANGE_NOT_SATISFIABLE = 416
PARTIAL_CONTENT = 206
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, EOFError, lzma.LZMAError, zlib.error, RuntimeError)
"""What reading a damaged archive raises; `zipfile` takes flipped bits for unknown methods and passwords, too."""


def download(url: str, sha256: str, target: Path) -> Path:
    """Fetch a file and give its path once it is whole.

    Bytes are collected in `<target>.part`, which a later call continues. Where another process fetches the same file,
    this one waits for it.

    Args:
        url: an HTTPS address.
        sha256: the expected SHA-256 sum, in hexadecimal.
        target: where the file shall be.

    Raises:
        ValueError: another scheme than HTTPS, or another sum than `sha256`.
        ConnectionError: the address cannot be reached, or the connection broke.
        OSError: the file cannot be written.
    """
    with _part(target) as (part, waited):
        if waited and is_usable(target, sha256):
            return target
        try:
            _fetch(url, part)
        except WriteError:
            raise
        except (OSError, HTTPException) as error:
            raise ConnectionError(f"cannot download {url}: {error}") from error
        state = file_state(part)
        if state.sha256 != sha256.lower():
            part.unlink()
            raise ValueError(f"{url} has the SHA-256 sum {state.sha256}, expected {sha256}")
        return put_in_place(part, target, sha256)


def extract(archive: Path, member: str, target: Path, sha256: str = "") -> Path:
    """Copy one file out of a zip or tar archive, and give its path once it is whole.

    Args:
        archive: the path of the archive.
        member: the name of the file in the archive.
        target: where the file shall be.
        sha256: sum of the archive, noted as the origin of the file.

    Raises:
        ValueError: `archive` is neither zip nor tar, is damaged, or has no such file.
        OSError: the file cannot be written.
    """
    with _part(target) as (part, waited):
        if waited and is_usable(target, sha256, member):
            return target
        try:
            with _open_member(archive, member) as source, part.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        except (*DAMAGED, OSError) as error:
            # A wrong place in a damaged zip archive is an invalid argument for `seek`.
            if isinstance(error, OSError) and not isinstance(error, DAMAGED) and error.errno != errno.EINVAL:
                raise
            raise ValueError(f"{archive} is damaged: {one_line(error)}") from error
        return put_in_place(part, target, sha256, member)


@contextmanager
def _part(target: Path) -> Iterator[tuple[Path, bool]]:
    """Give the locked file that collects the bytes, and whether another process has filled it meanwhile."""
    part = target.with_name(f"{target.name}.part")
    with explain_write_errors(target.parent, "SEQMODELS_CACHE"):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = acquire(part, wait=False)
        waited = handle is None
        if handle is None:
            handle = acquire(part)
        assert handle is not None
        try:
            yield part, waited
        finally:
            if part.exists() and not part.stat().st_size:
                part.unlink()
            os.close(handle)


def _fetch(url: str, part: Path) -> None:
    _check_scheme(url)
    present = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={present}-"} if present else {})
    try:
        response = urlopen(request, timeout=60)
    except HTTPError as error:
        error.close()
        if present and error.code == RANGE_NOT_SATISFIABLE:
            return
        raise
    with response:
        _check_scheme(response.url)
        continued = response.status == PARTIAL_CONTENT
        with (
            explain_write_errors(part.parent, "SEQMODELS_CACHE"),
            part.open("ab" if continued else "wb") as sink,
        ):
            _copy(response, sink, present if continued else 0)


def _copy(response: IO[bytes], sink: IO[bytes], present: int) -> None:
    """Append the body of a response to a file which holds `present` bytes of it, showing a progress bar."""
    length = response.headers["Content-Length"]  # type: ignore[attr-defined]
    total = None if length is None else present + int(length)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), transient=True) as progress:
        task = progress.add_task(Path(sink.name).stem, total=total, completed=present)
        while chunk := response.read(1 << 16):
            present += sink.write(chunk)
            progress.update(task, completed=present)
    if total is not None and present < total:
        raise ConnectionError(f"it broke off after {present:,} of {total:,} bytes and continues there when run again")


def _check_scheme(url: str) -> None:
    if urlsplit(url).scheme not in SCHEMES:
        raise ValueError(f"expected an address that begins with https://, got {url}")


@contextmanager
def _open_member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as container:
            _check_member(archive, member, container.namelist())
            with container.open(member) as file:
                yield file
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as container:
            _check_member(archive, member, [entry.name for entry in container if entry.isfile()])
            with cast(IO[bytes], container.extractfile(member)) as file:
                yield file
    else:
        raise ValueError(f"{archive} is neither a zip nor a tar archive, expected one that holds {member!r}")


def _check_member(archive: Path, member: str, names: list[str]) -> None:
    if member not in names:
        shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
        raise ValueError(f"{archive} holds no file {member!r}, but: {shown}")
