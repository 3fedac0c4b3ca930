"""A figure's row: what was measured, by whom, and what came out. In a CSV file, nothing is left out."""

import csv
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from seqmodels.benchmark.problems import Problem, Shape


@dataclass(frozen=True)
class Row:
    """One contender on one problem.

    Args:
        suite: what was being compared.
        cell: name of the cell; of the model, where a whole training is measured.
        mode: training or inference; the task, where a whole training is measured.
        time: T, steps.
        batch: B, rows.
        input_size: I, features.
        hidden_size: H, units.
        variation: what is not one layer in one direction over full float32 rows.
        device: `"cpu"` or `"cuda"`.
        threads: of the process.
        contender: who computed.
        engine: the engine that `auto` took.
        peer: whose time per step is compared with the contender's own.
        rounds: that were timed.
        repeats: calls whose mean is one round's time.
        seconds: of a call, median of the rounds.
        seconds_least: their minimum.
        seconds_most: their maximum.
        ratio: the peer's time per step over the contender's own, median of the rounds.
        ratio_least: their minimum.
        ratio_most: their maximum.
        gemm_fraction: arithmetic per second over that of the best matrix product.
        peak_bytes: memory held at once above the start.
        difference: largest from the reference, relative.
        note: why there is no figure.
    """

    suite: str
    cell: str
    mode: str
    time: int = 0
    batch: int = 0
    input_size: int = 0
    hidden_size: int = 0
    variation: str = ""
    device: str = "cpu"
    threads: int = 1
    contender: str = ""
    engine: str = ""
    peer: str = ""
    rounds: int = 0
    repeats: int = 0
    seconds: float | None = None
    seconds_least: float | None = None
    seconds_most: float | None = None
    ratio: float | None = None
    ratio_least: float | None = None
    ratio_most: float | None = None
    gemm_fraction: float | None = None
    peak_bytes: int | None = None
    difference: float | None = None
    note: str = ""

    @property
    def shape(self) -> Shape:
        """(T, B, I, H)."""
        return Shape(self.time, self.batch, self.input_size, self.hidden_size)

    @property
    def activation_bytes(self) -> int:
        """Of the peak, what lies beyond the outputs and the input's gradient, which the caller is given (float32)."""
        return (self.peak_bytes or 0) - 4 * self.time * self.batch * (self.input_size + self.hidden_size)


COLUMNS = tuple(field.name for field in fields(Row))


def row(suite: str, cell: str, problem: Problem, **figures: Any) -> Row:
    """The row of a problem."""
    where = {**problem.shape._asdict(), "variation": problem.variation, "device": problem.device}
    return Row(suite, cell, problem.mode, **where, **figures)


def write(rows: Iterable[Row], path: Path) -> None:
    """One line per row, one column per figure, empty where there is none."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in asdict(row).items()} for row in rows)


def read(path: Path) -> list[Row]:
    """The inverse of `write`.

    Raises:
        ValueError: the file has other columns.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError(f"{path} has the columns {reader.fieldnames}, expected {', '.join(COLUMNS)}")
        return [Row(**{name: _value(name, text) for name, text in line.items()}) for line in reader]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _value(name: str, text: str) -> Any:
    kind = Row.__annotations__[name]
    if kind is str:
        return text
    if kind is int:
        return int(text)
    if text == "":
        return None
    return int(text) if name == "peak_bytes" else float(text)
