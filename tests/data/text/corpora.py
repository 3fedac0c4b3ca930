"""Texts to read as a corpus, and what was made of them."""

import numpy as np

from seqmodels.data.base import Split
from seqmodels.data.text.corpus import CorpusData
from seqmodels.data.vocabulary import Vocabulary


def random_text(size: int, letters: str = "abcdefgh \n") -> str:
    return "".join(np.random.default_rng(0).choice(list(letters), size))


def read(data: CorpusData, split: Split) -> tuple[list[str], list[str]]:
    """What the rows of all batches of a split hold one after the other: inputs and targets as text."""
    vocabulary = Vocabulary.from_json(data.spec.vocabulary or "")
    batches = list(data.loader(split))
    rows = range(len(batches[0].lengths))
    return tuple(  # type: ignore[return-value]
        [
            "".join(vocabulary.decode(getattr(batch, name)[row, : batch.lengths[row]].tolist()) for batch in batches)
            for row in rows
        ]
        for name in ("inputs", "targets")
    )
