"""Rows in a CSV file and back."""

import csv
from pathlib import Path

import pytest

from seqmodels.benchmark.problems import Problem, Shape
from seqmodels.benchmark.results import COLUMNS, Row, read, row, write

FULL = row(
    "grid",
    "lstm",
    Problem("lstm", "training", Shape(30, 2, 3, 4), num_layers=2, bidirectional=True, dtype="bfloat16"),
    threads=2,
    contender="auto",
    engine="vendor",
    peer="torch.nn",
    rounds=5,
    repeats=3,
    seconds=0.25,
    seconds_least=0.125,
    seconds_most=0.5,
    ratio=1.5,
    ratio_least=1.25,
    ratio_most=1.75,
    gemm_fraction=0.5,
    peak_bytes=12_345_678,
    difference=1e-7,
)
NONE = Row("grid", "gru", "inference", contender="fused", note="cannot run here: no, it can't")


def test_written_and_read(tmp_path: Path) -> None:
    write([FULL, NONE], tmp_path / "rows.csv")
    assert read(tmp_path / "rows.csv") == [FULL, NONE]
    assert FULL.variation == "2 layers, bidirectional, bfloat16"


def test_one_column_for_each_figure(tmp_path: Path) -> None:
    write([NONE], tmp_path / "rows.csv")
    with (tmp_path / "rows.csv").open(newline="") as file:
        header, line = csv.reader(file)
    assert tuple(header) == COLUMNS
    for name in ("suite", "cell", "mode", "time", "batch", "input_size", "hidden_size", "contender", "peer", "ratio"):
        assert name in COLUMNS
    assert dict(zip(header, line, strict=True))["ratio"] == ""


def test_another_file(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="expected suite, cell"):
        read(tmp_path / "rows.csv")
