"""The gated recurrent unit as published: the reset gate before the recurrent product."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells.base import Cell
from seqmodels.cells.gru import GRUState


class ChoGRUCell(Cell[GRUState]):
    r"""Gated recurrent unit in the form of Cho et al.: the reset gate acts on the state itself.

    .. math::
        r_t &= \sigma(W_{xr} x_t + b_r + W_{hr} h_{t-1}) \\
        z_t &= \sigma(W_{xz} x_t + b_z + W_{hz} h_{t-1}) \\
        n_t &= \tanh(W_{xn} x_t + b_n + W_{hn} (r_t \odot h_{t-1})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Symbols:
        x_t: input (batch, input_size)
        r_t, z_t: reset and update gate (batch, hidden_size)
        n_t: candidate, the paper's h with a tilde (batch, hidden_size)
        h_t: hidden state and output (batch, hidden_size)
        W_x*: row blocks r, z, n of `weight_ih` (3 * hidden_size, input_size)
        W_h*: row blocks r, z, n of `weight_hh` (3 * hidden_size, hidden_size)
        b_*: row blocks of `bias_ih` (3 * hidden_size)

    Args:
        input_size: number of input features.
        hidden_size: number of hidden units.
        bias: whether there are b_*.
        device: of the parameters.
        dtype: of the parameters.

    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
        translation", EMNLP 2014, equations 5 to 8; the biases, which the paper leaves out, are added.

    Example:
        >>> h_t, state = ChoGRUCell(3, 5)(torch.randn(2, 3))
        >>> h_t.shape
        torch.Size([2, 5])
    """

    gates = ("r", "z", "n")
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter | None

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
        shapes = {
            "weight_ih": (3 * hidden_size, input_size),
            "weight_hh": (3 * hidden_size, hidden_size),
            "bias_ih": (3 * hidden_size,) if bias else None,
        }
        self.allocate(shapes, device, dtype)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {3*self.hidden_size}"]:
        """W_x* x + b_* for the three blocks at once."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def step(
        self, drive_t: Float[Tensor, "batch {3*self.hidden_size}"], state: GRUState
    ) -> tuple[Float[Tensor, "batch hidden"], GRUState]:
        """h_t from h_{t-1}."""
        x_r, x_z, x_n = drive_t.chunk(3, dim=-1)
        W_hr, W_hz, W_hn = self.weight_hh.chunk(3)
        r = (x_r + F.linear(state.h, W_hr)).sigmoid()
        z = (x_z + F.linear(state.h, W_hz)).sigmoid()
        n = (x_n + F.linear(r * state.h, W_hn)).tanh()
        h = (1 - z) * n + z * state.h
        return h, GRUState(h)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> GRUState:
        """h_0 = 0."""
        return GRUState(like.new_zeros(like.shape[0], self.hidden_size))
