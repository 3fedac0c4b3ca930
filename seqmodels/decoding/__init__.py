"""Decoding: from a model that can take one step, or from scores at every step, to a sequence."""

from seqmodels.decoding.base import Decoded, Step
from seqmodels.decoding.beam import beam
from seqmodels.decoding.ctc import ctc_beam, ctc_greedy
from seqmodels.decoding.greedy import greedy
from seqmodels.decoding.sampling import next_token_probabilities, sample

__all__ = ["Decoded", "Step", "beam", "ctc_beam", "ctc_greedy", "greedy", "next_token_probabilities", "sample"]
