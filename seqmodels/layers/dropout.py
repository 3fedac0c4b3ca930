"""Dropout for sequences."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SequenceDropout(nn.Module):
    """Drops the same features at every step of a row, and others in every row.

    One mask per sequence disturbs a recurrence less than one per step, and is drawn in no time.

    Args:
        probability: with which a feature is dropped; the others are scaled up so that the mean stays.

    Raises:
        ValueError: `probability` is not in [0, 1].

    Source:
        Y. Gal and Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks",
        NeurIPS 2016, for inputs and outputs.

    Example:
        >>> y = SequenceDropout(0.5)(torch.ones(2, 7, 3))
        >>> torch.equal(y[:, :1].expand_as(y), y)
        True
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        if not 0 <= probability <= 1:
            raise ValueError(f"a dropout probability must lie in [0, 1], got {probability}")
        self.probability = probability

    def forward(self, x: Float[Tensor, "batch *time features"]) -> Float[Tensor, "batch *time features"]:
        """Features, some of them zero in training."""
        if not self.training or self.probability == 0:
            return x
        keep = 1 - self.probability
        kept = torch.full((x.shape[0], *[1] * (x.ndim - 2), x.shape[-1]), keep, dtype=x.dtype, device=x.device)
        return x * kept.bernoulli().div_(keep or 1)

    def extra_repr(self) -> str:
        """The probability."""
        return str(self.probability)
