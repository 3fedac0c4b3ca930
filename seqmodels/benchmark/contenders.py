"""Who competes: torch.nn's layer, torch.nn's cell, a loop over cells as one writes it, and each of our engines."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils import _pytree as pytree

import seqmodels
from seqmodels.benchmark.problems import DTYPES, Problem
from seqmodels.cells import Cell
from seqmodels.layers import Recurrent
from seqmodels.layers.engines import Engine

LAYERS: dict[str, tuple[Callable[..., nn.RNNBase], Callable[..., nn.RNNBase], Callable[..., nn.RNNCellBase]]] = {
    "rnn": (nn.RNN, seqmodels.RNN, nn.RNNCell),
    "lstm": (nn.LSTM, seqmodels.LSTM, nn.LSTMCell),
    "gru": (nn.GRU, seqmodels.GRU, nn.GRUCell),
}
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Contender(Protocol):
    """Something that solves a problem."""

    def __call__(self) -> Any:
        """Solve it: this is timed."""

    def results(self) -> dict[str, Tensor]:
        """Solve it, and give the outputs, states and gradients by name."""

    def release(self) -> None:
        """Let go of what the last call left behind."""


@dataclass
class Network:
    """A contender that torch differentiates.

    Args:
        problem: to be solved.
        forward: from x (time, batch, input) to the outputs and the final states.
        parameters: by the names that they have in torch.nn's layer.
    """

    problem: Problem
    forward: Callable[[Tensor], tuple[Tensor, ...]]
    parameters: dict[str, Tensor]
    x: Tensor = field(init=False)
    cotangents: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.x = self.problem.input()
        with torch.no_grad():
            self.cotangents = [cotangent(output) for output in self.forward(self.x)]

    def __call__(self) -> tuple[Tensor, ...]:
        """Forward and, in training, backward from every output and state to the input and every parameter."""
        if not self.problem.training:
            with torch.no_grad():
                return self.forward(self.x)
        for leaf in self.leaves().values():
            leaf.grad = None
        outputs = self.forward(self.x)
        torch.autograd.backward(outputs, self.cotangents)
        return outputs

    def results(self) -> dict[str, Tensor]:
        """Outputs, states and gradients."""
        named = {f"output {place}": output.detach() for place, output in enumerate(self())}
        if self.problem.training:
            named |= {f"gradient of {name}": _gradient(leaf) for name, leaf in self.leaves().items()}
        return named

    def leaves(self) -> dict[str, Tensor]:
        """All that gradients are wanted of."""
        return {"x": self.x, **self.parameters}

    def release(self) -> None:
        """Let go of the gradients."""
        for leaf in self.leaves().values():
            leaf.grad = None


def cotangent(output: Tensor) -> Tensor:
    """The gradient that comes back to an output: the same for every output of its shape."""
    drawn = torch.randn(output.shape, generator=torch.Generator().manual_seed(3))
    return drawn.to(output.device, output.dtype)


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()


def torch_layer(problem: Problem) -> nn.RNNBase:
    """torch.nn's layer, drawn the same on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = _build(LAYERS[problem.cell][0], problem)
    return layer.train(problem.training)


def torch_nn(problem: Problem) -> Network:
    """torch.nn's layer; on a packed batch if rows are ragged."""
    layer, lengths = torch_layer(problem), problem.lengths()

    def forward(x: Tensor) -> tuple[Tensor, ...]:
        if lengths is None:
            y, last = layer(x)
            return y, *_parts(last)
        packed, last = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(packed, total_length=len(x))[0], *_parts(last)

    return Network(problem, forward, dict(layer.named_parameters()))


def torch_cell(problem: Problem) -> Network:
    """torch.nn's cell on a single step."""
    (cell,) = _torch_cells(problem)

    def forward(x: Tensor) -> tuple[Tensor, ...]:
        last = _parts(cell(x[0]))
        return last[0].unsqueeze(0), *(part.unsqueeze(0) for part in last)

    return Network(problem, forward, _named([cell]))


def torch_loop(problem: Problem) -> Network:
    """A loop over torch.nn's cells, as one writes it."""
    cells = _torch_cells(problem)
    directions = 2 if problem.bidirectional else 1

    def forward(x: Tensor) -> tuple[Tensor, ...]:
        finals = []
        for depth in range(problem.num_layers):
            halves = [_steps(cells[depth * directions + back], x, back == 1) for back in range(directions)]
            x = torch.cat([y for y, _ in halves], dim=-1)
            finals += [state for _, state in halves]
        return x, *(torch.stack(parts) for parts in zip(*finals, strict=True))

    return Network(problem, forward, _named(cells, directions))


def _steps(cell: nn.RNNCellBase, x: Tensor, backward: bool) -> tuple[Tensor, list[Tensor]]:
    state, outputs = None, []
    for x_t in reversed(x.unbind()) if backward else x.unbind():
        state = cell(x_t, state)
        outputs.append(_parts(state)[0])
    return torch.stack(outputs[::-1] if backward else outputs), _parts(state)


def drop_in(engine: Engine) -> Callable[[Problem], Network]:
    """Our layer in the place of torch.nn's, by one engine."""

    def build(problem: Problem) -> Network:
        layer = _build(LAYERS[problem.cell][1], problem, engine=engine)
        layer.load_state_dict(torch_layer(problem).state_dict())
        layer.train(problem.training)
        lengths = {} if problem.lengths() is None else {"lengths": problem.lengths()}

        def forward(x: Tensor) -> tuple[Tensor, ...]:
            y, last = layer(x, **lengths)
            return y, *_parts(last)

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
            return y, *_parts(last)

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
            return torch.stack(outputs, dim=1), *_parts(state)

        named: dict[str, Tensor] = {f"cell.{name}": parameter for name, parameter in built.named_parameters()}
        return Network(problem, forward, named)

    return build


def _drawn(cell: Callable[[int, int], Cell[Any]], problem: Problem) -> Cell[Any]:
    """The cell with the same parameters on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        built = cell(problem.shape.input_size, problem.shape.hidden_size)
    return built.to(problem.device, DTYPES[problem.dtype]).train(problem.training)


def _build(kind: Callable[..., nn.RNNBase], problem: Problem, **options: Any) -> nn.RNNBase:
    _, _, input_size, hidden_size = problem.shape
    return kind(
        input_size,
        hidden_size,
        num_layers=problem.num_layers,
        bidirectional=problem.bidirectional,
        **options,
    ).to(problem.device, DTYPES[problem.dtype])


def _torch_cells(problem: Problem) -> list[nn.RNNCellBase]:
    """One cell for each layer and direction, with the parameters of torch.nn's layer."""
    state, cells = torch_layer(problem).state_dict(), []
    directions = 2 if problem.bidirectional else 1
    for suffix in _suffixes(problem.num_layers, directions):
        weights = {name: state[name + suffix] for name in PARAMETERS}
        cell = LAYERS[problem.cell][2](weights["weight_ih"].shape[1], problem.shape.hidden_size)
        cell.to(problem.device, DTYPES[problem.dtype]).load_state_dict(weights)
        cells.append(cell)
    return cells


def _named(cells: list[nn.RNNCellBase], directions: int = 1) -> dict[str, Tensor]:
    suffixes = _suffixes(len(cells) // directions, directions)
    return {
        name + suffix: parameter
        for suffix, cell in zip(suffixes, cells, strict=True)
        for name, parameter in cell.named_parameters()
    }


def _suffixes(num_layers: int, directions: int) -> Iterable[str]:
    backwards = ("", "_reverse")[:directions]
    return [f"_l{depth}{back}" for depth, back in product(range(num_layers), backwards)]


def _parts(state: Any) -> list[Tensor]:
    parts: list[Tensor] = pytree.tree_leaves(state)
    return parts
