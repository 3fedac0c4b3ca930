"""The output layer: from what the layers say to what the objective is asked about."""

from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.layers.dropout import SequenceDropout
from seqmodels.layers.lengths import Lengths
from seqmodels.layers.pooling import Pooling


class Head(nn.Module):
    """y_t = W_hy h_t + b_y at every step, or once per row behind a pooling.

    Args:
        input_size: features of h.
        output_size: features of y.
        pooling: reduces a row's steps to one vector first; None to answer at every step.
        dropout: probability with which a feature of h is dropped, at all steps of a row alike.
    """

    def __init__(
        self, input_size: int, output_size: int, *, pooling: Pooling | None = None, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.pooling = pooling
        self.dropout = SequenceDropout(dropout)
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, h: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch *time output"]:
        """The answers."""
        pooled = h if self.pooling is None else self.pooling(h, lengths)
        y: Tensor = self.linear(self.dropout(pooled))
        return y
