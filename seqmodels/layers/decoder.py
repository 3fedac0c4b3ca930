"""The decoder: writes one sequence out of another, or out of a vector."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmodels.layers.attention import Attention, Memory
from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.dropout import SequenceDropout
from seqmodels.layers.embedding import TokenEmbedding
from seqmodels.layers.lengths import Lengths
from seqmodels.types import map_state


class DecoderState(NamedTuple):
    """Where a decoder is: the state of its layers, the last attentional vector, and what it looks into (or nothing)."""

    layers: Any
    attended: Float[Tensor, "batch hidden"]
    memory: Memory | tuple[()]


class Written(NamedTuple):
    """Scores of the next token at every step, and how much each step looked at each step of the memory."""

    scores: Float[Tensor, "batch steps tokens"]
    weights: Float[Tensor, "batch steps time"]


class Decoder(nn.Module):
    r"""Writes token after token, each knowing those before.

    .. math::
        s_t &= \mathrm{layers}([E y_{t-1};\, \tilde h_{t-1}]) \\
        \tilde h_t &= \tanh(W_c [c_t;\, s_t]) \\
        o_t &= W_o \tilde h_t + b_o

    with the context c_t of an `Attention`. Without input feeding the layers do not read :math:`\tilde h_{t-1}`, and
    known tokens are read in one go, by the fastest engine; without attention :math:`\tilde h_t = s_t`. The state
    begins as :math:`\mathrm{norm}(W_s v + b_s)` of a vector v that tells what to write about, normalised over all
    features of the state.

    Symbols:
        y_t: the token of step t; y_0 is the start mark.
        s_t: (batch, hidden), the output of the layers.
        h̃_t: (batch, hidden), the attentional vector.
        o_t: (batch, tokens), scores.

    Args:
        embedding: E, of the written tokens.
        layers: read one token after the other, so in one direction; with input feeding their input is that much wider.
        output_size: number of tokens that can be written.
        summary_size: features of v.
        start: the token in front of the first.
        end: the token that ends a text.
        forbidden: tokens that are never written: padding and the like.
        attention: looks from s_t into a memory, or None.
        input_feeding: whether a step knows what the step before looked at.
        dropout: probability with which a feature of the attentional vector is dropped, at all steps of a row alike.

    Raises:
        ValueError: input feeding without attention; layers of another input size than what they will read.

    Source:
        M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine translation",
        EMNLP 2015, equations 5 and 6, and section 3.3 on input feeding. There the encoder's last state is the
        decoder's first; the map in between allows encoders of any kind and size. Its outputs are normalised (J. L. Ba,
        J. R. Kiros and G. E. Hinton, "Layer normalization", arXiv:1607.06450, 2016) where D. Bahdanau, K. Cho and
        Y. Bengio (ICLR 2015, appendix A.2.2) squash them by a tanh, which makes it harder to tell apart what was read.
    """

    def __init__(  # noqa: PLR0913 (what the equations name)
        self,
        embedding: TokenEmbedding,
        layers: SequenceLayer,
        output_size: int,
        *,
        summary_size: int,
        start: int,
        end: int,
        forbidden: Sequence[int] = (),
        attention: Attention | None = None,
        input_feeding: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if input_feeding and attention is None:
            raise ValueError("input feeding passes on what attention has found: there is no attention here")
        expected = embedding.output_size + (layers.output_size if input_feeding else 0)
        if layers.input_size != expected:
            raise ValueError(f"the decoder's layers read {expected} features, got layers for {layers.input_size}")
        self.embedding, self.layers, self.attention = embedding, layers, attention
        self.start, self.end, self.forbidden, self.input_feeding = start, end, tuple(forbidden), input_feeding
        with torch.no_grad():
            _, self._like = layers(torch.zeros(1, 1, layers.input_size))
        size = sum(self._sizes())
        self.bridge = nn.Sequential(nn.Linear(summary_size, size), nn.LayerNorm(size))
        if attention is not None:
            self.combine = nn.Linear(attention.memory_size + layers.output_size, layers.output_size)
        self.dropout = SequenceDropout(dropout)
        self.linear = nn.Linear(layers.output_size, output_size)

    def begin(
        self,
        summary: Float[Tensor, "batch summary"],
        memory: Float[Tensor, "batch time memory"],
        lengths: Lengths,
    ) -> DecoderState:
        """The state in front of the first token.

        Args:
            summary: v, what to write about.
            memory: what attention looks into; without attention it is not read.
            lengths: of the memory's rows.
        """
        parts = iter(self.bridge(summary).split(self._sizes(), dim=1))
        layers = map_state(lambda like: next(parts).reshape(-1, *like.shape[1:]), self._like)
        remembered = () if self.attention is None else self.attention.remember(memory, lengths)
        return DecoderState(layers, summary.new_zeros(len(summary), self.layers.output_size), remembered)

    def forward(self, tokens: Int[Tensor, "batch steps"], state: DecoderState) -> tuple[Written, DecoderState]:
        """Read known tokens; the state behind them is that of rows which are all of that length.

        Args:
            tokens: of each step, the one before: what is written is scored one step later.
            state: from `begin`, or from reading what came before.
        """
        embedded = self.embedding(tokens)
        if not self.input_feeding:
            return self._write(embedded, state)
        steps = []
        for e_t in embedded.unbind(1):
            written, state = self._write(torch.cat([e_t, state.attended], -1).unsqueeze(1), state)
            steps.append(written)
        return Written(*(torch.cat(parts, dim=1) for parts in zip(*steps, strict=True))), state

    def _write(self, x: Tensor, state: DecoderState) -> tuple[Written, DecoderState]:
        s, layers = self.layers(x, state.layers)
        if self.attention is None:
            attended, weights = s, s.new_zeros(*s.shape[:2], 0)
        else:
            assert isinstance(state.memory, Memory)
            context, weights = self.attention(s, state.memory)
            attended = torch.tanh(self.combine(torch.cat([context, s], dim=-1)))
        scores = self.linear(self.dropout(attended))
        return Written(scores, weights), DecoderState(layers, attended[:, -1], state.memory)

    def _sizes(self) -> list[int]:
        sizes: list[int] = []
        map_state(lambda like: sizes.append(like[0].numel()) or like, self._like)  # type: ignore[func-returns-value]
        return sizes
