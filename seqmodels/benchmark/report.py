"""What a run leaves behind: tables in the terminal, a CSV file, plots, and a page of Markdown."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table as RichTable

from seqmodels.benchmark.results import Row, read, write
from seqmodels.benchmark.tables import Table, notes, tables

CSV, CIRCUMSTANCES = "benchmark.csv", "circumstances.json"


def save(rows: Sequence[Row], circumstances: Mapping[str, str], folder: Path) -> None:
    """Write the rows, where they come from, and the plots."""
    folder.mkdir(parents=True, exist_ok=True)
    write(rows, folder / CSV)
    (folder / CIRCUMSTANCES).write_text(json.dumps(circumstances, indent=2) + "\n")
    for name, figure in plots(rows):
        figure.savefig(folder / name)


def restore(folder: Path) -> tuple[list[Row], dict[str, str]]:
    """The rows that an earlier run saved, and where they come from."""
    return read(folder / CSV), json.loads((folder / CIRCUMSTANCES).read_text())


def show(rows: Sequence[Row], console: Console) -> None:
    """Every table, and why figures are missing."""
    for table in tables(rows):
        shown = RichTable(title=table.title, title_justify="left")
        for name in table.header:
            shown.add_column(name)
        for line in table.body:
            shown.add_row(*line)
        console.print(shown)
    for note in notes(rows):
        console.print(note, soft_wrap=True)


def markdown(rows: Sequence[Row], circumstances: Mapping[str, str]) -> str:
    """A page: the command, the machine, every table, and why figures are missing."""
    rest = {name: value for name, value in circumstances.items() if name != "command"}
    parts = [
        "# Benchmarks",
        "A ratio is the peer's time over the contender's, so above 1 is faster than the peer: the median over "
        "interleaved rounds in one process, with the least and the most of any round. Nothing is timed whose outputs, "
        "states and gradients differ from its reference's.",
        f"```bash\n{circumstances['command']}\n```",
        _markdown(Table("", ("where", ""), list(rest.items()))),
    ]
    for table in tables(rows):
        parts += [f"## {table.title}", _markdown(table)]
    missing = [f"- {note}" for note in notes(rows)]
    if missing:
        parts += ["## Without a figure", "\n".join(missing)]
    return "\n\n".join(parts) + "\n"


def _markdown(table: Table) -> str:
    lines = [table.header, ("---",) * len(table.header), *table.body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plots(rows: Sequence[Row]) -> Iterator[tuple[str, Figure]]:
    """A figure for each file name: ratios by shape for every cell and mode, time by T, peak memory by T."""
    grid = [row for row in rows if row.suite == "grid" and row.ratio is not None]
    for mode in dict.fromkeys(row.mode for row in grid):
        yield f"ratios_{mode}.png", _ratios([row for row in grid if row.mode == mode], mode)
    scaled = [row for row in rows if row.suite == "scaling" and row.seconds is not None]
    if scaled:
        yield "time_by_length.png", _by_length(scaled, "µs per step", lambda row: 1e6 * (row.seconds or 0) / row.time)
        yield "memory_by_length.png", _by_length(scaled, "peak MiB", lambda row: (row.peak_bytes or 0) / 2**20)


def _ratios(rows: Sequence[Row], mode: str) -> Figure:
    cells = list(dict.fromkeys(row.cell for row in rows))
    figure = Figure(figsize=(10, 1 + 3 * len(cells)), layout="constrained")
    for axes, cell in zip(figure.subplots(len(cells), squeeze=False).flat, cells, strict=True):
        of_cell = [row for row in rows if row.cell == cell]
        shapes = [str(shape) for shape in dict.fromkeys(row.shape for row in of_cell)]
        names = list(dict.fromkeys(row.contender for row in of_cell))
        for place, name in enumerate(names):
            lines = [row for row in of_cell if row.contender == name]
            x = [shapes.index(str(row.shape)) + 0.6 * (place / len(names) - 0.5) for row in lines]
            _error_bars(axes, x, lines, name)
        axes.axhline(1.0, color="black", linewidth=0.5)
        axes.set_yscale("log", base=2)
        axes.yaxis.set_major_formatter("{x:g}")
        axes.set_xticks(range(len(shapes)), shapes, rotation=20, fontsize=7)
        axes.set_ylabel(f"{cell}: times the peer's speed")
    figure.suptitle(f"{mode}, by (T, B, I, H)")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize=7, ncols=6)
    return figure


def _error_bars(axes: Axes, x: list[float], rows: Sequence[Row], name: str) -> None:
    below = [(row.ratio or math.nan) - (row.ratio_least or math.nan) for row in rows]
    above = [(row.ratio_most or math.nan) - (row.ratio or math.nan) for row in rows]
    axes.errorbar(x, [row.ratio or math.nan for row in rows], (below, above), fmt="o", markersize=4, label=name)


def _by_length(rows: Sequence[Row], label: str, value: Callable[[Row], float]) -> Figure:
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes: Any = figure.subplots()
    for cell, contender in dict.fromkeys((row.cell, row.contender) for row in rows):
        lines = sorted(
            (row for row in rows if (row.cell, row.contender) == (cell, contender)), key=lambda row: row.time
        )
        axes.plot([row.time for row in lines], [value(row) for row in lines], "o-", label=f"{cell}, {contender}")
    axes.set(xscale="log", yscale="log", xlabel="T", ylabel=label)
    axes.legend(fontsize=8)
    return figure
