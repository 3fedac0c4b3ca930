"""A full or read-only disk is one line that names the folder, and nothing half-written stays."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from seqmodels.data.generated.reviews import reviews
from seqmodels.data.prepared import remove_damaged
from seqmodels.data.text.corpus import CorpusData
from seqmodels.data.text.labelled_text import LabelledTextData
from tests.data.cache_entries import csv_columns, entries, forget, held
from tests.mounts import make_read_only, small_disk

Load = Callable[[], Any]
PAGE = 4096


def check_line(error: OSError, folder: Path, variable: str) -> None:
    message = str(error)
    assert message.startswith(f"cannot write to {folder}")
    assert message.endswith(f"; set ${variable} to a folder that has room and can be written")
    assert "\n" not in message


def test_a_full_disk_is_one_line_whatever_is_being_written(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected, failed = load(), 0
    for pages in count(1):
        with small_disk(tmp_path / f"disk{pages}", pages * PAGE) as disk:
            monkeypatch.setenv("SEQMODELS_CACHE", str(disk))
            try:
                assert load() == expected
            except OSError as error:
                check_line(error, disk / "prepared", "SEQMODELS_CACHE")
                assert all("-" not in path.name for path in entries(disk))
                assert remove_damaged() == []
                failed += 1
                continue
            finally:
                forget()
            break
    assert failed > 1
    assert capsys.readouterr() == ("", "")


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Let this process write no larger file."""
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_files_that_may_not_grow_are_one_line(load: Load, cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failed = 0
    for size in (0, 50, 150, 500, 1500, 2**20):
        try:
            with largest_file(size):
                load()
        except OSError as error:
            check_line(error, cache / "prepared", "SEQMODELS_CACHE")
            assert all("-" not in path.name for path in entries(cache))
            assert remove_damaged() == []
            failed += 1
    assert failed > 2
    assert capsys.readouterr() == ("", "")


def test_entries_on_a_read_only_disk_are_used_and_others_are_an_error(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = load()
    with small_disk(tmp_path / "disk", 2**20) as disk:
        monkeypatch.setenv("SEQMODELS_CACHE", str(disk))
        assert load() == expected
        forget()
        make_read_only(disk)
        assert load() == expected
        assert capsys.readouterr() == ("", "")
        forget()
    with small_disk(tmp_path / "other", 2**20) as disk:
        monkeypatch.setenv("SEQMODELS_CACHE", str(disk))
        for folder in ("damaged", "missing"):
            if folder == "damaged":
                load()
                forget()
                (entries(disk)[0] / "lock").unlink()
            make_read_only(disk)
            with pytest.raises(OSError, match="Read-only file system") as caught:
                load()
            check_line(caught.value, disk / "prepared", "SEQMODELS_CACHE")


def test_a_file_where_the_cache_should_be_is_an_error(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("cache", "cache/prepared"):
        monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
        with pytest.raises(OSError, match="cannot write") as caught:
            load()
        check_line(caught.value, tmp_path / "cache" / "prepared", "SEQMODELS_CACHE")
        (tmp_path / name).unlink()


few_reviews = partial(reviews, sizes={"train": 300, "val": 30, "test": 30})
SCRATCH: dict[str, Callable[[Path], Load]] = {
    "generated texts": lambda _: lambda: held(LabelledTextData(path=None, generate=few_reviews)),
    "generated corpus": lambda _: lambda: held(CorpusData(generate=lambda: "to be or not to be\n" * 2000)),
    "small CSV file": lambda folder: lambda: held(csv_columns(folder)()),
}


@pytest.mark.parametrize("kind", SCRATCH)
def test_a_full_disk_of_temporary_files_is_one_line(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load, failed = SCRATCH[kind](tmp_path), 0
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    expected = load()
    for pages in (2**number for number in count()):
        with small_disk(tmp_path / f"disk{pages}", pages * PAGE) as disk:
            monkeypatch.setattr(tempfile, "tempdir", str(disk))
            try:
                assert load() == expected
            except OSError as error:
                check_line(error, disk, "TMPDIR")
                failed += 1
                continue
            finally:
                assert list(disk.iterdir()) == []
            break
    assert failed > 0
    assert capsys.readouterr() == ("", "")
