"""Where the words of a vocabulary lie."""

from typing import cast

import pytorch_lightning as pl

from seqmodels.callbacks.view import boards
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.layers import TokenEmbedding
from seqmodels.mappings import SequenceMapping
from seqmodels.types import END, PADDING, START, UNKNOWN


class EmbeddingProjector(pl.Callback):
    """Points in TensorBoard's projector, `vocabulary`: the vectors of the most frequent words, after the test.

    They are those of the tested model: of the best one, where a training is followed by its test. A model without
    words has nothing to show.

    Args:
        num_words: how many, from the most frequent one; entries that stand for no word are left out.

    Raises:
        ValueError: `num_words` is not positive.
    """

    def __init__(self, num_words: int = 2000) -> None:
        if num_words < 1:
            raise ValueError(f"num_words must be at least 1, got {num_words}")
        self.num_words = num_words

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the vectors and their words into the run folder."""
        mapping = cast(SequenceMapping, pl_module)
        embedding, vocabulary = mapping.embedding, mapping.objective.spec.vocabulary
        if vocabulary is None or not isinstance(embedding, TokenEmbedding):
            return
        # A vocabulary is in the order of frequency.
        tokens = Vocabulary.from_json(vocabulary).tokens
        words = [i for i, token in enumerate(tokens) if token not in (PADDING, UNKNOWN, START, END)][: self.num_words]
        names = [tokens[i] if tokens[i].isprintable() else ascii(tokens[i]) for i in words]
        for board in boards(trainer):
            vectors = embedding.table.weight[words].detach()
            board.add_embedding(vectors, names, global_step=trainer.global_step, tag="vocabulary")
