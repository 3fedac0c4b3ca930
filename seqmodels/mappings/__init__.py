"""Mappings: one Lightning module per relation between the lengths of input and output."""

from seqmodels.mappings.base import SequenceMapping
from seqmodels.mappings.encoder_decoder import EncoderDecoder, OneToMany
from seqmodels.mappings.forecasting import Forecasting
from seqmodels.mappings.many_to_many import ManyToMany
from seqmodels.mappings.many_to_one import ManyToOne
from seqmodels.mappings.one_to_one import OneToOne

__all__ = [
    "EncoderDecoder",
    "Forecasting",
    "ManyToMany",
    "ManyToOne",
    "OneToMany",
    "OneToOne",
    "SequenceMapping",
]
