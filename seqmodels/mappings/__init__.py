"""Mappings: one Lightning module per relation between the lengths of input and output."""

from seqmodels.mappings.base import SequenceMapping
from seqmodels.mappings.many_to_many import ManyToMany
from seqmodels.mappings.many_to_one import ManyToOne

__all__ = ["ManyToMany", "ManyToOne", "SequenceMapping"]
