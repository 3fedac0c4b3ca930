"""Pieces in several keys."""

import torch
from torch import Generator

from seqmodels.data.orders import Order


def each_in_one_key(draw: Order, num_pieces: int, num_keys: int) -> Order:
    """Every piece once an epoch, in a key drawn anew: example `key * num_pieces + piece`.

    Args:
        draw: which pieces make a batch.
        num_pieces: there are.
        num_keys: in which there is every piece.

    Example:
        >>> from seqmodels.data.orders import in_order
        >>> order = each_in_one_key(in_order(3, batch_size=2), num_pieces=3, num_keys=4)
        >>> [[example % 3 for example in batch] for batch in order(Generator())]
        [[0, 1], [2]]
    """

    def order(generator: Generator) -> list[list[int]]:
        batches = draw(generator)
        keys = torch.randint(num_keys, (num_pieces,), generator=generator).tolist()
        return [[piece + num_pieces * keys[piece] for piece in batch] for batch in batches]

    return order


def semitones(transpose: int) -> range:
    """All shifts of at most so many semitones.

    Raises:
        ValueError: `transpose` is negative.

    Example:
        >>> list(semitones(1))
        [-1, 0, 1]
    """
    if transpose < 0:
        raise ValueError(f"transpose must be at least 0 semitones, got {transpose}")
    return range(-transpose, transpose + 1)
