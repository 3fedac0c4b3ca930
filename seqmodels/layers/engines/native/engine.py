"""The compiled kernels as an engine."""

from typing import Any, TypeVar

import torch
from torch import Tensor

from seqmodels.cells import Cell, ChoGRUCell, LSTMCell
from seqmodels.layers.engines import fused, gemm
from seqmodels.layers.engines.native import available

S = TypeVar("S")
SMALL, MEDIUM, LARGE, LONG, MANY, MAPPED = 2**10, 2**13, 2**15, 48, 2**16, 2**25


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:
    """Why there is no compiled kernel for this cell on this input; None if there is."""
    if reason := fused.obstacle(cell, x):
        return reason
    if isinstance(cell, ChoGRUCell):
        return "there is no compiled kernel for ChoGRUCell"
    if isinstance(cell, LSTMCell) and cell.weight_hr is not None:
        return "there is no compiled kernel for LSTMCell with a projection"
    if x.device.type != "cpu" or x.dtype != torch.float32:
        return f"the compiled kernels take float32 on a CPU, got {x.dtype} on {x.device.type}"
    return None if available() else "the kernels have not been compiled: seqmodels build-native"


def beats_onednn(cell: LSTMCell, x: Tensor, *, trains: bool, ragged: bool) -> bool:
    """Whether these kernels are faster than oneDNN's.

    They are over rows of unequal length, which oneDNN pads; and in training, in long sequences where calls cost more
    than they compute and, unless the products are large, where oneDNN's workspace (some 16 numbers per unit, row and
    step) is so large that the system gives it anew at each call.
    """
    batch, time, _ = x.shape
    at_a_step = batch * cell.hidden_size
    if ragged:
        return trains or at_a_step <= LARGE
    if not trains:
        return False
    numbers = time * at_a_step
    long = time >= LONG if gemm.MKL_AT_HOME else numbers >= MANY
    return (at_a_step <= SMALL and long) or (at_a_step <= MEDIUM and 16 * 4 * numbers > MAPPED)


def run(
    cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None, outputs: Tensor | None = None
) -> tuple[Tensor, S]:
    """`scan` by the compiled kernels; once more if its outputs are known."""
    return fused.run(cell, x, state, lengths, outputs, compiled=True)
