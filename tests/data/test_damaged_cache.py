"""Whatever happens to a file of the cache, the same batches are read, a line names the entry, and it is repaired."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from seqmodels.data import checksums, manifest
from tests.data.cache_entries import KINDS, entries, held

Load = Callable[[], Any]
Damage = Callable[[Path], None]


def flip(place: float) -> Damage:
    """Flip a bit of the first byte (0), of the last (1) or of one in between."""

    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[round(place * (len(content) - 1))] ^= 1
        path.write_bytes(content)

    return damage


def invert(path: Path) -> None:
    """Change all bytes, and neither size nor time of modification."""
    status = path.stat()
    path.write_bytes(bytes(255 - byte for byte in path.read_bytes()))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def truncate(share: float) -> Damage:
    return lambda path: os.truncate(path, int(share * path.stat().st_size))


def append(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"0")


def replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def swap_with_neighbour(path: Path) -> None:
    names = sorted(file.name for file in path.parent.iterdir())
    other = path.with_name(names[names.index(path.name) - 1])
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)


def add_neighbour(path: Path) -> None:
    path.with_name(f"{path.name}.copy").write_bytes(path.read_bytes())


DAMAGES: dict[str, dict[str, Damage]] = {
    "a byte": {"first byte": flip(0), "middle byte": flip(0.5), "last byte": flip(1)},
    "its size": {"shorter": truncate(0.999), "longer": append, "half": truncate(0.5), "empty": truncate(0)},
    "its place": {"missing": Path.unlink, "folder": replace_by_folder, "added": add_neighbour},
    "its content": {"inverted": invert, "swapped": swap_with_neighbour},
}
OF_EMPTY_FILES_TOO = ("longer", "missing", "folder", "added", "swapped")


def cases(cache: Path, changed: str) -> Iterator[tuple[Path, str, Damage]]:
    """Each file of all entries, and one way to damage it so, in turns."""
    for number, path in enumerate(file for entry in entries(cache) for file in sorted(entry.iterdir())):
        ways = list(DAMAGES[changed].items())
        name, damage = ways[number % len(ways)]
        if path.stat().st_size or name in OF_EMPTY_FILES_TOO:
            yield path, name, damage


def check_repair(load: Load, expected: Any, entry: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Load twice; give the reason that the first time was said."""
    capsys.readouterr()
    assert load() == expected
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"seqmodels: the cache entry {entry} is made again: ")
    assert load() == expected
    assert capsys.readouterr() == ("", "")
    return line


@pytest.mark.parametrize("changed", DAMAGES)
def test_a_damaged_file_changes_no_batch_and_is_repaired(
    load: Load, changed: str, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = load()
    whole = contents(cache)
    for path, name, damage in list(cases(cache, changed)):
        damage(path)
        line = check_repair(load, expected, path.parent, capsys)
        assert name == "swapped" or path.name in line
        assert contents(cache) == whole


def contents(cache: Path) -> dict[Path, bytes]:
    """The files of all entries; manifests hold times, too, which are new."""
    files = {path: path.read_bytes() for path in cache.rglob("*") if path.is_file()}
    return {path: b"" if path.name == manifest.FILE else content for path, content in files.items()}


def test_more_than_a_hundred_damages_are_tried(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seqmodels.data.series.csv_columns.LARGE", 0)
    for name, make in KINDS.items():
        (tmp_path / name).mkdir()
        held(make(tmp_path / name)())
    assert sum(len(list(cases(cache, changed))) for changed in DAMAGES) >= 114


def test_files_of_large_entries_are_compared_by_size_and_times_first(
    load: Load, cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manifest, "MAX_BYTES_HASHED_ALWAYS", 0)
    monkeypatch.setattr(checksums, "MIN_AGE_NS", -(10**18))  # whatever the age of the files
    expected = load()
    with monkeypatch.context() as patch:
        patch.setattr(checksums.hashlib, "file_digest", None)
        assert load() == expected
    for path, _, damage in list(cases(cache, "its content")):
        damage(path)
        check_repair(load, expected, path.parent, capsys)


def empty_entry(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.mkdir()


def file_for_entry(entry: Path) -> None:
    shutil.rmtree(entry)
    entry.write_bytes(b"")


def earlier_version(entry: Path) -> None:
    (entry / manifest.FILE).rename(entry / "key.json")


def earlier_format(entry: Path) -> None:
    value = checksums.read_sealed(entry / manifest.FILE)
    checksums.write_sealed(entry / manifest.FILE, {**value, "format": 0})


def other_entry(entry: Path) -> None:
    """A whole entry, but of another key."""
    other = entry.with_name("0" * 32)
    entry.rename(other)
    value = checksums.read_sealed(other / manifest.FILE)
    checksums.write_sealed(other / manifest.FILE, {**value, "name": other.name})
    other.rename(entry)


@pytest.mark.parametrize("damage", [empty_entry, file_for_entry, earlier_version, earlier_format, other_entry])
def test_a_folder_that_is_no_entry_is_replaced(
    load: Load, damage: Damage, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = load()
    names = [path.name for path in entries(cache)]
    for entry in entries(cache):
        damage(entry)
        assert "manifest.json" in check_repair(load, expected, entry, capsys)
    assert [path.name for path in entries(cache)] == names
