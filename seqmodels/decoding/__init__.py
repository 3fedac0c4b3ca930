"""Decoding: from a model that can take one step to a sequence."""

from seqmodels.decoding.sampling import next_token_probabilities, sample

__all__ = ["next_token_probabilities", "sample"]
