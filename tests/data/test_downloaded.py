"""A downloaded file that was damaged, or is another one than the configuration asks for, is fetched again."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from seqmodels.data import checksums, downloaded, files
from seqmodels.data.checksums import verify_always
from seqmodels.data.download import extract
from seqmodels.data.downloaded import is_usable, put_in_place, remove_damaged_downloads
from seqmodels.data.files import locate
from tests.data.test_download import make_archive
from tests.mounts import make_read_only, small_disk

CONTENT = b"a downloaded file"
SUM = hashlib.sha256(CONTENT).hexdigest()
OTHER = hashlib.sha256(b"").hexdigest()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "part").write_bytes(CONTENT)
    return put_in_place(tmp_path / "part", tmp_path / "file.txt", SUM)


def invert(path: Path) -> None:
    times = path.stat().st_mtime_ns
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
    os.utime(path, ns=(times, times))


DAMAGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "inverted": (invert, "has another SHA-256 sum than before"),
    "shorter": (lambda path: os.truncate(path, 5), "has 5 bytes, expected 17"),
    "empty": (lambda path: os.truncate(path, 0), "has 0 bytes, expected 17"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_file_is_named_in_one_line(
    target: Path, damage: str, large: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if large:
        monkeypatch.setattr(downloaded, "MAX_BYTES_HASHED_ALWAYS", 0)
        monkeypatch.setattr(checksums, "MIN_AGE_NS", -(10**18))
    assert is_usable(target, SUM.upper())
    assert capsys.readouterr().err == ""
    change, reason = DAMAGES[damage]
    change(target)
    assert not is_usable(target, SUM)
    assert capsys.readouterr().err == f"seqmodels: the downloaded file {target} is fetched again: it {reason}\n"


def test_a_file_that_is_not_there_is_no_damage(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target.unlink()
    assert not is_usable(target, SUM)
    assert capsys.readouterr().err == ""


def test_a_large_file_is_read_only_when_its_times_do_not_tell(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloaded, "MAX_BYTES_HASHED_ALWAYS", 0)
    monkeypatch.setattr(checksums, "MIN_AGE_NS", -(10**18))
    digest = checksums.hashlib.file_digest
    for times in (None, (1, 1)):  # it was just renamed; it is touched
        if times:
            os.utime(target, times)
        assert is_usable(target, SUM)  # and its new times are noted
        monkeypatch.setattr(checksums.hashlib, "file_digest", None)
        assert is_usable(target, SUM)
        monkeypatch.setattr(checksums.hashlib, "file_digest", digest)
    invert(target)
    with verify_always():
        assert not is_usable(target, SUM)


def test_a_file_without_a_note_is_compared_with_the_expected_sum(
    target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = target.with_name(".file.txt.sum")
    for content in (None, b"damaged"):
        note.unlink()
        if content:
            note.write_bytes(content)
        assert is_usable(target, SUM)
        assert note.exists()
    note.unlink()
    invert(target)
    assert not is_usable(target, SUM)
    assert f"expected the file with the SHA-256 sum {SUM}" in capsys.readouterr().err
    assert is_usable(target, OTHER, "member")  # only the sum of its archive is known
    assert not is_usable(target, OTHER, "another")


def test_a_file_of_an_archive_is_another_one_where_the_archive_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = extract(make_archive(tmp_path / "a.zip"), "a/two.txt", tmp_path / "two.txt", SUM)
    assert is_usable(target, SUM, "a/two.txt")
    assert not is_usable(target, SUM, "a/one.txt")
    assert not is_usable(target, OTHER, "a/two.txt")
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(
        f"it is 'a/two.txt' of the archive with the sum {SUM}, expected 'a/one.txt' of the archive with the sum {SUM}"
    )
    assert second.endswith(f"expected 'a/two.txt' of the archive with the sum {OTHER}")


def refusal(archive: Path, target: Path) -> str | None:
    try:
        extract(archive, "a/two.txt", target)
    except ValueError as error:
        return str(error)
    return None


def test_a_damaged_archive_is_one_line(tmp_path: Path) -> None:
    for name in ("a.zip", "a.tar.gz"):
        archive = make_archive(tmp_path / name)
        whole, refused = archive.read_bytes(), 0
        for place in range(0, len(whole), 3):
            content = bytearray(whole)
            content[place] ^= 0xFF
            archive.write_bytes(content)
            message = refusal(archive, tmp_path / "two.txt")
            assert message is None or (str(archive) in message and "\n" not in message)
            refused += message is not None
        assert refused > 20


def test_it_is_fetched_again_where_it_is_looked_for(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch(_url: str, sha256: str, target: Path) -> Path:
        (tmp_path / "part").write_bytes(CONTENT)
        return put_in_place(tmp_path / "part", target, sha256)

    monkeypatch.delenv("SEQMODELS_DATA", raising=False)
    monkeypatch.setattr(files, "download", fetch)
    source = {"name": "file.txt", "url": "https://example.org/file.txt", "sha256": SUM}
    path = locate(source)
    monkeypatch.setattr(files, "download", None)
    assert locate(source) == path == cache / "file.txt"
    invert(path)
    monkeypatch.setattr(files, "download", fetch)
    assert locate(source).read_bytes() == CONTENT
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_damaged_files_are_found_and_removed(target: Path) -> None:
    folder = target.parent
    assert remove_damaged_downloads(folder) == []
    invert(target)
    assert remove_damaged_downloads(folder) == [(target, "it has another SHA-256 sum than before")]
    assert list(folder.iterdir()) == []


def test_a_read_only_disk_is_read(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "file.txt").write_bytes(CONTENT)
        make_read_only(disk)
        assert is_usable(disk / "file.txt", SUM)
        assert [path.name for path in disk.iterdir()] == ["file.txt"]
