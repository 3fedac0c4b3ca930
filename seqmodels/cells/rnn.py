"""The simple recurrent network of Elman."""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.cells.base import Cell


class RNNState(NamedTuple):
    """State of an `RNNCell`."""

    h: Float[Tensor, "batch hidden"]


class RNNCell(Cell[RNNState]):
    r"""Elman's recurrent cell.

    .. math::
        h_t = \tanh(W_{hh} h_{t-1} + b_{hh} + W_{xh} x_t + b_{xh})

    Symbols:
        x_t: input (batch, input_size)
        h_t: hidden state and output (batch, hidden_size)
        W_xh: `weight_ih` (hidden_size, input_size)
        W_hh: `weight_hh` (hidden_size, hidden_size)
        b_xh, b_hh: `bias_ih`, `bias_hh` (hidden_size); only their sum b_h matters, both exist because torch's do

    Args:
        input_size: number of input features.
        hidden_size: number of hidden units.
        nonlinearity: in the place of tanh: `"tanh"`, `"relu"` or any function of a tensor.
        bias: whether there are b_xh and b_hh.
        device: of the parameters.
        dtype: of the parameters.

    Raises:
        ValueError: `nonlinearity` is a name other than `"tanh"` and `"relu"`.

    Source:
        J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990. Elman's units are logistic; tanh is
        today's custom and torch.nn's.

    Example:
        >>> cell = RNNCell(3, 5)
        >>> y_t, state = cell(torch.randn(2, 3))
        >>> torch.equal(y_t, state.h)
        True
    """

    gates = ("h",)
    weight_ih: nn.Parameter
    weight_hh: nn.Parameter
    bias_ih: nn.Parameter | None
    bias_hh: nn.Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: str | Callable[[Tensor], Tensor] = "tanh",
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.nonlinearity = nonlinearity
        if isinstance(nonlinearity, str) and nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'nonlinearity must be "tanh", "relu" or a function, got {nonlinearity!r}')
        b = (hidden_size,) if bias else None
        shapes = {
            "weight_ih": (hidden_size, input_size),
            "weight_hh": (hidden_size, hidden_size),
            "bias_ih": b,
            "bias_hh": b,
        }
        self.allocate(shapes, device, dtype)

    def f(self, a: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch hidden"]:
        """The nonlinearity."""
        if isinstance(self.nonlinearity, str):
            return a.tanh() if self.nonlinearity == "tanh" else a.relu()
        return self.nonlinearity(a)

    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any hidden"]:
        """W_xh x + b_xh."""
        return F.linear(x, self.weight_ih, self.bias_ih)

    def step(
        self, drive_t: Float[Tensor, "batch hidden"], state: RNNState
    ) -> tuple[Float[Tensor, "batch hidden"], RNNState]:
        """h_t from h_{t-1}."""
        h = self.f(drive_t + F.linear(state.h, self.weight_hh, self.bias_hh))
        return h, RNNState(h)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> RNNState:
        """h_0 = 0."""
        return RNNState(like.new_zeros(like.shape[0], self.hidden_size))
