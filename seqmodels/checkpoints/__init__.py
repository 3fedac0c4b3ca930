"""Checkpoints: written as a whole, read without running code, with digests that tell when one was damaged."""

from seqmodels.checkpoints.files import AtomicCheckpointIO, convert, read_checkpoint

__all__ = ["AtomicCheckpointIO", "convert", "read_checkpoint"]
