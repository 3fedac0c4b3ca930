"""Which engine runs which cell: what the tests of the engines go through, and what they compare."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from seqmodels import cells
from seqmodels.benchmark.user_cells import LayerNormLSTMCell, PeepholeLSTMCell
from seqmodels.cells import Cell
from seqmodels.layers.engines import run
from seqmodels.types import map_state
from tests import conftest

CELLS: dict[str, Callable[..., Cell[Any]]] = {
    **conftest.CELLS,
    "RNNCell-without-bias": partial(cells.RNNCell, bias=False),
    "LSTMCell-projected-without-bias": partial(cells.LSTMCell, proj_size=2, bias=False),
    "ChoGRUCell-without-bias": partial(cells.ChoGRUCell, bias=False),
    "MinGRUCell-without-bias": partial(cells.MinGRUCell, bias=False),
    "PeepholeLSTMCell": PeepholeLSTMCell,
    "LayerNormLSTMCell": LayerNormLSTMCell,
}
TORCHS = [name for name in CELLS if name.startswith(("RNN", "LSTM", "GRU")) and "softsign" not in name]
RUNS = {
    "fused": [*TORCHS, *(name for name in CELLS if name.startswith("Cho"))],
    "vendor": TORCHS,
    "parallel": [name for name in CELLS if name.startswith("MinGRU")],
    "derived": list(CELLS),
    "native": [name for name in TORCHS if "projected" not in name],
}
DTYPES = {"native": [torch.float32]}


every_pair = pytest.mark.parametrize(
    ("engine", "name"),
    [pytest.param(engine, name, id=f"{engine}-{name}") for engine, names in RUNS.items() for name in names],
)
in_every_dtype = pytest.mark.parametrize(
    ("engine", "name", "dtype"),
    [
        pytest.param(engine, name, dtype, id=f"{engine}-{name}-{dtype}")
        for engine, names in RUNS.items()
        for name in names
        for dtype in DTYPES.get(engine, [torch.float64, torch.float32])
    ],
)


def widest(engine: str) -> torch.dtype:
    """The type in which an engine is compared most closely."""
    return DTYPES.get(engine, [torch.float64])[0]


def example(
    name: str, dtype: torch.dtype, batch: int = 4, time: int = 5, sizes: tuple[int, int] = (2, 3)
) -> tuple[Cell[Any], Tensor, Any]:
    """A cell, a batch of sequences and a state, all of which want a gradient."""
    cell = CELLS[name](*sizes).to(dtype)
    x = torch.randn(batch, time, sizes[0], dtype=dtype, requires_grad=True)
    return cell, x, map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))


def by_both(engine: str, cell: Cell[Any], x: Tensor, state: Any, lengths: Any, gradients: Callable[..., Any]) -> Any:
    """Results and gradients, by the engine and by the loop."""
    lengths = lengths if lengths is None or isinstance(lengths, Tensor) else torch.tensor(lengths)
    inputs = [part for part in (x, *(state or ()), *cell.parameters()) if part.requires_grad]
    outcomes = []
    for by in (engine, "loop"):
        result = run(cell, x, state, lengths, by)
        outcomes.append((result, gradients(result, inputs)))
    return outcomes
