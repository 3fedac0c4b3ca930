"""`seqmodels benchmark`: what is asked for, measured, shown and written."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from rich.console import Console

from seqmodels.benchmark import report
from seqmodels.benchmark.contest import Conditions, hold
from seqmodels.benchmark.machine import describe, gemm_flops, load
from seqmodels.benchmark.problems import BLOCKS, DTYPES
from seqmodels.benchmark.results import Row
from seqmodels.benchmark.suites import SUITES, Choices
from seqmodels.console import console, fail, one_line_errors
from seqmodels.layers.engines import ENGINES

NAMES = (*SUITES, "trainer")
FILE_WIDTH = 250  # where no terminal sets the width


class _Parser(argparse.ArgumentParser):
    """What is wrong in one line."""

    def error(self, message: str) -> None:  # type: ignore[override]
        fail(message)


def benchmark(arguments: Sequence[str] | None = None) -> None:
    """Measure every engine against torch.nn: interleaved rounds in one process, equal results first."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(given)
    with one_line_errors():
        if options.render:
            rows, circumstances = report.restore(options.render)
        else:
            rows, circumstances = _measure(options, given)
            report.save(rows, circumstances, options.out)
        report.show(rows, console if console.is_terminal else Console(width=FILE_WIDTH, highlight=False))
        if options.markdown:
            options.markdown.write_text(report.markdown(rows, circumstances))
    wrong = [row.contender for row in rows if row.note.startswith("not equal")]
    if wrong:
        fail(f"not equal to the reference, so not timed: {', '.join(dict.fromkeys(wrong))}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="seqmodels benchmark", description=benchmark.__doc__)
    parser.add_argument("--suite", nargs="+", choices=(*NAMES, "all"), default=["all"], help="what to measure")
    parser.add_argument("--cells", nargs="+", choices=tuple(BLOCKS), default=list(BLOCKS))
    parser.add_argument(
        "--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="scaling and memory use the first"
    )
    parser.add_argument("--rounds", type=_positive(int), default=15, help="at most, in a contest")
    parser.add_argument("--seconds", type=_positive(float), default=2.0, help="for the rounds of a contest")
    parser.add_argument("--threads", type=_positive(int), default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=tuple(DTYPES), default="float32", help="tf32 needs --device cuda")
    parser.add_argument("--quick", action="store_true", help="tiny shapes and few rounds: does it run at all?")
    parser.add_argument("--out", type=Path, default=Path("logs/benchmark"), help="folder of the CSV file and the plots")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file too")
    parser.add_argument(
        "--render", type=Path, metavar="DIR", help="measure nothing: show what was saved in this folder"
    )
    return parser


def _positive(kind: type) -> Callable[[str], float]:
    def number(text: str) -> float:
        value: float = kind(text)
        if not value > 0:
            raise argparse.ArgumentTypeError(f"must be more than 0, got {text}")
        return value

    return number


def _measure(options: argparse.Namespace, given: Sequence[str]) -> tuple[list[Row], dict[str, str]]:
    _prepare(options)
    before = load()
    seconds = 0.05 if options.quick else 0.5
    peaks = {dtype: gemm_flops(options.device, dtype, seconds) for dtype in (options.dtype, "bfloat16")}
    circumstances = {
        "command": shlex.join(["seqmodels", "benchmark", *given]),
        **describe(options.device, options.threads),
        **{f"best 1024³ product, {dtype}": f"{peak / 1e9:.0f} GFLOP/s" for dtype, peak in peaks.items()},
    }
    for name, value in circumstances.items():
        console.print(f"{name}: {value}", soft_wrap=True)
    rows = [row for rows in _rows(options, peaks) for row in rows]
    circumstances["load before and after"] = f"{before} and {load()}"
    console.print(f"load before and after: {circumstances['load before and after']}")
    return rows, circumstances


def _prepare(options: argparse.Namespace) -> None:
    """Set what holds for the whole process.

    Raises:
        ValueError: the device is not there, or cannot do what is asked for.
    """
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError("--device cuda: there is no CUDA device")
    if options.dtype == "tf32" and options.device != "cuda":
        raise ValueError(f"--dtype tf32 needs --device cuda, got --device {options.device}")
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # the profiler that counts memory tells when it starts and stops
    torch.set_num_threads(options.threads)
    if options.device == "cuda":
        torch.backends.cuda.matmul.allow_tf32 = options.dtype == "tf32"
        torch.backends.cudnn.allow_tf32 = options.dtype == "tf32"


def _rows(options: argparse.Namespace, peaks: dict[str, float]) -> Iterator[list[Row]]:
    """The rows of one contest after the other, told while they come."""
    names = NAMES if "all" in options.suite else options.suite
    choices = Choices(tuple(options.cells), tuple(options.engines), options.dtype, options.device, options.quick)
    seconds, rounds = (0.1, 3) if options.quick else (options.seconds, options.rounds)
    conditions = Conditions(seconds, rounds, options.threads, peaks)
    for name in names:
        contests = _trainings(options) if name == "trainer" else (hold(c, conditions) for c in SUITES[name](choices))
        for rows in contests:
            _tell(rows)
            yield rows


def _trainings(options: argparse.Namespace) -> Iterator[list[Row]]:
    from seqmodels.benchmark.trainer import TASKS, measure  # noqa: PLC0415  (Hydra takes its time)

    for task in TASKS:
        yield measure(task, 3 if options.quick else options.rounds, options.threads)


def _tell(rows: Sequence[Row]) -> None:
    """One line: the problem, and how many times faster than its peer each contender was."""
    first = rows[0]
    names = [row.contender if row.time == first.time else f"{row.contender}, T={row.time}" for row in rows]
    ratios = [f"{name} {row.ratio:.2f}" for name, row in zip(names, rows, strict=True) if row.ratio is not None]
    problem = f"{first.suite} {first.cell} {first.mode} {first.shape} {first.variation}"
    console.print(problem, *ratios, sep="  ", soft_wrap=True)
