"""A sequence in, one answer out."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqmodels.mappings.base import SequenceMapping


class ManyToOne(SequenceMapping):
    """One answer per sequence, from what the head's pooling makes of all its steps."""

    def forward(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch output"]:
        """The answers."""
        h, _ = self.layers(self.embedding(inputs), lengths=lengths)
        output: Tensor = self.head(h, lengths)
        return output

    def reply(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Tensor, Tensor]:
        """Every row has its answer."""
        return self(inputs, lengths), torch.ones_like(lengths, dtype=torch.bool)
