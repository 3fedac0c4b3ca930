"""What a training shows on the console: a summary first, results last. All of it goes to `train.log`, too."""

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqmodels.assembly import parameter_count
from seqmodels.cells import Cell
from seqmodels.data import SequenceData
from seqmodels.error_lines import fail, one_line_errors, report
from seqmodels.mappings import SequenceMapping
from seqmodels.plain_text import escaped, listed
from seqmodels.results import Results
from seqmodels.run_folder import RunFolder
from seqmodels.run_log import record

__all__ = ["console", "fail", "note", "one_line_errors", "report"]

ROWS_PER_CLASS = 3
"""Fewer rows than this for each class make it likely that the labels are from the wrong column."""


class RecordedConsole(Console):
    """Console that shows texts as they are, without rich's markup and emoji, and records them in `train.log`."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, record=True)

    def print(self, *objects: Any, **arguments: Any) -> None:
        """Print objects, and record what is shown of them."""
        super().print(*objects, **arguments)
        record(self.export_text())


console = RecordedConsole()


def engine_of(mapping: SequenceMapping) -> str:
    """Names of the engines that run a mapping's layers."""
    choices = mapping.layers.explain_engine(mapping.example_features())
    return ", ".join(sorted({choice.engine for choice in choices}))


def show_summary(folder: RunFolder, data: SequenceData, mapping: SequenceMapping, resume: str) -> None:
    """Show one screen: the data, the model, where everything goes, and the command that resumes the training."""
    cells = " + ".join(str(module) for module in mapping.layers.modules() if isinstance(module, Cell))
    rows = {
        **data.describe(),
        "model": f"{type(mapping).__name__} over {cells}",
        "parameters": f"{parameter_count(mapping):,}",
        "engine": engine_of(mapping),
        "run folder": os.path.relpath(folder.path),
        **({"resumed from": os.path.relpath(folder.last)} if folder.resumes else {}),
    }
    classes = data.spec.classes
    for name, value in rows.items():
        if classes and value == ", ".join(classes):
            rows[name] = listed([*map(escaped, classes)])
        elif value == ", ".join(data.spec.columns):
            rows[name] = listed(data.spec.columns)
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")  # A path has no spaces to break it at, and is not cut.
    for name, value in rows.items():
        table.add_row(Text(name, "bold"), Text(escaped(value)))
    console.print(table)
    if doubt := doubt_about_classes(data):
        note(doubt)
    note(f"if it is interrupted, go on with: {resume}")


def doubt_about_classes(data: SequenceData) -> str | None:
    """Return that there are too many classes for the rows of the training split; None where there are not."""
    classes, rows = len(data.spec.classes), len(data.examples["train"])  # type: ignore[arg-type]
    # Data without a path is generated, with the classes that it is meant to have.
    if classes < 2 or classes * ROWS_PER_CLASS < rows or not getattr(data, "path", None):
        return None
    if data.examples["train"][[0]].targets.ndim > 1:
        return None  # Each step of a row has a class.
    question = "is data.columns.label the right column?" if data.spec.vocabulary else "are these labels of classes?"
    return f"warning: {classes:,} classes for {rows:,} rows: {question}"


def show_results(results: Results, run: Path, resume: str, use: str) -> None:
    """Show the metrics of the tested state beside the baseline, why the training ended, and what to do next."""
    splits = ("train", "val", "test")
    names = list(dict.fromkeys(key.partition("/")[2] for key in results.metrics if not key.startswith("train/")))
    table = Table(title=f"after {results.training_seconds:.0f} s of training, at epoch {results.epoch}")
    for column in ("metric", *splits, "baseline (test)"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name in names:
        values = [results.metrics.get(f"{split}/{name}") for split in splits] + [results.baseline.get(f"test/{name}")]
        table.add_row(Text(escaped(name)), *("" if value is None else f"{value:.4g}" for value in values))
    console.print(table)
    if not any(key.startswith("test/") for key in results.metrics):
        console.print("not tested: there are no test batches")
    folder = os.path.relpath(run)
    for line in (
        f"ended        {results.end.reason}",
        f"look at it   tensorboard --logdir {shlex.quote(_logs(folder))}",
        f"use it       {use}",
        f"go on        {resume}",
    ):
        console.print(Text(line), soft_wrap=True)


def _logs(folder: str) -> str:
    """Return the folder of all runs where it lies below the current one, else that of the run."""
    first = Path(folder).parts[0]
    return first if first not in (os.pardir, os.sep) else folder


def show_jobs(jobs: Iterable[tuple[str, str, str]]) -> None:
    """Show the jobs of a sweep: their overrides, their folders and how they ended."""
    table = Table("job", "folder", "outcome", title="jobs")
    for job in jobs:
        table.add_row(*(Text(escaped(text)) for text in job))
    console.print(table)


def note(message: str) -> None:
    """Print a line about what is done."""
    console.print(Text(escaped(message)), soft_wrap=True)
