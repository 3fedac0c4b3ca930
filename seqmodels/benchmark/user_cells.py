"""Cells as a user would write them, to measure what a cell gets that no engine knows by name."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells import Cell, LSTMState


class PeepholeLSTMCell(Cell[LSTMState]):
    r"""Long short-term memory whose gates see the cell they guard.

    .. math::
        i_t &= \sigma(W_{xi} x_t + W_{hi} h_{t-1} + w_{ci} \odot c_{t-1} + b_i) \\
        f_t &= \sigma(W_{xf} x_t + W_{hf} h_{t-1} + w_{cf} \odot c_{t-1} + b_f) \\
        g_t &= \tanh(W_{xg} x_t + W_{hg} h_{t-1} + b_g) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        o_t &= \sigma(W_{xo} x_t + W_{ho} h_{t-1} + w_{co} \odot c_t + b_o) \\
        h_t &= o_t \odot \tanh(c_t)

    Symbols:
        x_t: input (batch, input_size)
        i_t, f_t, o_t: input, forget and output gate (batch, hidden_size)
        g_t: candidate (batch, hidden_size)
        c_t: cell state (batch, hidden_size)
        h_t: hidden state and output (batch, hidden_size)
        W_x*: row blocks i, f, g, o of `weight_ih` (4 * hidden_size, input_size)
        W_h*: row blocks i, f, g, o of `weight_hh` (4 * hidden_size, hidden_size)
        w_ci, w_cf, w_co: `peephole_i`, `peephole_f`, `peephole_o` (hidden_size)
        b_*: row blocks of `bias_ih` (4 * hidden_size)

    Args:
        input_size: number of input features.
        hidden_size: number of cells.

    Source:
        F. A. Gers and J. Schmidhuber, "Recurrent nets that time and count", IJCNN 2000, in the form of A. Graves,
        "Generating sequences with recurrent neural networks", arXiv:1308.0850, 2013, equations 7 to 11.

    Example:
        >>> h_t, state = PeepholeLSTMCell(3, 5)(torch.randn(2, 3))
        >>> h_t.shape
        torch.Size([2, 5])
    """

    gates = ("i", "f", "g", "o")
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter
    peephole_i: nn.Parameter
    peephole_f: nn.Parameter
    peephole_o: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        shapes: dict[str, tuple[int, ...] | None] = {
            "weight_ih": (4 * hidden_size, input_size),
            "weight_hh": (4 * hidden_size, hidden_size),
            "bias_ih": (4 * hidden_size,),
            "peephole_i": (hidden_size,),
            "peephole_f": (hidden_size,),
            "peephole_o": (hidden_size,),
        }
        self.allocate(shapes, device, dtype)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {4*self.hidden_size}"]:
        """W_x* x + b_* for the four blocks at once."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def step(
        self, drive_t: Float[Tensor, "batch {4*self.hidden_size}"], state: LSTMState
    ) -> tuple[Float[Tensor, "batch hidden"], LSTMState]:
        """h_t and c_t from h_{t-1} and c_{t-1}."""
        i, f, g, o = (drive_t + F.linear(state.h, self.weight_hh)).chunk(4, dim=-1)
        i = (i + self.peephole_i * state.c).sigmoid()
        f = (f + self.peephole_f * state.c).sigmoid()
        c = f * state.c + i * g.tanh()
        o = (o + self.peephole_o * c).sigmoid()
        h = o * c.tanh()
        return h, LSTMState(h, c)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> LSTMState:
        """h_0 = 0, c_0 = 0."""
        zeros = like.new_zeros(like.shape[0], self.hidden_size)
        return LSTMState(zeros, zeros)


class LayerNormLSTMCell(Cell[LSTMState]):
    r"""Long short-term memory with layer normalisation of both products and of the cell state.

    .. math::
        (i_t, f_t, g_t, o_t) &= LN_h(W_h h_{t-1}) + LN_x(W_x x_t) + b \\
        c_t &= \sigma(f_t) \odot c_{t-1} + \sigma(i_t) \odot \tanh(g_t) \\
        h_t &= \sigma(o_t) \odot \tanh(LN_c(c_t))

    Symbols:
        x_t: input (batch, input_size)
        i_t, f_t, g_t, o_t: input, forget, candidate and output block before their nonlinearity (batch, hidden_size)
        c_t: cell state (batch, hidden_size)
        h_t: hidden state and output (batch, hidden_size)
        W_x: `weight_ih` (4 * hidden_size, input_size)
        W_h: `weight_hh` (4 * hidden_size, hidden_size)
        b: `bias_ih` (4 * hidden_size)
        LN_x, LN_h: `norm_x`, `norm_h`, with gain and shift over 4 * hidden_size features
        LN_c: `norm_c`, with gain and shift over hidden_size features

    Args:
        input_size: number of input features.
        hidden_size: number of cells.

    Source:
        J. L. Ba, J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016, equations 20 to 22.
        The gain of LN_h begins at 0.1, as in T. Cooijmans et al., "Recurrent batch normalization", ICLR 2017, section
        4.2: with 1 the recurrence is chaotic, and after a hundred steps float32 has nothing in common with float64.

    Example:
        >>> h_t, state = LayerNormLSTMCell(3, 5)(torch.randn(2, 3))
        >>> h_t.shape
        torch.Size([2, 5])
    """

    gates = ("i", "f", "g", "o")
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        shapes: dict[str, tuple[int, ...] | None] = {
            "weight_ih": (4 * hidden_size, input_size),
            "weight_hh": (4 * hidden_size, hidden_size),
            "bias_ih": (4 * hidden_size,),
        }
        self.allocate(shapes, device, dtype)
        self.norm_x = nn.LayerNorm(4 * hidden_size, device=device, dtype=dtype)
        self.norm_h = nn.LayerNorm(4 * hidden_size, device=device, dtype=dtype)
        self.norm_c = nn.LayerNorm(hidden_size, device=device, dtype=dtype)
        nn.init.constant_(self.norm_h.weight, 0.1)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {4*self.hidden_size}"]:
        """LN_x(W_x x) + b for the four blocks at once."""
        projected: Tensor = self.norm_x(F.linear(x, self.weight_ih)) + self.bias_ih
        return projected

    def step(
        self, drive_t: Float[Tensor, "batch {4*self.hidden_size}"], state: LSTMState
    ) -> tuple[Float[Tensor, "batch hidden"], LSTMState]:
        """h_t and c_t from h_{t-1} and c_{t-1}."""
        i, f, g, o = (drive_t + self.norm_h(F.linear(state.h, self.weight_hh))).chunk(4, dim=-1)
        c = f.sigmoid() * state.c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * self.norm_c(c).tanh()
        return h, LSTMState(h, c)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> LSTMState:
        """h_0 = 0, c_0 = 0."""
        zeros = like.new_zeros(like.shape[0], self.hidden_size)
        return LSTMState(zeros, zeros)
