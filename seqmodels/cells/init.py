"""How the parameters of a built cell start. Each function changes the cell in place."""

import math
from collections.abc import Iterator

import torch
from torch import nn

from seqmodels.cells.base import Cell


def uniform(cell: Cell) -> None:  # type: ignore[type-arg]
    """Draw weights and biases from U(-k, k) with k = 1 / sqrt(hidden_size), as torch.nn starts its layers.

    Other parameters, such as gains of a normalisation, stay as they are; cells within the cell are changed as well.
    """
    for part, parameter, _ in _known(cell):
        k = 1 / math.sqrt(part.hidden_size)
        nn.init.uniform_(parameter, -k, k)


@torch.no_grad()
def orthogonal(cell: Cell, *, forget_bias: float = 1.0) -> None:  # type: ignore[type-arg]
    """Make each gate's recurrent block orthogonal, each input block Glorot-uniform, biases zero but the forget gate's.

    Only what the cell calls a weight or a bias (`Cell.roles`) is changed, in it and in the cells that it is made of.

    Orthogonal blocks keep the length of the state, so gradients neither vanish nor explode at the start
    (A. M. Saxe, J. L. McClelland and S. Ganguli, ICLR 2014). A forget gate that starts open remembers
    (R. Jozefowicz, W. Zaremba and I. Sutskever, ICML 2015, section 2.2).

    Args:
        cell: any built cell.
        forget_bias: total bias of the gate `f`, where the cell has one.

    Example:
        >>> from seqmodels.cells import LSTMCell
        >>> cell = LSTMCell(3, 4)
        >>> orthogonal(cell)
        >>> W_hi = cell.weight_hh[:4]
        >>> torch.allclose(W_hi @ W_hi.T, torch.eye(4), atol=1e-5)
        True
        >>> cell.bias_ih[4:8].tolist()
        [1.0, 1.0, 1.0, 1.0]
    """
    for part, parameter, role in _known(cell):
        if role == "bias":
            parameter.zero_()
            continue
        start = nn.init.xavier_uniform_ if role == "input" else nn.init.orthogonal_
        for block in parameter.chunk(len(part.gates) or 1) if role != "projection" else [parameter]:
            start(block)
    for part in _cells(cell):
        first = next((p for own, p, role in _known(part) if own is part and role == "bias"), None)
        if "f" in part.gates and first is not None:
            first.chunk(len(part.gates))[part.gates.index("f")].fill_(forget_bias)


def _cells(cell: Cell) -> Iterator[Cell]:  # type: ignore[type-arg]
    """The cell and the cells that it is made of."""
    return (part for part in cell.modules() if isinstance(part, Cell))


def _known(cell: Cell) -> Iterator[tuple[Cell, nn.Parameter, str]]:  # type: ignore[type-arg]
    """The parameters of which a cell says what they are: whose, and what they are."""
    for part in _cells(cell):
        for name, parameter in part.named_parameters(recurse=False):
            if role := part.role(name):
                yield part, parameter, role
