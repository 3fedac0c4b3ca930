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
        pending: the states behind the training batches since the last optimizer step.
    """

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.pending: list[Any] = []

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
        before = self.pending[-1] if split == "train" and self.pending else self.carried.get(split)
        output, state = self(batch.inputs, batch.lengths, before)
        if self.objective.spec.streams:
            after = map_state(Tensor.detach, state)
            if split == "train":
                self.pending.append(after)
            else:
                self.carried[split] = after
        return output, valid_steps(batch.lengths, batch.inputs.shape[1])

    def commit_step(self) -> None:
        """Also the carried state goes on only now: an interrupted batch comes again."""
        super().commit_step()
        if self.pending:
            self.carried["train"], self.pending = self.pending[-1], []

    def on_step_skipped(self) -> None:
        """Also the carried state stays the latest one without NaN and infinity."""
        super().on_step_skipped()
        self.pending = _latest_finite(self.pending)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Also the carried state."""
        super().on_save_checkpoint(checkpoint)
        finished = _latest_finite(self.pending[: self.num_finished_pending_batches()])
        state = finished[-1] if finished else self.carried.get("train")
        checkpoint["seqmodels"]["carried"] = [] if state is None else _tensors(state)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Continue from the carried state."""
        super().on_load_checkpoint(checkpoint)
        self.pending = []
        if not checkpoint["seqmodels"]["carried"]:
            return
        tensors = iter(checkpoint["seqmodels"]["carried"])
        with torch.no_grad():
            _, like = self.layers(self.example_features())
        self.carried["train"] = map_state(lambda _: next(tensors).to(self.device), like)


def _latest_finite(states: list[Any]) -> list[Any]:
    """Return the latest state without NaN and infinity, alone in a list, or no state."""
    return [state for state in states if all(tensor.isfinite().all() for tensor in _tensors(state))][-1:]


def _tensors(state: Any) -> list[Tensor]:
    tensors: list[Tensor] = []
    map_state(lambda tensor: tensors.append(tensor) or tensor, state)  # type: ignore[func-returns-value]
    return tensors
