"""A whole sequence in one vector: what a many-to-one mapping reads. Padding is never read."""

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.types import valid_steps


class Pooling(nn.Module, ABC):
    """Reduces the outputs of a layer to one vector per row; zeros for a row of length zero.

    Args:
        layer: the layer whose outputs are pooled.
    """

    def __init__(self, layer: SequenceLayer) -> None:
        super().__init__()
        self.size = layer.output_size
        self.prepare(layer)

    def prepare(self, layer: SequenceLayer) -> None:
        """Make what this pooling needs of the layer, if anything."""

    @abstractmethod
    def forward(self, y: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
        """One vector per row."""


class Last(Pooling):
    """The output that has seen the whole row: at the last valid step, and of a backward half at the first."""

    def prepare(self, layer: SequenceLayer) -> None:
        """Ask the layer itself: it knows which way it reads."""
        self._summary = layer.summary

    def forward(self, y: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
        """One vector per row."""
        pooled: Tensor = self._summary(y, lengths)
        return pooled


class Mean(Pooling):
    """The average over valid steps."""

    def forward(self, y: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
        """One vector per row."""
        lengths = read_lengths(lengths, y).to(y.device)
        valid = valid_steps(lengths, y.shape[1]).unsqueeze(-1)
        return y.masked_fill(~valid, 0.0).sum(1) / lengths.clamp(min=1).unsqueeze(-1)


class Max(Pooling):
    """The largest value of each feature over valid steps."""

    def forward(self, y: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
        """One vector per row."""
        lengths = read_lengths(lengths, y).to(y.device)
        valid = valid_steps(lengths, y.shape[1]).unsqueeze(-1)
        if y.shape[1] == 0:
            return y.new_zeros(y.shape[0], y.shape[2])
        largest = y.masked_fill(~valid, -torch.inf).amax(1)
        return largest.masked_fill(lengths.unsqueeze(-1) == 0, 0.0)


class Attention(Pooling):
    r"""A learned average over valid steps.

    .. math:: e_t = v^\top \tanh(W y_t + b), \quad a = \mathrm{softmax}(e), \quad \sum_t a_t y_t

    Source:
        Z. Yang et al., "Hierarchical attention networks for document classification", NAACL 2016, equations 5 to 7.
    """

    def prepare(self, layer: SequenceLayer) -> None:
        """W, b and v."""
        self.score = nn.Sequential(
            nn.Linear(layer.output_size, layer.output_size),
            nn.Tanh(),
            nn.Linear(layer.output_size, 1, bias=False),
        )

    def forward(self, y: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
        """One vector per row."""
        lengths = read_lengths(lengths, y).to(y.device)
        valid = valid_steps(lengths, y.shape[1]).unsqueeze(-1)
        y = y.masked_fill(~valid, 0.0)
        lowest = torch.finfo(y.dtype).min
        weights = self.score(y).masked_fill(~valid, lowest).softmax(1)
        pooled: Tensor = (weights * y).sum(1)
        return pooled
