"""A sequence in, a sequence of another length out."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from seqmodels.decoding import Decoded, beam, sample
from seqmodels.layers.decoder import Decoder, DecoderState, Written
from seqmodels.mappings.base import SequenceMapping
from seqmodels.mappings.teacher_forcing import always
from seqmodels.types import Batch, valid_steps


class EncoderDecoder(SequenceMapping):
    """The layers read, the head (a `Decoder`) writes.

    In training the decoder reads the true tokens, or at some steps its own. Validation and test let it write freely:
    their metrics judge what it wrote, only their loss is that of the true tokens.

    Args:
        embedding: see `SequenceMapping`.
        layers: the encoder; in both directions if you like.
        head: the decoder.
        objective: see `SequenceMapping`.
        optimizer: see `SequenceMapping`.
        scheduler: see `SequenceMapping`.
        teacher_forcing: from the share of training that is done, the probability that a step in training reads
            the true token: see `teacher_forcing`.
        max_length: tokens at most when it writes freely.
        num_beams: width of the beam in tests and predictions; validation is greedy.
        length_penalty: see `decoding.beam`.
    """

    head: Decoder

    def __init__(
        self,
        *arguments: Any,
        teacher_forcing: Callable[[float], float] = always,
        max_length: int = 60,
        num_beams: int = 1,
        length_penalty: float = 0.0,
        **keywords: Any,
    ) -> None:
        super().__init__(*arguments, **keywords)
        self.teacher_forcing = teacher_forcing
        self.search = partial(
            beam,
            end=self.head.end,
            forbidden=self.head.forbidden,
            max_length=max_length,
            length_penalty=length_penalty,
        )
        self.num_beams = num_beams

    def encode(self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]) -> DecoderState:
        """The decoder's state in front of the first token."""
        h, _ = self.layers(self.embedding(inputs), lengths=lengths)
        return self.head.begin(self.layers.summary(h, lengths), h, lengths)

    def forward(
        self,
        inputs: Shaped[Tensor, "batch time *features"],
        lengths: Int[Tensor, " batch"],
        targets: Int[Tensor, "batch steps"],
    ) -> Float[Tensor, "batch steps tokens"]:
        """The scores of each token of a known text, each given those before it."""
        return self._forced(inputs, lengths, targets).scores

    @torch.no_grad()
    def write(
        self,
        inputs: Shaped[Tensor, "batch time *features"],
        lengths: Int[Tensor, " batch"],
        *,
        num_beams: int | None = None,
        num_best: int = 1,
    ) -> Decoded:
        """Write freely.

        Args:
            inputs: what to write about.
            lengths: of the inputs.
            num_beams: width of the beam; None for that of the mapping.
            num_best: how many texts for each row, the best first.
        """
        width = max(num_best, self.num_beams if num_beams is None else num_beams)
        state = self.encode(inputs, lengths)
        return self.search(self._next, self._start(lengths), state, num_beams=width, num_best=num_best)

    @torch.no_grad()
    def improvise(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"], length: int, **draw: Any
    ) -> Int[Tensor, "batch written"]:
        """Write by chance.

        Args:
            inputs: what to write about.
            lengths: of the inputs.
            length: tokens at most.
            **draw: `temperature`, `top_k`, `top_p` and `generator`: see `decoding.sample`.
        """
        marks: dict[str, Any] = {"end": self.head.end, "forbidden": self.head.forbidden}
        return sample(self._next, self._start(lengths), length, state=self.encode(inputs, lengths), **marks, **draw)

    @torch.no_grad()
    def attention(
        self,
        inputs: Shaped[Tensor, "batch time *features"],
        lengths: Int[Tensor, " batch"],
        targets: Int[Tensor, "batch steps"],
    ) -> Float[Tensor, "batch steps time"]:
        """How much each token of a text looks at each step of the input; of width 0 without attention."""
        return self._forced(inputs, lengths, targets).weights

    def reply(
        self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Tensor, Tensor]:
        """The tokens of what is written freely."""
        written = self.write(inputs, lengths)
        return written.tokens[:, 0], valid_steps(written.lengths[:, 0], written.tokens.shape[2])

    def respond(self, batch: Batch, split: str) -> tuple[Tensor, Tensor]:
        """Each token of the text, the end included, has its answer.

        Raises:
            ValueError: the batch has no `target_lengths`.
        """
        if batch.target_lengths is None:
            raise ValueError("what is written has lengths of its own: the batch has no target_lengths")
        valid = valid_steps(batch.target_lengths, batch.targets.shape[1])
        forced = self.teacher_forcing(self._progress()) if split == "train" else 1.0
        if forced >= 1:
            return self(batch.inputs, batch.lengths, batch.targets), valid
        return self._partly_forced(batch, forced), valid

    def answer(self, batch: Batch, output: Tensor) -> Tensor | None:  # noqa: ARG002
        """The tokens that are written freely; None in training, where that would take too long."""
        if self.training:
            return None
        testing = self.trainer.testing
        return self.write(batch.inputs, batch.lengths, num_beams=None if testing else 1).tokens[:, 0]

    def _forced(self, inputs: Tensor, lengths: Tensor, targets: Tensor) -> Written:
        written: Written = self.head(self._shifted(targets), self.encode(inputs, lengths))[0]
        return written

    def _next(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        written, state = self.head(tokens, state)
        return written.scores, state

    def _start(self, lengths: Tensor) -> Tensor:
        return torch.full((len(lengths), 1), self.head.start, device=lengths.device)

    def _partly_forced(self, batch: Batch, forced: float) -> Tensor:
        state, known = self.encode(batch.inputs, batch.lengths), self._shifted(batch.targets)
        own = known[:, 0]
        scores: list[Tensor] = []
        for true in known.unbind(1):
            read = torch.where(torch.rand(true.shape, device=true.device) < forced, true, own)
            written, state = self.head(read.unsqueeze(1), state)
            scores.append(written.scores)
            own = written.scores[:, 0].argmax(-1)
        return torch.cat(scores, dim=1)

    def _shifted(self, targets: Tensor) -> Tensor:
        return torch.cat([torch.full_like(targets[:, :1], self.head.start), targets[:, :-1]], dim=1)

    def _progress(self) -> float:
        return min(1.0, self.trainer.global_step / cast(float, self.trainer.estimated_stepping_batches))


class OneToMany(EncoderDecoder):
    """One step in, a sequence out: a picture, a vector or a first note begins the state, and outputs feed back.

    The encoder-decoder whose input has one step.
    """

    def encode(self, inputs: Shaped[Tensor, "batch time *features"], lengths: Int[Tensor, " batch"]) -> DecoderState:
        """The decoder's state in front of the first token.

        Raises:
            ValueError: the input has another number of steps.
        """
        if inputs.shape[1] != 1:
            raise ValueError(f"one-to-many reads one step, got {inputs.shape[1]}")
        return super().encode(inputs, lengths)
