"""Train the NumPy network on a sine from two starts, and show what the initial weights decide.

Example: python scripts/from_scratch.py --output logs/from_scratch
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from seqmodels.reference import SineResult, train_sine

STARTS = {"unscaled start (1.0)": 1.0, "small start (0.01)": 0.01}
COLOURS = ("tab:orange", "tab:blue")


def print_table(results: dict[str, SineResult]) -> None:
    """Losses by epoch, and the test errors below them."""
    table = Table(title="Next value of a sine: mean of (y - target)²/2 by epoch")
    for heading in ("epoch", *results):
        table.add_column(heading, justify="right")
    for epoch, losses in enumerate(zip(*(result.losses for result in results.values()), strict=True), start=1):
        table.add_row(str(epoch), *(f"{loss:.2e}" for loss in losses))
    table.add_section()
    table.add_row("test, (y - target)²", *(f"{result.test_error:.2e}" for result in results.values()))
    Console().print(table)


def draw_losses(results: dict[str, SineResult]) -> Figure:
    """Loss by epoch, one line for each start."""
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for colour, (start, result) in zip(COLOURS, results.items(), strict=True):
        epochs = range(1, len(result.losses) + 1)
        axes.semilogy(epochs, result.losses, color=colour, marker="o", markersize=4, label=start)
        axes.set_xticks(epochs)
    axes.axhline(0.25, color="grey", linestyle=":", label="always answering 0")
    axes.set(xlabel="epoch", ylabel="mean of (y - target)²/2", title="Training loss by epoch")
    axes.grid(alpha=0.3)
    axes.legend()
    return figure


def draw_predictions(results: dict[str, SineResult]) -> Figure:
    """Actual against predicted values of the test windows, one panel for each start."""
    figure = Figure(figsize=(10, 5), layout="constrained")
    panels = figure.subplots(len(results), sharex=True, sharey=True)
    for axes, colour, (start, result) in zip(panels, COLOURS, results.items(), strict=True):
        times = range(400 - len(result.targets), 400)
        axes.plot(times, result.targets, color="lightgrey", linewidth=6, label="actual")
        axes.plot(times, result.predictions, color=colour, marker=".", linewidth=1, label="predicted")
        axes.set(ylabel="sin(t)")
        axes.set_title(f"{start}: test error {result.test_error:.1e}", loc="left")
        axes.grid(alpha=0.3)
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False)
    panels[-1].set(xlabel="t")
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Train twice, print a table, write two plots."""
    parser = argparse.ArgumentParser(description="A recurrent network from scratch, from two starts.")
    parser.add_argument("--output", type=Path, default=Path("logs/from_scratch"), help="folder of the plots")
    parser.add_argument("--epochs", type=int, default=15, help="passes over the training windows")
    options = parser.parse_args(arguments)
    results = {start: train_sine(scale, epochs=options.epochs) for start, scale in STARTS.items()}
    print_table(results)
    options.output.mkdir(parents=True, exist_ok=True)
    draw_losses(results).savefig(options.output / "loss.png", dpi=150)
    draw_predictions(results).savefig(options.output / "predictions.png", dpi=150)
    print(f"wrote {options.output / 'loss.png'} and {options.output / 'predictions.png'}")


if __name__ == "__main__":
    main()
