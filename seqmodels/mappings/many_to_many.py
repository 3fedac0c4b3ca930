"""A sequence in, an answer at every step out."""

from typing import Any

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqmodels.mappings.base import SequenceMapping
from seqmodels.types import Batch, map_state, valid_steps


class ManyToMany(SequenceMapping):
    """One answer per step.

    Where each batch continues the rows of the one before (`spec.streams`), the state is carried over and gradients
    stop at the seam: truncated backpropagation through time, with Lightning's own optimisation, clipping and
    accumulation. An epoch starts afresh. The carried state is in the checkpoint.

    Attributes:
        ahead: the state behind the batch that is being worked on.
    """

    ahead: Any = None

    def forward(
        self,
        inputs: Shaped[Tensor, "batch time *features"],
        lengths: Int[Tensor, " batch"],
        state: Any = None,
    ) -> tuple[Float[Tensor, "batch time output"], Any]:
        """The answers and the state behind the last step."""
        h, state = self.layers(self.embedding(inputs), state, lengths=lengths)
        return self.head(h, lengths), state

    def reply(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Tensor, Tensor]:
        """Each step within a row's length has its answer."""
        return self(inputs, lengths)[0], valid_steps(lengths, inputs.shape[1])

    def respond(self, batch: Batch, split: str) -> tuple[Tensor, Tensor]:
        """The same, going on from the batch before where the data says so."""
        output, state = self(batch.inputs, batch.lengths, self.carried.get(split))
        if self.objective.spec.streams:
            self.ahead = map_state(Tensor.detach, state)
            if split != "train":
                self.carried[split] = self.ahead
        return output, valid_steps(batch.lengths, batch.inputs.shape[1])

    def on_after_backward(self) -> None:
        """Only now the next batch may go on from this one: an interrupted batch comes again."""
        if self.objective.spec.streams:
            self.carried["train"] = self.ahead

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Also the carried state."""
        super().on_save_checkpoint(checkpoint)
        tensors: list[Tensor] = []
        if "train" in self.carried:
            map_state(lambda tensor: tensors.append(tensor) or tensor, self.carried["train"])  # type: ignore[func-returns-value]
        checkpoint["seqmodels"]["carried"] = tensors

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue from the carried state."""
        if not checkpoint["seqmodels"]["carried"]:
            return
        tensors = iter(checkpoint["seqmodels"]["carried"])
        with torch.no_grad():
            _, like = self.layers(self.example_features())
        self.carried["train"] = map_state(lambda _: next(tensors).to(self.device), like)
