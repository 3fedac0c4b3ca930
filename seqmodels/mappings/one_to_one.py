"""One step in, one answer out."""

from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqmodels.mappings.base import SequenceMapping
from seqmodels.types import valid_steps


class OneToOne(SequenceMapping):
    """The feed-forward end of the family: one step of the layers from their initial state, then the head.

    Nothing recurs, so that of a recurrent cell only what the first step needs is learnt.
    """

    def forward(
        self, inputs: Shaped[Tensor, "batch 1 *features"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch output"]:
        """The answers.

        Raises:
            ValueError: there is more than one step.
        """
        if inputs.shape[1] != 1:
            raise ValueError(f"one-to-one reads a single step, got {inputs.shape[1]}: use many-to-one instead")
        h, _ = self.layers(self.embedding(inputs))
        output: Tensor = self.head(h, lengths)
        return output.squeeze(1)

    def reply(
        self, inputs: Shaped[Tensor, "batch 1 *features"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Tensor, Tensor]:
        """Every row has its answer."""
        return self(inputs, lengths), valid_steps(lengths, 1).squeeze(1)
