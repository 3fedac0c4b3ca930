"""Which contests there are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from seqmodels import cells
from seqmodels.benchmark.contest import Contest, Entry
from seqmodels.benchmark.lax_scan import lax_scan
from seqmodels.benchmark.ours import drop_in, eager_loop, over
from seqmodels.benchmark.peers import torch_cell, torch_loop, torch_nn
from seqmodels.benchmark.problems import DTYPES, MODES, QUICK, SHAPES, Problem, Shape
from seqmodels.benchmark.user_cells import LayerNormLSTMCell, PeepholeLSTMCell
from seqmodels.layers.engines import Engine, choose

DOCUMENTED = {"rnn": cells.RNNCell, "lstm": cells.LSTMCell, "gru": cells.GRUCell}
WRITTEN = {"peephole lstm": PeepholeLSTMCell, "layer-norm lstm": LayerNormLSTMCell}
CHECKPOINT_EVERY = 128
BASE_TIME = 256


@dataclass(frozen=True)
class Choices:
    """What the command line chose.

    Args:
        cells: `"rnn"`, `"lstm"`, `"gru"`, or some of them.
        engines: that compete; scaling and memory are measured with the first.
        dtype: see `Problem`.
        device: see `Problem`.
        quick: whether tiny shapes take the place of all others.
    """

    cells: tuple[str, ...]
    engines: tuple[Engine, ...]
    dtype: str = "float32"
    device: str = "cpu"
    quick: bool = False

    def shapes(self, suite: str) -> tuple[Shape, ...]:
        """The shapes of a suite."""
        return (QUICK if self.quick else SHAPES)[suite]

    def problems(self, suite: str, **variation: object) -> Iterator[Problem]:
        """Every cell on every shape of a suite in both modes."""
        given = {"dtype": self.dtype, "device": self.device, **variation}
        for cell in self.cells:
            for shape in self.shapes(suite):
                for mode in MODES:
                    yield Problem(cell, mode, shape, **given)  # type: ignore[arg-type]


def grid(choices: Choices) -> Iterator[Contest]:
    """One layer in one direction over full rows."""
    for problem in choices.problems("grid"):
        yield against_torch("grid", problem, choices.engines)


def control(choices: Choices) -> Iterator[Contest]:
    """torch.nn against itself: how far from 1 a ratio is by chance."""
    for problem in choices.problems("grid"):
        once = Entry("torch.nn", problem, torch_nn, ("torch.nn",))
        again = Entry("torch.nn again", problem, torch_nn, ("torch.nn",), "torch.nn")
        yield Contest("control", problem.cell, {"torch.nn": once, "torch.nn again": again})


def variants(choices: Choices) -> Iterator[Contest]:
    """Two layers, both directions, bfloat16."""
    for variation in ({"num_layers": 2}, {"bidirectional": True}, {"dtype": "bfloat16"}):
        for problem in choices.problems("variants", **variation):
            yield against_torch("variants", problem, choices.engines)


def ragged(choices: Choices) -> Iterator[Contest]:
    """Rows of unequal length, against torch.nn on the packed batch."""
    for problem in choices.problems("ragged", ragged=True):
        yield against_torch("ragged", problem, choices.engines)


def against_torch(suite: str, problem: Problem, engines: tuple[Engine, ...]) -> Contest:
    """torch.nn, a loop over its cells, JAX and each engine; a single step also against torch's cell."""
    single = problem.shape.time == 1 and problem.is_plain
    peers = ("torch.nn", "torch.nn cell") if single else ("torch.nn",)
    entry = partial(Entry, problem=problem, peers=peers, reference="torch.nn")
    entries = {"torch.nn": Entry("torch.nn", problem, torch_nn, peers)}
    if single:
        entries["torch.nn cell"] = entry("torch.nn cell", build=torch_cell)
    if not problem.ragged and problem.shape.time > 1:
        entries["torch.nn cell, loop"] = entry("torch.nn cell, loop", build=torch_loop)
    for engine in engines:
        entries[engine] = entry(engine, build=drop_in(engine), engine=chosen(DOCUMENTED[problem.cell], problem, engine))
    if suite == "grid":
        entries["lax.scan"] = entry("lax.scan", build=lax_scan)
    return Contest(suite, problem.cell, entries)


def user_cells(choices: Choices) -> Iterator[Contest]:
    """Cells as a user writes them, against a loop that calls them; a linear cell against torch.nn.LSTM."""
    for name, cell in WRITTEN.items():
        for shape in choices.shapes("cells"):
            problem = Problem(name, "training", shape, dtype=choices.dtype, device=choices.device)
            yield Contest("cells", name, _any_way(problem, cell, choices.engines, peer="eager loop"))
    for shape in choices.shapes("linear"):
        problem = Problem("min gru", "training", shape, dtype=choices.dtype, device=choices.device)
        lstm = Problem("lstm", "training", shape, dtype=choices.dtype, device=choices.device)
        peer = Entry("torch.nn.LSTM", lstm, torch_nn, ("torch.nn.LSTM",))
        entries = _any_way(problem, cells.MinGRUCell, choices.engines, peer="torch.nn.LSTM")
        yield Contest("cells", "min gru", {"torch.nn.LSTM": peer, **entries})


def _any_way(
    problem: Problem, cell: Callable[[int, int], cells.Cell[Any]], engines: tuple[Engine, ...], peer: str
) -> dict[str, Entry]:
    """The cell called at every step, by the loop engine, which projects all inputs at once, and by each engine."""
    entries = {"eager loop": Entry("eager loop", problem, eager_loop(cell), (peer,))}
    for engine in dict.fromkeys(("loop", *engines)):
        took = chosen(cell, problem, engine)
        entries[engine] = Entry(engine, problem, over(cell, engine), (peer,), "eager loop", took)
    return entries


def scaling(choices: Choices) -> Iterator[Contest]:
    """Time and memory per step, from short sequences to long ones, each against its own at 256 steps."""
    engine = choices.engines[0]
    for cell in choices.cells:
        entries = {}
        for shape in choices.shapes("scaling"):
            problem = Problem(cell, "training", shape, dtype=choices.dtype, device=choices.device)
            theirs, ours = f"torch.nn {shape.time}", f"{engine} {shape.time}"
            entries[theirs] = Entry("torch.nn", problem, torch_nn, (f"torch.nn {BASE_TIME}",))
            took = chosen(DOCUMENTED[cell], problem, engine)
            entries[ours] = Entry(engine, problem, drop_in(engine), (f"{engine} {BASE_TIME}",), theirs, took)
        yield Contest("scaling", cell, entries, memory=True)


def memory(choices: Choices) -> Iterator[Contest]:
    """Peak memory and time with states stored at every so many steps, against all of them stored."""
    engine = choices.engines[0]
    for cell in choices.cells:
        for shape in choices.shapes("memory"):
            problem = Problem(cell, "training", shape, dtype=choices.dtype, device=choices.device)
            full = Entry(engine, problem, over(DOCUMENTED[cell], engine), (engine,))
            name = f"{engine}, checkpoint_every={CHECKPOINT_EVERY}"
            build = over(DOCUMENTED[cell], engine, checkpoint_every=CHECKPOINT_EVERY)
            yield Contest(
                "memory", cell, {engine: full, name: Entry(name, problem, build, (engine,), engine)}, memory=True
            )


SUITES: dict[str, Callable[[Choices], Iterator[Contest]]] = {
    "grid": grid,
    "variants": variants,
    "ragged": ragged,
    "cells": user_cells,
    "scaling": scaling,
    "memory": memory,
    "control": control,
}


def chosen(cell: Callable[[int, int], cells.Cell[Any]], problem: Problem, engine: Engine) -> str:
    """The engine that `auto` takes for a problem; nothing to say of one that was asked for by name."""
    if engine != "auto":
        return ""
    _, _, input_size, hidden_size = problem.shape
    built = cell(input_size, hidden_size).to(problem.device, DTYPES[problem.dtype])
    with torch.set_grad_enabled(problem.training):
        return choose(built, problem.input().transpose(0, 1), engine, ragged=problem.ragged).engine
