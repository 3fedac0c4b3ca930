"""Long short-term memory."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells.base import Cell


class LSTMState(NamedTuple):
    """State of an `LSTMCell`: what it shows and what it keeps."""

    h: Float[Tensor, "batch output"]
    c: Float[Tensor, "batch hidden"]


class LSTMCell(Cell[LSTMState]):
    r"""Long short-term memory with a forget gate and without peepholes.

    .. math::
        i_t &= \sigma(W_{xi} x_t + b_{xi} + W_{hi} h_{t-1} + b_{hi}) \\
        f_t &= \sigma(W_{xf} x_t + b_{xf} + W_{hf} h_{t-1} + b_{hf}) \\
        g_t &= \tanh(W_{xg} x_t + b_{xg} + W_{hg} h_{t-1} + b_{hg}) \\
        o_t &= \sigma(W_{xo} x_t + b_{xo} + W_{ho} h_{t-1} + b_{ho}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    With `proj_size` the last line reads :math:`h_t = W_{hr} (o_t \odot \tanh(c_t))`.

    Symbols:
        x_t: input (batch, input_size)
        i_t, f_t, o_t: input, forget and output gate (batch, hidden_size)
        g_t: candidate, also written as C with a tilde (batch, hidden_size)
        c_t: cell state (batch, hidden_size)
        h_t: hidden state and output (batch, proj_size or hidden_size)
        W_x*: row blocks i, f, g, o of `weight_ih` (4 * hidden_size, input_size)
        W_h*: row blocks i, f, g, o of `weight_hh` (4 * hidden_size, proj_size or hidden_size)
        b_x*, b_h*: row blocks of `bias_ih`, `bias_hh` (4 * hidden_size)
        W_hr: `weight_hr` (proj_size, hidden_size)

    Args:
        input_size: number of input features.
        hidden_size: number of cells.
        bias: whether there are b_x* and b_h*.
        proj_size: size of h_t where it is a projection of the cells; 0 for none.
        device: of the parameters.
        dtype: of the parameters.

    Raises:
        ValueError: `proj_size` is negative or not smaller than `hidden_size`.

    Source:
        S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; the forget gate from
        F. A. Gers, J. Schmidhuber and F. Cummins, "Learning to forget", Neural Computation 12, 2000; the projection
        from H. Sak, A. Senior and F. Beaufays, Interspeech 2014, without its peepholes. Row order and the two biases
        are torch.nn's.

    Example:
        >>> cell = LSTMCell(3, 5)
        >>> h_t, state = cell(torch.randn(2, 3))
        >>> state.c.shape
        torch.Size([2, 5])
    """

    gates = ("i", "f", "g", "o")
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None
    weight_hr: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        bias: bool = True,
        proj_size: int = 0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size must be at least 0 and less than hidden_size={hidden_size}, got {proj_size}")
        self.input_size, self.hidden_size, self.output_size = (
            input_size,
            hidden_size,
            proj_size or hidden_size,
        )
        self.proj_size = proj_size
        b = (4 * hidden_size,) if bias else None
        shapes = {
            "weight_ih": (4 * hidden_size, input_size),
            "weight_hh": (4 * hidden_size, self.output_size),
            "bias_ih": b,
            "bias_hh": b,
            "weight_hr": (proj_size, hidden_size) if proj_size else None,
        }
        self.allocate(shapes, device, dtype)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {4*self.hidden_size}"]:
        """W_x* x + b_x* for the four blocks at once."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def step(
        self, drive_t: Float[Tensor, "batch {4*self.hidden_size}"], state: LSTMState
    ) -> tuple[Float[Tensor, "batch output"], LSTMState]:
        """h_t and c_t from h_{t-1} and c_{t-1}."""
        i, f, g, o = (drive_t + F.linear(state.h, self.weight_hh, self.bias_hh)).chunk(4, dim=-1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * state.c + i * g
        h = o * c.tanh()
        if self.weight_hr is not None:
            h = F.linear(h, self.weight_hr)
        return h, LSTMState(h, c)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> LSTMState:
        """h_0 = 0, c_0 = 0."""
        return LSTMState(
            like.new_zeros(like.shape[0], self.output_size), like.new_zeros(like.shape[0], self.hidden_size)
        )
