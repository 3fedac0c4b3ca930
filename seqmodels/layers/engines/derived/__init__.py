"""Any cell by a derivative over the whole sequence that follows from its own equations.

The step and its vector-Jacobian product are traced once. What needs no state before it is computed for all steps at
once; so are, in the backward pass, the coefficients of all elementwise chains, and the gradients of input and
parameters. In the loops over time remain the products with the state and the elementwise work between them.
"""

from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from seqmodels.cells import Cell
from seqmodels.layers.engines.derived.binding import named_constants
from seqmodels.layers.engines.derived.cache import program_of, unroll
from seqmodels.layers.engines.derived.trace import UnderivableError
from seqmodels.layers.scan import scan

S = TypeVar("S")


def obstacle(cell: Cell[Any], x: Tensor) -> str | None:
    """Why no derivative over the whole sequence follows from this cell's step; None if one does.

    Example:
        >>> from seqmodels.cells import ChoGRUCell
        >>> obstacle(ChoGRUCell(3, 5), torch.randn(2, 7, 3)) is None
        True
    """
    if torch.compiler.is_compiling() or type(x) not in (Tensor, nn.Parameter):
        return "nothing is derived within a trace"
    if torch.is_autocast_enabled(x.device.type):
        return "nothing is derived under autocast"
    if 0 in x.shape:
        return "there is nothing to do for an empty input"
    if any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in cell.modules() if m is not cell):
        return "a module in it has hooks"
    try:
        program_of(cell, x, cell.initial_state(x))
    except UnderivableError as reason:
        return f"nothing can be derived from {type(cell).__name__}: {reason}"
    return None


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None) -> tuple[Tensor, S]:
    """`scan` by a derived program.

    Raises:
        UnderivableError: there is none for a state of this kind.
    """
    if lengths is not None and not lengths.any():
        return scan(cell, x, state, lengths=lengths)
    state = cell.initial_state(x) if state is None else state
    return unroll(program_of(cell, x, state), cell, x, state, list(named_constants(cell).values()), lengths)
