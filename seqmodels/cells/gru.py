"""The gated recurrent unit, with the reset gate after the recurrent product."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells.base import Cell


class GRUState(NamedTuple):
    """State of a `GRUCell`."""

    h: Float[Tensor, "batch hidden"]


class GRUCell(Cell[GRUState]):
    r"""Gated recurrent unit in torch.nn's form: the reset gate acts on the recurrent product.

    .. math::
        r_t &= \sigma(W_{xr} x_t + b_{xr} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{xz} x_t + b_{xz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{xn} x_t + b_{xn} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Symbols:
        x_t: input (batch, input_size)
        r_t, z_t: reset and update gate (batch, hidden_size)
        n_t: candidate (batch, hidden_size)
        h_t: hidden state and output (batch, hidden_size)
        W_x*: row blocks r, z, n of `weight_ih` (3 * hidden_size, input_size)
        W_h*: row blocks r, z, n of `weight_hh` (3 * hidden_size, hidden_size)
        b_x*, b_h*: row blocks of `bias_ih`, `bias_hh` (3 * hidden_size)

    Args:
        input_size: number of input features.
        hidden_size: number of hidden units.
        bias: whether there are b_x* and b_h*.
        device: of the parameters.
        dtype: of the parameters.

    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, with the reset gate
        moved behind the product, so that one product serves all three blocks. `ChoGRUCell` is the paper's form.

    Example:
        >>> cell = GRUCell(3, 5)
        >>> h_t, state = cell(torch.randn(2, 3))
        >>> h_t.shape
        torch.Size([2, 5])
    """

    gates = ("r", "z", "n")
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        b = (3 * hidden_size,) if bias else None
        shapes = {
            "weight_ih": (3 * hidden_size, input_size),
            "weight_hh": (3 * hidden_size, hidden_size),
            "bias_ih": b,
            "bias_hh": b,
        }
        self.allocate(shapes, device, dtype)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {3*self.hidden_size}"]:
        """W_x* x + b_x* for the three blocks at once."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def step(
        self, drive_t: Float[Tensor, "batch {3*self.hidden_size}"], state: GRUState
    ) -> tuple[Float[Tensor, "batch hidden"], GRUState]:
        """h_t from h_{t-1}."""
        x_r, x_z, x_n = drive_t.chunk(3, dim=-1)
        h_r, h_z, h_n = F.linear(state.h, self.weight_hh, self.bias_hh).chunk(3, dim=-1)
        r = (x_r + h_r).sigmoid()
        z = (x_z + h_z).sigmoid()
        n = (x_n + r * h_n).tanh()
        h = (1 - z) * n + z * state.h
        return h, GRUState(h)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> GRUState:
        """h_0 = 0."""
        return GRUState(like.new_zeros(like.shape[0], self.hidden_size))
