"""A contest: equal results first, then interleaved rounds, then a row for each contender."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from seqmodels.benchmark.contenders import Contender
from seqmodels.benchmark.equality import UnequalError, check_equal
from seqmodels.benchmark.memory import peak_bytes
from seqmodels.benchmark.problems import Problem
from seqmodels.benchmark.results import Row, row
from seqmodels.benchmark.timing import interleave, ratios, spread


@dataclass(frozen=True)
class Entry:
    """Who competes, at what.

    Args:
        contender: its name.
        problem: what it solves.
        build: makes it ready; raises a ValueError that says "cannot run here" where it cannot.
        peers: of these entries the fastest is what this one is compared with.
        reference: the entry whose results it must reproduce; None for an entry that others are compared with.
        engine: the engine that `auto` takes.
    """

    contender: str
    problem: Problem
    build: Callable[[Problem], Contender]
    peers: tuple[str, ...]
    reference: str | None = None
    engine: str = ""


@dataclass(frozen=True)
class Contest:
    """Entries that are timed in turns.

    Args:
        suite: what is being compared.
        cell: on which cell.
        entries: by key; a reference stands before those that refer to it.
        memory: whether peak memory is measured too.
    """

    suite: str
    cell: str
    entries: Mapping[str, Entry]
    memory: bool = False


@dataclass(frozen=True)
class Conditions:
    """What holds for all contests of a run.

    Args:
        seconds: to spend on the rounds of a contest.
        rounds: at most.
        threads: of the process.
        gemm_flops: operations per second of the best matrix product, by dtype.
    """

    seconds: float
    rounds: int
    threads: int
    gemm_flops: Mapping[str, float]


@dataclass
class _Field:
    """The contenders that may start, and why the others may not."""

    ready: dict[str, Contender] = field(default_factory=dict)
    differences: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def hold(contest: Contest, conditions: Conditions) -> list[Row]:
    """One row per entry; without figures, and with a note, for one that cannot run or is not equal."""
    line_up = _line_up(contest.entries)
    device = next(iter(contest.entries.values())).problem.device
    settle = torch.cuda.synchronize if torch.device(device).type == "cuda" else _nothing
    times = interleave(line_up.ready, seconds=conditions.seconds, most_rounds=conditions.rounds, settle=settle)
    per_step = {
        key: [seconds / contest.entries[key].problem.shape.time for seconds in taken]
        for key, taken in times.seconds.items()
    }
    rows = []
    for key, entry in contest.entries.items():
        make = partial(row, contest.suite, contest.cell, entry.problem, threads=conditions.threads)
        make = partial(make, contender=entry.contender, engine=entry.engine)
        if key not in line_up.ready:
            rows.append(make(note=line_up.notes[key]))
            continue
        peer = _fastest(entry.peers, per_step)
        seconds, ratio = spread(times.seconds[key]), spread(ratios(per_step[peer], per_step[key]))
        flops = entry.problem.flops()
        rows.append(
            make(
                peer=_named(contest.entries[peer], entry),
                rounds=len(times.seconds[key]),
                repeats=times.repeats[key],
                **_columns("seconds", *seconds),
                **_columns("ratio", *ratio),
                gemm_fraction=None
                if flops is None
                else flops / seconds.median / conditions.gemm_flops[entry.problem.dtype],
                peak_bytes=_peak(line_up.ready[key], device) if contest.memory else None,
                difference=line_up.differences.get(key),
            )
        )
    return rows


def _line_up(entries: Mapping[str, Entry]) -> _Field:
    """Build each entry and compare its results: this is its warm-up too."""
    wanted = {entry.reference for entry in entries.values()}
    line_up, results = _Field(), dict[str, dict[str, Tensor]]()
    for key, entry in entries.items():
        try:
            contender = entry.build(entry.problem)
            solved = contender.results()
            if entry.reference is not None:
                line_up.differences[key] = check_equal(solved, results[entry.reference], entry.problem.dtype)
        except UnequalError as error:
            line_up.notes[key] = f"not equal, not timed: {error}"
            continue
        except ValueError as error:
            if "cannot run here" not in str(error):
                raise
            line_up.notes[key] = str(error)
            continue
        line_up.ready[key] = contender
        if key in wanted:
            results[key] = solved
    return line_up


def _fastest(peers: tuple[str, ...], per_step: Mapping[str, list[float]]) -> str:
    return min((peer for peer in peers if peer in per_step), key=lambda peer: statistics.median(per_step[peer]))


def _named(peer: Entry, entry: Entry) -> str:
    same = peer.problem.shape.time == entry.problem.shape.time
    return peer.contender if same else f"{peer.contender}, T={peer.problem.shape.time}"


def _columns(name: str, median: float, least: float, most: float) -> dict[str, float]:
    return {name: median, f"{name}_least": least, f"{name}_most": most}


def _peak(contender: Contender, device: str) -> int:
    contender.release()
    return peak_bytes(contender, device)


def _nothing() -> None:
    pass
