"""Who competes: our layers in the place of torch.nn's, any cell by any engine, and a loop as one writes it."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

import seqmodels
from seqmodels.benchmark.contenders import Network, parts_of
from seqmodels.benchmark.peers import build_layer, torch_layer
from seqmodels.benchmark.problems import DTYPES, Problem
from seqmodels.cells import Cell
from seqmodels.layers import Recurrent
from seqmodels.layers.engines import Engine

LAYERS: dict[str, Callable[..., nn.RNNBase]] = {"rnn": seqmodels.RNN, "lstm": seqmodels.LSTM, "gru": seqmodels.GRU}


def drop_in(engine: Engine) -> Callable[[Problem], Network]:
    """Our layer in the place of torch.nn's, by one engine."""

    def build(problem: Problem) -> Network:
        layer = build_layer(LAYERS[problem.cell], problem, engine=engine)
        layer.load_state_dict(torch_layer(problem).state_dict())
        layer.train(problem.training)
        lengths = {} if problem.lengths() is None else {"lengths": problem.lengths()}

        def forward(x: Tensor) -> tuple[Tensor, ...]:
            y, last = layer(x, **lengths)
            return y, *parts_of(last)

        return Network(problem, forward, dict(layer.named_parameters()))

    return build


def over(cell: Callable[[int, int], Cell[Any]], engine: Engine, **options: Any) -> Callable[[Problem], Network]:
    """Any cell, run over time by one engine.

    Args:
        cell: builds it from an input size and a hidden size.
        engine: see `Recurrent`.
        options: further arguments of `Recurrent`.
    """

    def build(problem: Problem) -> Network:
        layer = Recurrent(_drawn(cell, problem), engine, **options)

        def forward(x: Tensor) -> tuple[Tensor, ...]:
            y, last = layer(x.transpose(0, 1), lengths=problem.lengths())
            return y, *parts_of(last)

        return Network(problem, forward, dict(layer.named_parameters()))

    return build


def eager_loop(cell: Callable[[int, int], Cell[Any]]) -> Callable[[Problem], Network]:
    """Any cell, called at every step, as one writes it.

    Args:
        cell: builds it from an input size and a hidden size.
    """

    def build(problem: Problem) -> Network:
        built = _drawn(cell, problem)

        def forward(x: Tensor) -> tuple[Tensor, ...]:
            state, outputs = None, []
            for x_t in x.unbind():
                y_t, state = built(x_t, state)
                outputs.append(y_t)
            return torch.stack(outputs, dim=1), *parts_of(state)

        named: dict[str, Tensor] = {f"cell.{name}": parameter for name, parameter in built.named_parameters()}
        return Network(problem, forward, named)

    return build


def _drawn(cell: Callable[[int, int], Cell[Any]], problem: Problem) -> Cell[Any]:
    """The cell with the same parameters on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = cell(problem.shape.input_size, problem.shape.hidden_size)
    return built.to(problem.device, DTYPES[problem.dtype]).train(problem.training)
