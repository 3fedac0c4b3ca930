"""A download is whole and right, or it is not there."""

import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from seqmodels.data import download as module
from seqmodels.data.download import download, extract
from seqmodels.data.files import locate

BODY = bytes(range(256)) * 1000
SUM = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server: Server = self.server
        start = self.requested_start() if server.knows_ranges else 0
        server.starts.append(start)
        if start >= len(server.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if server.tells_length:
            self.send_header("Content-Length", str(len(server.body) - start))
        self.end_headers()
        self.wfile.write(server.body[start : server.breaks_at])
        server.breaks_at = None

    def requested_start(self) -> int:
        return int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_: object) -> None:
        pass


class Server(HTTPServer):
    """Gives `body` to whoever asks; may ignore ranges, or break off once."""

    body = BODY
    knows_ranges = True
    tells_length = True
    breaks_at: int | None = None

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.starts: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.bin"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of this machine, which need not speak HTTPS."""
    monkeypatch.setattr(module, "SCHEMES", ("http",))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("tells_length", [True, False])
def test_a_file_arrives_whole(server: Server, tmp_path: Path, tells_length: bool) -> None:
    server.tells_length = tells_length
    target = tmp_path / "new/folder/file.bin"
    assert download(server.url, SUM.upper(), target) == target
    assert target.read_bytes() == BODY
    assert sorted(path.name for path in target.parent.iterdir()) == [".file.bin.sum", "file.bin"]


@pytest.mark.parametrize("knows_ranges", [True, False])
def test_a_broken_download_is_continued(server: Server, tmp_path: Path, knows_ranges: bool) -> None:
    server.breaks_at, server.knows_ranges = 100_000, knows_ranges
    target = tmp_path / "file.bin"
    with pytest.raises(ConnectionError, match=r"http://.* it broke off after 100,000 of 256,000 bytes"):
        download(server.url, SUM, target)
    assert not target.exists()
    download(server.url, SUM, target)
    assert target.read_bytes() == BODY
    assert server.starts == [0, 100_000 if knows_ranges else 0]


def test_a_complete_part_needs_nothing_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(BODY)
    assert download(server.url, SUM, tmp_path / "file.bin").read_bytes() == BODY
    assert server.starts == [len(BODY)]


def test_other_content_is_refused_and_removed(server: Server, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"has the SHA-256 sum {SUM}, expected {'0' * 64}"):
        download(server.url, "0" * 64, tmp_path / "file.bin")
    assert list(tmp_path.iterdir()) == []


def test_a_server_error_is_reported(server: Server, tmp_path: Path) -> None:
    server.body = b""
    with pytest.raises(ConnectionError, match=r"cannot download http://127.*: HTTP Error 416"):
        download(server.url, SUM, tmp_path / "file.bin")
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_one_line_says_what_to_do(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.shutdown()
    server.server_close()
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path))
    with pytest.raises(ConnectionError) as caught:
        locate({"name": "set/file.bin", "url": server.url, "sha256": SUM})
    message = str(caught.value)
    assert server.url in message
    assert "$SEQMODELS_DATA/set/file.bin" in message
    assert "\n" not in message


@pytest.mark.parametrize("url", ["http://example.org/a", "ftp://example.org/a", "file:///etc/hosts", "a.txt"])
def test_only_https_is_asked(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"begins with https://, got {url}"):
        download(url, SUM, tmp_path / "file.bin")


def test_https_stays_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Redirected(io.BytesIO):
        url = "http://example.org/b"

    monkeypatch.setattr(module, "urlopen", lambda *_, **__: Redirected(BODY))
    with pytest.raises(ValueError, match=r"got http://example.org/b"):
        download("https://example.org/a", SUM, tmp_path / "file.bin")
    assert list(tmp_path.iterdir()) == []


def make_archive(path: Path) -> Path:
    members = {"a/one.txt": b"one", "a/two.txt": b"two"}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.mark.parametrize("name", ["archive.zip", "archive.tar.gz"])
def test_one_file_of_an_archive(tmp_path: Path, name: str) -> None:
    target = tmp_path / "out/two.txt"
    assert extract(make_archive(tmp_path / name), "a/two.txt", target) == target
    assert target.read_bytes() == b"two"
    assert sorted(path.name for path in target.parent.iterdir()) == [".two.txt.sum", "two.txt"]


@pytest.mark.parametrize("name", ["archive.zip", "archive.tar.gz"])
def test_an_archive_says_what_it_holds(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"holds no file 'a/three.txt', but: a/one.txt, a/two.txt"):
        extract(make_archive(tmp_path / name), "a/three.txt", tmp_path / "three.txt")
    assert not (tmp_path / "three.txt").exists()


def test_a_file_which_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(ValueError, match=r"a.zip is neither a zip nor a tar archive"):
        extract(tmp_path / "a.zip", "a/one.txt", tmp_path / "one.txt")


def test_an_archive_is_downloaded_once_for_all_its_files(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEQMODELS_DATA", raising=False)
    server.body = make_archive(tmp_path / "archive.zip").read_bytes()
    for name in ("one", "two"):
        source = {"name": f"set/{name}.txt", "url": server.url, "member": f"a/{name}.txt"}
        path = locate(source | {"sha256": hashlib.sha256(server.body).hexdigest()})
        assert path.read_text() == name
    assert server.starts == [0]
