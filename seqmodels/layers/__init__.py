"""Layers: a sequence in, a sequence out, by any cell, in either direction, stacked, with lengths."""

from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.embedding import TokenEmbedding, ValueEmbedding
from seqmodels.layers.recurrent import Bidirectional, BidirectionalState, Recurrent, Stack, recurrent_stack
from seqmodels.layers.scan import reverse, scan

__all__ = [
    "Bidirectional",
    "BidirectionalState",
    "Recurrent",
    "SequenceLayer",
    "Stack",
    "TokenEmbedding",
    "ValueEmbedding",
    "recurrent_stack",
    "reverse",
    "scan",
]
