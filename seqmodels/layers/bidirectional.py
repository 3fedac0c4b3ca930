"""Two layers over a sequence, one from each end."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.fx import Proxy

from seqmodels.cells.base import register_state
from seqmodels.layers.base import Run, SequenceLayer
from seqmodels.layers.engines import Choice
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.scan import reverse
from seqmodels.layers.tracing import call_as_leaf


class BidirectionalState(NamedTuple):
    """State of a `Bidirectional` layer: one of each direction."""

    forward: Any
    backward: Any


register_state(BidirectionalState)


class Bidirectional(SequenceLayer):
    """Two layers over the same sequence, one of them from its end; outputs side by side.

    The backward layer starts at each row's own last valid step, so padding is never read.

    Args:
        forward_layer: reads from the first step on.
        backward_layer: reads from the last valid step on.

    Raises:
        ValueError: the two expect different input sizes.

    Source:
        M. Schuster and K. K. Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal
        Processing 45, 1997.
    """

    def __init__(self, forward_layer: SequenceLayer, backward_layer: SequenceLayer) -> None:
        super().__init__()
        if forward_layer.input_size != backward_layer.input_size:
            raise ValueError(
                f"both directions read the same input, got input sizes "
                f"{forward_layer.input_size} and {backward_layer.input_size}"
            )
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.input_size = forward_layer.input_size
        self.output_size = forward_layer.output_size + backward_layer.output_size

    def forward(
        self,
        x: Float[Tensor, "batch time input"],
        state: BidirectionalState | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], BidirectionalState]:
        """Every step's outputs of both directions, and both final states."""
        if isinstance(x, Proxy):
            return call_as_leaf(self, x, state, lengths=lengths)
        return both_directions(self.forward_layer, self.backward_layer, x, state, read_lengths(lengths, x))

    def summary(self, y: Float[Tensor, "batch time output"], lengths: Lengths) -> Float[Tensor, "batch output"]:
        """The forward half at the last valid step beside the backward half at the first."""
        halves = y.split([self.forward_layer.output_size, self.backward_layer.output_size], dim=-1)
        ahead = self.forward_layer.summary(halves[0], lengths)
        behind = self.backward_layer.summary(reverse(halves[1], lengths), lengths)
        return torch.cat([ahead, behind], dim=-1)

    def explain_engine(self, x: Float[Tensor, "batch time input"], *, lengths: Lengths | None = None) -> list[Choice]:
        """Those of both directions."""
        halves = (self.forward_layer, self.backward_layer)
        return [choice for half in halves for choice in half.explain_engine(x, lengths=lengths)]


def both_directions(
    ahead: Run, behind: Run, x: Tensor, state: BidirectionalState | None, lengths: Tensor | None
) -> tuple[Tensor, BidirectionalState]:
    """`Bidirectional`, of anything that runs like a layer."""
    before = state or BidirectionalState(None, None)
    y_ahead, after_ahead = ahead(x, before.forward, lengths=lengths)
    y_behind, after_behind = behind(reverse(x, lengths), before.backward, lengths=lengths)
    return torch.cat([y_ahead, reverse(y_behind, lengths)], dim=-1), BidirectionalState(after_ahead, after_behind)
