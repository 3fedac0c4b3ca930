"""What a layer is: a sequence in, a sequence out."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.layers.engines import Choice
from seqmodels.layers.lengths import Lengths

Run = Callable[..., tuple[Tensor, Any]]
"""Anything that runs like a layer: sequence, state and `lengths` in, sequence and state out."""


class SequenceLayer(nn.Module, ABC):
    """Maps a batch of sequences and a state to a batch of sequences of the same lengths and a state.

    Attributes:
        input_size: features per step going in.
        output_size: features per step coming out.
    """

    input_size: int
    output_size: int

    @abstractmethod
    def forward(
        self,
        x: Float[Tensor, "batch time input"],
        state: Any = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], Any]:
        """Outputs at every step (zero past a row's end), and the state after each row's last step."""

    @abstractmethod
    def summary(self, y: Float[Tensor, "batch time output"], lengths: Lengths) -> Float[Tensor, "batch output"]:
        """Of this layer's outputs, the one that has seen the whole row; zeros for a row of length zero."""

    @abstractmethod
    def explain_engine(self, x: Float[Tensor, "batch time input"], *, lengths: Lengths | None = None) -> list[Choice]:
        """Which engine runs each recurrence on inputs like these, and why: from the input upwards, forward first."""
