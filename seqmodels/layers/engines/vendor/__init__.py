"""torch's own kernels (oneDNN, MKL, cuDNN) under our cells, and lengths without padding."""

from typing import Any, TypeVar, cast

from torch import Tensor

from seqmodels.cells import Cell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines.vendor import kernels, lstm

S = TypeVar("S")


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:
    """Why torch has no kernel for this cell on this input; None if it has."""
    if type(cell) not in (RNNCell, LSTMCell, GRUCell):
        return f"torch has no kernel for {type(cell).__name__}"
    if isinstance(cell, RNNCell) and cell.nonlinearity not in ("tanh", "relu"):
        return "torch has a kernel for tanh and relu only"
    if isinstance(cell, LSTMCell) and lstm.fails_in_mixed_precision(cell, x):
        return "oneDNN, which torch takes for it, has no bfloat16 on this processor"
    if x.numel() == 0:
        return "torch's kernels take no empty input"
    return None


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None) -> tuple[Tensor, S]:
    """`scan` by torch's kernels."""
    state = cell.initial_state(x) if state is None else state
    if not lstm.takes(cell, x):
        return kernels.run(cell, x, state, lengths)
    return cast(tuple[Tensor, S], lstm.run(cast(LSTMCell, cell), x, cast(Any, state), lengths))
