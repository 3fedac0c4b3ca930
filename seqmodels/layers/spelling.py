"""Words by what they are and by how they are spelt."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmodels.layers.dropout import SequenceDropout
from seqmodels.layers.embedding import TokenEmbedding

CHARACTER_SIZE, WIDTH = 32, 3  # features of a character; characters a filter sees


class SpelledWordEmbedding(nn.Module):
    r"""A vector for each word, beside what a convolution finds among its characters.

    A feature of the spelling is the largest value that a filter over neighbouring characters takes anywhere in the
    word, so that capitals, endings and digits tell of a word that was never seen. With :math:`e_j` the vector of the
    character at place j, zero outside the word, and :math:`W` the filters of width 3,

    .. math:: \max_j \; \mathrm{relu}(W [e_{j-1}; e_j; e_{j+1}] + b)

    It is computed once for each distinct spelling of a batch.

    Args:
        num_words: number of entries of the words' vocabulary.
        size: features of a word's vector; with `vectors` it is theirs.
        num_characters: number of entries of the characters' vocabulary; entry 0 is padding.
        spelling_size: features of the spelling.
        padding_index: the word entry that stands for padding, if there is one.
        vectors: where the words' vectors start (num_words, size); standard normal if None.
        dropout: probability with which a feature is dropped, at all steps of a row alike.

    Raises:
        ValueError: `vectors` does not have one row per vocabulary entry.

    Source:
        X. Ma and E. Hovy, "End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF", ACL 2016, section 2.1; with
        relu and more filters.

    Example:
        >>> embedding = SpelledWordEmbedding(9, 8, num_characters=5, spelling_size=6)
        >>> embedding(torch.tensor([[[7, 1, 4, 0], [2, 3, 0, 0]]])).shape
        torch.Size([1, 2, 14])
    """

    def __init__(
        self,
        num_words: int,
        size: int,
        num_characters: int,
        *,
        spelling_size: int = 64,
        padding_index: int | None = None,
        vectors: Float[Tensor, "words size"] | None = None,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.words = TokenEmbedding(num_words, size, padding_index=padding_index, vectors=vectors)
        self.characters = TokenEmbedding(num_characters, CHARACTER_SIZE, padding_index=0)
        self.filters = nn.Conv1d(CHARACTER_SIZE, spelling_size, WIDTH, padding=WIDTH // 2)
        self.dropout = SequenceDropout(dropout)
        self.output_size = self.words.output_size + spelling_size

    def forward(self, inputs: Int[Tensor, "batch time word_and_characters"]) -> Float[Tensor, "batch time size"]:
        """The vector of each word and of its spelling, side by side."""
        words, characters = inputs[..., 0], inputs[..., 1:]
        distinct, place = torch.unique(characters.flatten(0, 1), dim=0, return_inverse=True)
        spelling = self.spell(distinct)[place].unflatten(0, words.shape)
        features: Tensor = self.dropout(torch.cat([self.words(words), spelling], dim=-1))
        return features

    def spell(self, characters: Int[Tensor, "words longest"]) -> Float[Tensor, "words features"]:
        """The features of some spellings; zeros for one without characters."""
        found = torch.relu(self.filters(self.characters(characters).transpose(1, 2)))
        return found.masked_fill((characters == 0).unsqueeze(1), 0.0).amax(-1)
