"""From what a batch holds to the features a layer reads."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmodels.layers.dropout import SequenceDropout


class TokenEmbedding(nn.Module):
    """A vector for each vocabulary entry; the padding entry's is zero and stays so.

    Args:
        num_tokens: number of vocabulary entries.
        size: features of a vector; with `vectors` it is theirs.
        padding_index: the entry that stands for padding, if there is one.
        vectors: where the vectors start (num_tokens, size); standard normal if None.
        dropout: probability with which a feature is dropped, at all steps of a row alike.

    Raises:
        ValueError: `vectors` does not have one row per vocabulary entry.
    """

    def __init__(
        self,
        num_tokens: int,
        size: int,
        *,
        padding_index: int | None = None,
        vectors: Float[Tensor, "tokens size"] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if vectors is not None and len(vectors) != num_tokens:
            raise ValueError(f"expected vectors for {num_tokens} vocabulary entries, got {len(vectors)}")
        self.output_size = size if vectors is None else vectors.shape[1]
        self.table = nn.Embedding(num_tokens, self.output_size, padding_idx=padding_index)
        self.dropout = SequenceDropout(dropout)
        if vectors is not None:
            with torch.no_grad():
                self.table.weight.copy_(vectors)
                if padding_index is not None:
                    self.table.weight[padding_index] = 0

    def forward(self, tokens: Int[Tensor, "batch time"]) -> Float[Tensor, "batch time size"]:
        """The vector of each token."""
        embedded: Tensor = self.dropout(self.table(tokens))
        return embedded


class ValueEmbedding(nn.Module):
    """Numbers are features already.

    Args:
        size: numbers per step.
        dropout: probability with which a column is dropped, at all steps of a row alike.
    """

    def __init__(self, size: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.output_size = size
        self.dropout = SequenceDropout(dropout)

    def forward(self, values: Float[Tensor, "batch time size"]) -> Float[Tensor, "batch time size"]:
        """The values themselves, some columns zero in training."""
        embedded: Tensor = self.dropout(values)
        return embedded
