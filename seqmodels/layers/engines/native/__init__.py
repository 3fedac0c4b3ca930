"""RNN, LSTM and GRU through time in C++, forward and backward: compiled on request, float32 on the CPU.

`torch.ops.seqmodels_native` holds, once `available()` says so (G is the number of gates, 1, 3 or 4):

========================  ===========================================================================================
`rnn_forward`             drive, h0, weight_hh, rows, relu -> hs, h_n
`rnn_backward`            grad_hs, grad_h_n, hs, weight_hh, rows, relu -> d_drive, d_h0
`lstm_forward`            drive, h0, c0, weight_hh, rows -> hs, cs, gates (i, f, g, o), h_n, c_n
`lstm_backward`           grad_hs, grad_h_n, grad_c_n, cs, gates, c0, weight_hh, rows -> d_drive, d_h0, d_c0
`gru_forward`             drive, h0, weight_hh, bias_n or None, rows -> hs, gates (r, z, n, a = W_n h + b_n), h_n
`gru_backward`            grad_hs, grad_h_n, hs, gates, h0, weight_hh, rows -> d_recurrent (of r, z, a), d_n, d_h0
`weight_gradient`         d, x -> d^T x; columns of a wider tensor are read where they lie
========================  ===========================================================================================

Sequences lie as `Packing` lays them out: the rows of all steps, time first, `rows[t]` of them at step t. `drive`
(rows, G * hidden) is the input's part of the equations with every bias that is merely added, `hs`, `cs` and `gates`
have a row for each of its rows, states are (batch, hidden), and d_* is the gradient before the nonlinearity. None of
the operators records a gradient.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from seqmodels.layers.engines.native.build import is_built, library


def available() -> bool:
    """Whether the library for this torch and this machine has been built; it is loaded then.

    Raises:
        OSError: the library that has been built cannot be loaded.
    """
    if not is_built():
        return False
    if not hasattr(torch.ops.seqmodels_native, "weight_gradient"):
        torch.ops.load_library(library())
        for name, shapes in _SHAPES.items():
            torch.library.register_fake(f"seqmodels_native::{name}", shapes)
    return True


# What torch.compiler.assume_constant_result sets; that function imports torch._dynamo, which takes two seconds.
available._dynamo_marked_constant = True  # type: ignore[attr-defined]


def _like(tensor: Tensor, columns: int = 1) -> Tensor:
    """An empty tensor with the rows of `tensor`, and `columns` times as many columns."""
    return tensor.new_empty(tensor.shape[0], columns * tensor.shape[1])


def _lstm_forward(drive: Tensor, h0: Tensor, c0: Tensor, *_: Any) -> tuple[Tensor, ...]:
    hs = drive.new_empty(drive.shape[0], h0.shape[1])
    return hs, _like(hs), _like(hs, 4), _like(h0), _like(c0)


def _gru_forward(drive: Tensor, h0: Tensor, *_: Any) -> tuple[Tensor, ...]:
    hs = drive.new_empty(drive.shape[0], h0.shape[1])
    return hs, _like(hs, 4), _like(h0)


_SHAPES: dict[str, Callable[..., Any]] = {
    "rnn_forward": lambda drive, h0, *_: (_like(drive), _like(h0)),
    "rnn_backward": lambda grad_hs, grad_h_n, *_: (_like(grad_hs), _like(grad_h_n)),
    "lstm_forward": _lstm_forward,
    "lstm_backward": lambda grad_hs, grad_h_n, *_: (_like(grad_hs, 4), _like(grad_h_n), _like(grad_h_n)),
    "gru_forward": _gru_forward,
    "gru_backward": lambda grad_hs, grad_h_n, *_: (_like(grad_hs, 3), _like(grad_hs), _like(grad_h_n)),
    "weight_gradient": lambda d, x: d.new_empty(d.shape[1], x.shape[1]),
}
