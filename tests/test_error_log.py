import sys
from pathlib import Path

import pytest

from seqmodels.error_log import report_bug


def broken() -> Exception:
    """Return an error with a trace."""
    try:
        raise IndexError("list index\n out of range")
    except IndexError as error:
        return error


def test_the_log_has_the_command_the_versions_and_the_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["train.py", "data.path=two words", "odd=\udcff"])
    log = tmp_path / "run" / "error.log"
    assert report_bug(broken(), log) == f"IndexError: list index out of range; the trace is in {log}"
    command, versions, _, *trace = log.read_text().splitlines()
    assert command == "train.py 'data.path=two words' 'odd=\\udcff'"
    assert all(name in versions for name in ("torch ", "pytorch-lightning ", f"Python {sys.version.split()[0]}"))
    assert trace[0] == "Traceback (most recent call last):"
    assert "in broken" in log.read_text()


def test_a_trace_that_cannot_be_kept_is_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    line = report_bug(broken(), tmp_path / "file" / "error.log")
    assert line.startswith("IndexError: list index out of range; the trace is above")
    assert "\n" not in line
    assert "in broken" in capfd.readouterr().err


def test_a_long_message_is_cut_and_an_empty_one_left_out(tmp_path: Path) -> None:
    assert len(report_bug(RuntimeError("long " * 100), Path("/proc/none/error.log"))) < 300
    assert report_bug(KeyError(), tmp_path / "error.log").startswith("KeyError; the trace is in ")
