"""Who is competed with: torch.nn's layer, torch.nn's cell, and a loop over torch.nn's cells."""

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqmodels.benchmark.contenders import Network, parts_of
from seqmodels.benchmark.problems import DTYPES, Problem

LAYERS: dict[str, tuple[Callable[..., nn.RNNBase], Callable[..., nn.RNNCellBase]]] = {
    "rnn": (nn.RNN, nn.RNNCell),
    "lstm": (nn.LSTM, nn.LSTMCell),
    "gru": (nn.GRU, nn.GRUCell),
}
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def torch_layer(problem: Problem) -> nn.RNNBase:
    """torch.nn's layer, drawn the same on every call."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = build_layer(LAYERS[problem.cell][0], problem)
    return layer.train(problem.training)


def torch_nn(problem: Problem) -> Network:
    """torch.nn's layer; on a packed batch if rows are ragged."""
    layer, lengths = torch_layer(problem), problem.lengths()

    def forward(x: Tensor) -> tuple[Tensor, ...]:
        if lengths is None:
            y, last = layer(x)
            return y, *parts_of(last)
        packed, last = layer(pack_padded_sequence(x, lengths, enforce_sorted=False))
        return pad_packed_sequence(packed, total_length=len(x))[0], *parts_of(last)

    return Network(problem, forward, dict(layer.named_parameters()))


def torch_cell(problem: Problem) -> Network:
    """torch.nn's cell on a single step."""
    (cell,) = _torch_cells(problem)

    def forward(x: Tensor) -> tuple[Tensor, ...]:
        last = parts_of(cell(x[0]))
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
        outputs.append(parts_of(state)[0])
    return torch.stack(outputs[::-1] if backward else outputs), parts_of(state)


def build_layer(kind: Callable[..., nn.RNNBase], problem: Problem, **options: Any) -> nn.RNNBase:
    """A layer of torch.nn, or ours in its place, of the size of a problem."""
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
        cell = LAYERS[problem.cell][1](weights["weight_ih"].shape[1], problem.shape.hidden_size)
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
