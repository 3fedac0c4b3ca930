"""Layers: a sequence in, a sequence out, by any cell, in either direction, stacked, with lengths."""

from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.bidirectional import Bidirectional, BidirectionalState
from seqmodels.layers.embedding import TokenEmbedding, ValueEmbedding
from seqmodels.layers.images import ImageEmbedding
from seqmodels.layers.recurrent import Recurrent
from seqmodels.layers.scan import reverse, scan
from seqmodels.layers.spelling import SpelledWordEmbedding
from seqmodels.layers.stack import Stack, recurrent_stack

__all__ = [
    "Bidirectional",
    "BidirectionalState",
    "ImageEmbedding",
    "Recurrent",
    "SequenceLayer",
    "SpelledWordEmbedding",
    "Stack",
    "TokenEmbedding",
    "ValueEmbedding",
    "recurrent_stack",
    "reverse",
    "scan",
]
