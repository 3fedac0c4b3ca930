r"""Attention: what a decoder looks up in the encoder's outputs, with three ways to score them.

.. math:: a_{tj} = \mathrm{softmax}_j\, e(s_t, m_j), \quad c_t = \sum_j a_{tj} m_j

over the valid steps j of the memory m. This is for looking from one sequence into another; a learned average over the
steps of a single one is `pooling.Attention`.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.types import valid_steps


class Memory(NamedTuple):
    """What is looked into: its values, what the scores need of them, and which steps there are."""

    values: Float[Tensor, "batch time memory"]
    keys: Float[Tensor, "batch time key"]
    valid: Bool[Tensor, "batch time"]


class Attention(nn.Module, ABC):
    """Scores of a memory for a query.

    Args:
        query_size: features of a query s_t.
        memory_size: features of a step m_j of the memory.
    """

    def __init__(self, query_size: int, memory_size: int) -> None:
        super().__init__()
        self.query_size, self.memory_size = query_size, memory_size
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Make the parameters."""

    @abstractmethod
    def keys(self, values: Float[Tensor, "batch time memory"]) -> Float[Tensor, "batch time key"]:
        """The part of the score that needs no query: once per sequence."""

    @abstractmethod
    def score(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch time key"]
    ) -> Float[Tensor, "batch steps time"]:
        """e(s_t, m_j)."""

    def remember(self, values: Float[Tensor, "batch time memory"], lengths: Lengths) -> Memory:
        """A memory to look into."""
        there = read_lengths(lengths, values).to(values.device)
        return Memory(values, self.keys(values), valid_steps(there, values.shape[1]))

    def forward(
        self, query: Float[Tensor, "batch steps query"], memory: Memory
    ) -> tuple[Float[Tensor, "batch steps memory"], Float[Tensor, "batch steps time"]]:
        """The contexts c_t, and the weights a_tj: zero where there is nothing to look at."""
        valid = memory.valid.unsqueeze(1)
        scores = self.score(query, memory.keys)
        weights = scores.masked_fill(~valid, torch.finfo(scores.dtype).min).softmax(-1).masked_fill(~valid, 0.0)
        return weights @ memory.values, weights


class Dot(Attention):
    r"""Scores by the scalar product: :math:`e = s_t^\top m_j`.

    Args:
        query_size: features of a query.
        memory_size: features of the memory, as many.

    Raises:
        ValueError: they are not as many.

    Source:
        M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine translation",
        EMNLP 2015, equation 8, "dot".

    Example:
        >>> attention = Dot(4, 4)
        >>> memory = attention.remember(torch.randn(2, 3, 4), torch.tensor([3, 1]))
        >>> context, weights = attention(torch.randn(2, 5, 4), memory)
        >>> context.shape, weights[1, 0]
        (torch.Size([2, 5, 4]), tensor([1., 0., 0.]))
    """

    def prepare(self) -> None:
        """Nothing to make."""
        if self.query_size != self.memory_size:
            raise ValueError(
                f"the dot score needs as many features in the decoder as in the encoder's outputs, got "
                f"{self.query_size} and {self.memory_size}; the general and the additive score do not"
            )

    def keys(self, values: Float[Tensor, "batch time memory"]) -> Float[Tensor, "batch time key"]:
        """m_j."""
        return values

    def score(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch time key"]
    ) -> Float[Tensor, "batch steps time"]:
        """s_t · m_j."""
        return query @ keys.transpose(1, 2)


class General(Dot):
    r"""Scores by a bilinear form: :math:`e = s_t^\top W m_j`.

    Source:
        Luong et al. 2015, equation 8, "general".
    """

    def prepare(self) -> None:
        """W."""
        self.key = nn.Linear(self.memory_size, self.query_size, bias=False)

    def keys(self, values: Float[Tensor, "batch time memory"]) -> Float[Tensor, "batch time key"]:
        """W m_j."""
        keys: Tensor = self.key(values)
        return keys


class Additive(Attention):
    r"""Scores by a small network: :math:`e = v^\top \tanh(W s_t + U m_j)`.

    Source:
        D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and translate",
        ICLR 2015, appendix A.1.2. There s_{t-1} looks; here, as in Luong's decoder, s_t does.
    """

    def prepare(self) -> None:
        """W, U and v."""
        self.key = nn.Linear(self.memory_size, self.query_size, bias=False)
        self.query = nn.Linear(self.query_size, self.query_size)
        self.weight = nn.Linear(self.query_size, 1, bias=False)

    def keys(self, values: Float[Tensor, "batch time memory"]) -> Float[Tensor, "batch time key"]:
        """U m_j."""
        keys: Tensor = self.key(values)
        return keys

    def score(
        self, query: Float[Tensor, "batch steps query"], keys: Float[Tensor, "batch time key"]
    ) -> Float[Tensor, "batch steps time"]:
        """v · tanh(W s_t + U m_j)."""
        hidden = torch.tanh(self.query(query).unsqueeze(2) + keys.unsqueeze(1))
        scores: Tensor = self.weight(hidden).squeeze(-1)
        return scores
