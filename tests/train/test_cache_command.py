"""`seqmodels cache` shows the entries, and removes the damaged or the unused ones."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from seqmodels.cli import main
from seqmodels.data.downloaded import put_in_place
from seqmodels.data.prepared import prepared
from tests.data.cache_entries import entries, forget
from tests.processes import running


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def make(name: str) -> Path:
    folder = prepared({"name": name}, [], lambda folder: (folder / "content").write_text(name) and None)
    forget()
    return folder


def test_damaged_entries_and_downloads_are_removed_and_named(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, damaged = make("whole"), make("damaged")
    (tmp_path / "part").write_text("text")
    download = put_in_place(tmp_path / "part", cache / "file.txt", "0" * 64)
    main(["cache", "--verify"])
    assert len(capsys.readouterr().out.splitlines()) == 2
    (damaged / "content").write_text("DAMAGED")
    download.write_text("TEXT")
    with pytest.raises(SystemExit) as exit_:
        main(["cache", "--verify"])
    assert exit_.value.code == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == f"removed: {damaged}: content has another SHA-256 sum than before"
    assert second == f"removed: {download}: it has another SHA-256 sum than before"
    assert str(whole) in third
    assert entries(cache) == [whole]
    main(["cache", "--verify"])


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such locks")
def test_what_is_in_use_is_not_cleared_and_named(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def use(wait: Callable[[], None]) -> None:
        prepared({"name": "used"}, [], lambda _: None)
        wait()

    with running(use):
        make("unused")
        main(["cache", "--clear"])
        (used,) = entries(cache)
        first, second = capsys.readouterr().out.splitlines()
        assert first == f"stays: {used}: in use"
        assert str(used) in second
    main(["cache", "--clear"])
    assert capsys.readouterr().out == f"nothing is prepared in {cache}\n"


def test_a_cache_that_cannot_be_read_is_one_line(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cache.mkdir()
    (cache / "prepared").mkdir()
    (cache / "prepared" / ("0" * 32)).mkdir()
    (cache / "prepared.lock").mkdir()
    with pytest.raises(SystemExit) as exit_:
        main(["cache", "--verify"])
    assert exit_.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert str(cache / "prepared.lock") in line
