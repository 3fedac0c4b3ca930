"""Recurrences that are linear in their state: what they share."""

from abc import abstractmethod
from typing import NamedTuple, final

from jaxtyping import Float
from torch import Tensor

from seqmodels.cells.base import Cell


class LinearState(NamedTuple):
    """State of a `LinearCell`."""

    h: Float[Tensor, "batch hidden"]


class LinearCell(Cell[LinearState]):
    r"""A cell whose step is linear in the state and acts on each unit alone, so that time can be computed in parallel.

    .. math::
        h_t = a_t \odot h_{t-1} + b_t

    A subclass implements `project` and `coefficients`; a_t and b_t may depend on the input in any way, but not on the
    state. They may have any sign and size.

    Symbols:
        a_t, b_t: coefficients (batch, hidden_size), or anything that broadcasts to it
        h_t: hidden state and output (batch, hidden_size)
    """

    @abstractmethod
    def coefficients(self, drive: Float[Tensor, "*any drive"]) -> tuple[Tensor, Tensor]:
        """a and b from the projected input, for one step or for a whole sequence: THE EQUATIONS."""

    @final
    def step(
        self, drive_t: Float[Tensor, "batch drive"], state: LinearState
    ) -> tuple[Float[Tensor, "batch hidden"], LinearState]:
        """h_t from h_{t-1}."""
        a, b = self.coefficients(drive_t)
        h = a * state.h + b
        return h, LinearState(h)

    def initial_state(self, like: Float[Tensor, "batch *any"]) -> LinearState:
        """h_0 = 0."""
        return LinearState(like.new_zeros(like.shape[0], self.hidden_size))
