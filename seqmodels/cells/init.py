"""How the parameters of a built cell start. Each function changes the cell in place."""

import torch
from torch import nn

from seqmodels.cells.base import Cell


def uniform(cell: Cell) -> None:  # type: ignore[type-arg]
    """U(-k, k) with k = 1 / sqrt(hidden_size) for every parameter, as torch.nn starts its layers."""
    cell.reset_parameters()


@torch.no_grad()
def orthogonal(cell: Cell, *, forget_bias: float = 1.0) -> None:  # type: ignore[type-arg]
    """Each gate's recurrent block orthogonal, each input block Glorot-uniform, biases zero but the forget gate's.

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
    for name, parameter in cell.named_parameters():
        if parameter.ndim == 1:
            parameter.zero_()
            continue
        start = nn.init.xavier_uniform_ if name == "weight_ih" else nn.init.orthogonal_
        for block in parameter.chunk(len(cell.gates)) if name in ("weight_ih", "weight_hh") else [parameter]:
            start(block)
    if "f" in cell.gates and isinstance(cell.bias_ih, nn.Parameter):
        cell.bias_ih.chunk(len(cell.gates))[cell.gates.index("f")].fill_(forget_bias)
