"""From rows to tables of text, the same for the terminal and for Markdown."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from seqmodels.benchmark.results import Row

TITLES = {
    "grid": "One layer, one direction, full rows",
    "variants": "Two layers, both directions, bfloat16",
    "ragged": "Rows of unequal length",
    "cells": "Cells as a user writes them, and a linear cell",
    "scaling": "From short sequences to long ones",
    "memory": "States stored at every so many steps",
    "control": "torch.nn against itself",
    "trainer": "A whole training",
}
SUMMARISED = ("auto", "native")
SHORTEST_TRAINED = 28
MEANS = ("grid", "variants", "ragged")


class Table(NamedTuple):
    """Cells of text under a heading."""

    title: str
    header: tuple[str, ...]
    body: Sequence[tuple[str, ...]]


def tables(rows: Sequence[Row]) -> Iterator[Table]:
    """The table of every suite that has rows, and the summary."""
    shown: dict[str, Callable[[Sequence[Row]], Table]] = {"scaling": scaling, "memory": peaks, "trainer": trainer}
    for suite in TITLES:
        of_suite = [row for row in rows if row.suite == suite]
        if of_suite:
            yield shown.get(suite, comparison)(of_suite)
    if any(row.suite in MEANS for row in rows):
        yield summary(rows)


def comparison(rows: Sequence[Row]) -> Table:
    """One line per problem: the peer's time, and how many times faster each contender was."""
    names = dict.fromkeys(row.contender for row in rows if row.ratio is not None and row.contender != row.peer)
    header = ("cell", "mode", "(T, B, I, H)", "", "peer", "ms", *names, "auto took", "of GEMM peak")
    body = []
    for lines in _groups(rows, lambda row: (row.cell, row.mode, row.shape, row.variation)):
        by_name = {row.contender: row for row in lines}
        peer = next(row for row in lines if row.contender == row.peer)
        auto = by_name.get("auto")
        ratios = [ratio(by_name[name]) if name in by_name and name != peer.contender else "" for name in names]
        took = (auto.engine, percent(auto.gemm_fraction)) if auto else ("", "")
        start = (peer.cell if auto is None else auto.cell, peer.mode, str(peer.shape), peer.variation)
        body.append((*start, peer.peer, milliseconds(peer), *ratios, *took))
    return Table(TITLES[rows[0].suite], header, body)


def scaling(rows: Sequence[Row]) -> Table:
    """One line per length: time and memory per step, and how many times those of the peer's length."""
    header = (
        "cell",
        "contender",
        "T",
        "µs per step",
        "times the peer's time",
        "KiB per step",
        "times the peer's memory",
        "peer",
    )
    body = []
    for row in sorted((row for row in rows if row.seconds), key=lambda row: (row.cell, row.contender, row.time)):
        base = next(
            other for other in rows if _is_base(other) and (other.cell, other.contender) == (row.cell, row.contender)
        )
        memory, memory_of_base = _bytes_per_step(row), _bytes_per_step(base)
        figures = (f"{1e6 * (row.seconds or 0) / row.time:.2f}", f"{1 / (row.ratio or math.nan):.2f}")
        held = (f"{memory / 1024:.2f}", f"{memory / memory_of_base:.2f}")
        body.append((row.cell, row.contender, str(row.time), *figures, *held, f"T={base.time}"))
    return Table(TITLES["scaling"], header, body)


def _is_base(row: Row) -> bool:
    return row.peer == row.contender


def _bytes_per_step(row: Row) -> float:
    return (row.peak_bytes or 0) / row.time


def peaks(rows: Sequence[Row]) -> Table:
    """One line per contender: time, peak memory and that beyond what the caller gets, against the peer's."""
    header = (
        "cell",
        "(T, B, I, H)",
        "contender",
        "ms",
        "times the peer's",
        "peak MiB",
        "activations, MiB",
        "of the peer's",
    )
    body = []
    for row in rows:
        peer = next(other for other in rows if other.cell == row.cell and other.contender == other.peer)
        if row.ratio is None or row.peak_bytes is None or not peer.peak_bytes:
            body.append((row.cell, str(row.shape), row.contender, row.note, "", "", "", ""))
            continue
        memory = (f"{row.peak_bytes / 2**20:.2f}", f"{row.activation_bytes / 2**20:.2f}")
        fraction = f"1/{peer.activation_bytes / row.activation_bytes:.1f}"
        time = (milliseconds(row), f"{1 / row.ratio:.2f}")
        body.append((row.cell, str(row.shape), row.contender, *time, *memory, fraction))
    return Table(TITLES["memory"], header, body)


def trainer(rows: Sequence[Row]) -> Table:
    """One line per task: steps per second of the trainer and of the bare loop, and what the trainer adds."""
    header = ("task", "model", "trainer, steps/s", "bare loop, steps/s", "overhead", "least", "most")
    body = []
    for lines in _groups(rows, lambda row: row.mode):
        bare = next(row for row in lines if row.contender == row.peer)
        ours = next(row for row in lines if row.contender != row.peer)
        speeds = [f"{1 / row.seconds:.1f}" if row.seconds else "" for row in (ours, bare)]
        bounds = (ours.ratio, ours.ratio_most, ours.ratio_least)
        body.append((ours.mode, ours.cell, *speeds, *(percent(1 / bound - 1 if bound else None) for bound in bounds)))
    return Table(TITLES["trainer"], header, body)


def summary(rows: Sequence[Row]) -> Table:
    """Geometric means over the shapes: those of at least 28 steps in training, all in inference."""
    header = ("suite", "variation", "cell", "mode", "contender", "shapes", "geometric mean", "worst", "worst shape")
    wanted = [row for row in rows if row.suite in MEANS and row.contender in SUMMARISED and row.ratio is not None]
    counted = [row for row in wanted if row.mode == "inference" or row.time >= SHORTEST_TRAINED]
    body = []
    for lines in _groups(counted, lambda row: (row.suite, row.variation, row.cell, row.mode, row.contender)):
        worst = min(lines, key=lambda row: row.ratio or 0)
        mean = geometric_mean([row.ratio or math.nan for row in lines])
        start = (worst.suite, worst.variation, worst.cell, worst.mode, worst.contender, str(len(lines)))
        body.append((*start, f"{mean:.2f}", f"{worst.ratio:.2f}", str(worst.shape)))
    return Table("Summary: times faster than the peer", header, body)


def notes(rows: Iterable[Row]) -> list[str]:
    """Why figures are missing, each reason once."""
    gone = dict.fromkeys((row.contender, row.note) for row in rows if row.note)
    return [f"{contender}: {note}" for contender, note in gone]


def geometric_mean(sample: Sequence[float]) -> float:
    """exp of the mean logarithm.

    Example:
        >>> geometric_mean([1.0, 4.0])
        2.0
    """
    return math.exp(sum(map(math.log, sample)) / len(sample))


def ratio(row: Row) -> str:
    """The median with its range; a dash where there is no figure."""
    if row.ratio is None:
        return "-"
    return f"{row.ratio:.2f} ({row.ratio_least:.2f} to {row.ratio_most:.2f})"


def milliseconds(row: Row) -> str:
    """Of a call."""
    return "-" if row.seconds is None else f"{1e3 * row.seconds:.3g}"


def percent(fraction: float | None) -> str:
    """Whole percent."""
    return "" if fraction is None else f"{100 * fraction:.0f} %"


def _groups(rows: Iterable[Row], key: Callable[[Row], object]) -> Iterator[list[Row]]:
    """Rows of equal key, in the order in which the keys first appear."""
    found: dict[object, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return iter(found.values())
