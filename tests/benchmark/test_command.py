"""`seqmodels benchmark` from the command line to its files."""

from pathlib import Path

import pytest

from seqmodels.benchmark.command import benchmark
from seqmodels.benchmark.equality import TOLERANCE
from seqmodels.benchmark.report import CSV
from seqmodels.benchmark.results import read


def run(folder: Path, *arguments: str) -> None:
    benchmark(["--quick", "--threads", "1", "--out", str(folder), *arguments])


@pytest.mark.usefixtures("_unannotated")
def test_grid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    run(tmp_path, "--suite", "grid", "--cells", "gru", "--engines", "auto", "loop", "--markdown", str(page))
    shown = capsys.readouterr().out
    for said in ("processor: ", "torch: ", "best 1024³ product", "load before and after: ", "Summary"):
        assert said in shown
    rows = read(tmp_path / CSV)
    assert {row.contender for row in rows} >= {"torch.nn", "torch.nn cell", "torch.nn cell, loop", "auto", "loop"}
    assert {row.mode for row in rows} == {"training", "inference"}
    timed = [row for row in rows if not row.note]
    assert all(row.rounds == 3 and row.seconds and row.ratio and row.gemm_fraction for row in timed)
    assert {row.contender for row in rows if row.note} <= {"lax.scan"}
    assert (tmp_path / "ratios_training.png").exists()
    assert "--suite grid --cells gru" in page.read_text()
    again = tmp_path / "again.md"
    benchmark(["--render", str(tmp_path), "--markdown", str(again)])
    assert again.read_text() == page.read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("suite", ["variants", "ragged", "cells", "scaling", "memory", "control"])
def test_other_suites(suite: str, tmp_path: Path) -> None:
    run(tmp_path, "--suite", suite, "--cells", "gru", "--engines", "auto")
    rows = read(tmp_path / CSV)
    assert {row.suite for row in rows} == {suite}
    assert not [row.note for row in rows if row.note]
    if suite in ("scaling", "memory"):
        assert all(row.peak_bytes for row in rows)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--suite", "everything"], "invalid choice: 'everything'"),
        (["--engines", "warp"], "invalid choice: 'warp'"),
        (["--rounds", "0"], "must be more than 0, got 0"),
        (["--seconds", "soon"], "'soon'"),
        (["--dtype", "tf32"], "needs --device cuda, got --device cpu"),
        (["--render", "nowhere"], "nowhere"),
    ],
)
def test_a_bad_option_is_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        run(tmp_path, *arguments)
    assert exit_.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("_unannotated")
def test_what_is_not_equal_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(TOLERANCE, "float32", -1.0)
    with pytest.raises(SystemExit) as exit_:
        run(tmp_path, "--suite", "variants", "--cells", "rnn", "--engines", "auto")
    assert exit_.value.code == 2
    assert "not equal to the reference, so not timed: " in capsys.readouterr().err
    assert read(tmp_path / CSV)
