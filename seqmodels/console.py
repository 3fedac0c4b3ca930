"""What a person sees in the terminal: a summary first, results last, and what is wrong in one line."""

import contextlib
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqmodels.assembly import parameter_count
from seqmodels.cells import Cell
from seqmodels.data import SequenceData
from seqmodels.mappings import SequenceMapping
from seqmodels.results import Results
from seqmodels.run_folder import RunFolder

console = Console(highlight=False)


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
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in rows.items():
        table.add_row(Text(name, "bold"), Text(value))
    console.print(table)
    console.print(Text(f"if it is interrupted, go on with: {resume}"), soft_wrap=True)


def show_results(results: Results, run: Path, resume: str) -> None:
    """Show the metrics of the tested state beside the baseline, why the training ended, and what to do next."""
    splits = ("train", "val", "test")
    names = list(dict.fromkeys(key.partition("/")[2] for key in results.metrics if not key.startswith("train/")))
    table = Table(title=f"after {results.training_seconds:.0f} s of training, at epoch {results.epoch}")
    for column in ("metric", *splits, "baseline (test)"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name in names:
        values = [results.metrics.get(f"{split}/{name}") for split in splits] + [results.baseline.get(f"test/{name}")]
        table.add_row(Text(name), *("" if value is None else f"{value:.4g}" for value in values))
    console.print(table)
    if not any(key.startswith("test/") for key in results.metrics):
        console.print("not tested: there are no test batches")
    folder = os.path.relpath(run)
    use = "generate" if "perplexity" in names else "predict"
    for line in (
        f"ended        {results.end.reason}",
        f"look at it   tensorboard --logdir {Path(folder).parts[0]}",
        f"use it       seqmodels {use} {shlex.quote(folder)}",
        f"go on        {resume}",
    ):
        console.print(Text(line), soft_wrap=True)


def show_jobs(jobs: Iterable[tuple[str, str, str]]) -> None:
    """Show the jobs of a sweep: their overrides, their folders and how they ended."""
    table = Table("job", "folder", "outcome", title="jobs")
    for job in jobs:
        table.add_row(*map(Text, job))
    console.print(table)


def note(message: str) -> None:
    """Print a line about what is done."""
    console.print(Text(message), soft_wrap=True)


def report(message: str) -> None:
    """Print in one line what is wrong."""
    sys.stderr.write(f"seqmodels: {' '.join(message.split())}\n")


def fail(message: str) -> NoReturn:
    """Print in one line what is wrong, and exit with code 2."""
    report(message)
    raise SystemExit(2)


@contextlib.contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn what a person can mend (a bad value, file or checkpoint) into one line and exit code 2.

    The environment variable SEQMODELS_TRACEBACK=1 shows the whole trace.
    """
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("SEQMODELS_TRACEBACK") == "1":
            raise
        fail(str(error))
