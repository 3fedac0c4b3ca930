"""The minimal gated recurrent unit: gates that see the input alone."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells.linear import LinearCell


class MinGRUCell(LinearCell):
    r"""Minimal gated recurrent unit: update gate and candidate do not depend on the state.

    .. math::
        z_t &= \sigma(W_{xz} x_t + b_z) \\
        n_t &= W_{xn} x_t + b_n \\
        h_t &= (1 - z_t) \odot h_{t-1} + z_t \odot n_t

    Symbols:
        x_t: input (batch, input_size)
        z_t: update gate (batch, hidden_size)
        n_t: candidate, the paper's h with a tilde (batch, hidden_size)
        h_t: hidden state and output (batch, hidden_size)
        W_x*: row blocks z, n of `weight_ih` (2 * hidden_size, input_size)
        b_*: row blocks of `bias_ih` (2 * hidden_size)

    Args:
        input_size: number of input features.
        hidden_size: number of hidden units.
        bias: whether there are b_*.
        device: of the parameters.
        dtype: of the parameters.

    Source:
        L. Feng, F. Tung, M. O. Ahmed, Y. Bengio and H. Hajimirsadeghi, "Were RNNs all we needed?", arXiv:2410.01201,
        2024, section 3.1. The paper's variant in log space keeps its states positive for the sake of its scan; ours
        takes any sign, so the candidate is the plain linear one. z_t weighs the candidate, where `GRUCell`'s weighs
        the state.

    Example:
        >>> cell = MinGRUCell(3, 5)
        >>> h_t, state = cell(torch.randn(2, 3))
        >>> h_t.shape
        torch.Size([2, 5])
    """

    gates = ("z", "n")
    weight_ih: nn.Parameter
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
            "weight_ih": (2 * hidden_size, input_size),
            "bias_ih": (2 * hidden_size,) if bias else None,
        }
        self.allocate(shapes, device, dtype)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any {2*self.hidden_size}"]:
        """W_x* x + b_* for both blocks at once."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def coefficients(
        self, drive: Float[Tensor, "*any {2*self.hidden_size}"]
    ) -> tuple[Float[Tensor, "*any hidden"], Float[Tensor, "*any hidden"]]:
        """1 - z_t and z_t n_t."""
        z, n = drive.chunk(2, dim=-1)
        z = z.sigmoid()
        return 1 - z, z * n
