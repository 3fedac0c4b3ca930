"""What a person sees in the terminal: a summary first, results last, and what is wrong in one line."""

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console
from rich.table import Table

from seqmodels.assembly import parameter_count
from seqmodels.cells import Cell
from seqmodels.data import SequenceData
from seqmodels.mappings import SequenceMapping

console = Console(highlight=False)


def engine_of(mapping: SequenceMapping) -> str:
    """Names of the engines that run a mapping's layers."""
    choices = mapping.layers.explain_engine(mapping.example_features())
    return ", ".join(sorted({choice.engine for choice in choices}))


def show_summary(run: Path, data: SequenceData, mapping: SequenceMapping, *, resumed_from: Path | None) -> None:
    """One screen: the data, the model and where everything goes."""
    cells = " + ".join(str(module) for module in mapping.layers.modules() if isinstance(module, Cell))
    rows = {
        **data.describe(),
        "model": f"{type(mapping).__name__} over {cells}",
        "parameters": f"{parameter_count(mapping):,}",
        "engine": engine_of(mapping),
        "run folder": os.path.relpath(run),
        **({"resumed from": os.path.relpath(resumed_from)} if resumed_from else {}),
    }
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in rows.items():
        table.add_row(f"[bold]{name}", value)
    console.print(table)


def show_results(report: Mapping[str, Any], run: Path, resume: str) -> None:
    """The final metrics beside the floor, and what to do next."""
    splits = ("train", "val", "test")
    names = [key.removeprefix("test/") for key in report if key.startswith("test/")]
    table = Table(title=f"after {report['training_seconds']:.0f} s of training")
    for column in ("metric", *splits, "floor (test)"):
        table.add_column(column, justify="left" if column == "metric" else "right")
    for name in names:
        cells = [report.get(f"{split}/{name}") for split in splits] + [report["floor"].get(f"test/{name}")]
        table.add_row(name, *("" if value is None else f"{value:.4g}" for value in cells))
    console.print(table)
    folder = os.path.relpath(run)
    use = "generate" if any(name == "perplexity" for name in names) else "predict"
    console.print(f"look at it   tensorboard --logdir {Path(folder).parts[0]}", soft_wrap=True)
    console.print(f"use it       seqmodels {use} {folder}", soft_wrap=True)
    console.print(f"go on        {resume}", soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Say what is wrong in one line and exit with 2."""
    sys.stderr.write(f"seqmodels: {' '.join(message.split())}\n")
    raise SystemExit(2)


@contextlib.contextmanager
def one_line_errors(run: Path | None = None) -> Iterator[None]:
    """Turn what a person can mend (a bad value, file or checkpoint) into one line and exit code 2.

    An empty run folder is taken away again. The environment variable SEQMODELS_TRACEBACK=1 shows the whole trace.
    """
    try:
        yield
    except (ValueError, TypeError, OSError) as error:
        if os.environ.get("SEQMODELS_TRACEBACK") == "1":
            raise
        if run is not None and run.is_dir() and not any(run.iterdir()):
            run.rmdir()
        fail(str(error))
