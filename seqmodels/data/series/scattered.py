"""A random order of very many examples, which is nowhere written down."""

import math

import torch
from torch import Generator, Tensor

from seqmodels.data.orders import Chunks, Order, shuffled

LARGE = 2**24  # examples whose order may be a list: of 128 MiB
ROUNDS = 4


class Scattered:
    """A permutation of the numbers below another, of which any part can be had.

    Each number has a place in a square that holds them all. A Feistel network of random functions permutes the square;
    where it leads beyond the last number, it is followed until it comes back.

    Args:
        count: of the numbers.
        generator: draws the functions, of which each takes as much memory as the square root of `count`.

    Source:
        M. Luby and C. Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", SIAM Journal
        on Computing 1988; for any number of elements: J. Black and P. Rogaway, "Ciphers with arbitrary finite
        domains", CT-RSA 2002.

    Example:
        >>> sorted(Scattered(5, Generator().manual_seed(0))[0:5].tolist())
        [0, 1, 2, 3, 4]
    """

    def __init__(self, count: int, generator: Generator) -> None:
        self._count = count
        self._side = math.isqrt(max(count - 1, 0)) + 1
        self._functions = torch.randint(self._side, (ROUNDS, self._side), generator=generator)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: slice) -> Tensor:
        numbers = self._followed(torch.arange(*places.indices(self._count)))
        while (outside := numbers >= self._count).any():
            numbers[outside] = self._followed(numbers[outside])
        return numbers

    def _followed(self, numbers: Tensor) -> Tensor:
        left, right = numbers // self._side, numbers % self._side
        for function in self._functions:
            left, right = right, (left + function[right]) % self._side
        return left * self._side + right


def scattered(num_examples: int, batch_size: int) -> Order:
    """Examples in random order; of more than `LARGE`, in one that takes hardly any memory."""
    if num_examples <= LARGE:
        return shuffled(num_examples, batch_size)
    # Cut like a tensor.
    return lambda generator: Chunks(Scattered(num_examples, generator), batch_size)  # type: ignore[arg-type]
