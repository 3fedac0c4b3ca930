"""Executions of the same equations: `loop` is the specification, the others are faster where they apply."""

from typing import Any, Literal, NamedTuple, TypeVar

from torch import Tensor

from seqmodels.cells import Cell
from seqmodels.layers.engines import vendor
from seqmodels.layers.scan import check_input, scan

S = TypeVar("S")
Engine = Literal["auto", "loop", "vendor"]
ENGINES: tuple[Engine, ...] = ("auto", "loop", "vendor")


class Choice(NamedTuple):
    """The engine that runs a cell, and why."""

    engine: Engine
    reason: str


def choose(cell: Cell[Any], x: Tensor, engine: Engine = "auto") -> Choice:
    """Which engine runs `cell` on `x`.

    Raises:
        ValueError: no engine of that name, or it cannot run this cell on this input.

    Example:
        >>> import torch
        >>> from seqmodels.cells import ChoGRUCell
        >>> choose(ChoGRUCell(3, 5), torch.randn(2, 7, 3))
        Choice(engine='loop', reason='torch has no kernel for ChoGRUCell')
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
    if engine == "loop":
        return Choice("loop", "asked for")
    obstacle = vendor.obstacle(cell, x)
    if engine == "vendor" and obstacle:
        raise ValueError(f'engine="vendor" cannot run here: {obstacle}')
    if obstacle:
        return Choice("loop", obstacle)
    return Choice("vendor", "asked for" if engine == "vendor" else "torch has a kernel for exactly these equations")


def run(cell: Cell[S], x: Tensor, state: S | None, lengths: Tensor | None, engine: Engine = "auto") -> tuple[Tensor, S]:
    """`scan` by the chosen engine: the same arguments, the same results."""
    if choose(cell, x, engine).engine == "loop":
        return scan(cell, x, state, lengths=lengths)
    check_input(cell.input_size, x, lengths)
    return vendor.run(cell, x, state, lengths)
