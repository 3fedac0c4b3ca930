"""The lazy batches are those that would be made at once."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from seqmodels.data.length_batches import POOL, by_length, from_short_to_long

Lengths = st.lists(st.integers(0, 9), min_size=1, max_size=400).map(torch.tensor)


def at_once(lengths: torch.Tensor, size: int, generator: Generator) -> list[list[int]]:
    pools = torch.randperm(len(lengths), generator=generator).split(POOL * size)
    batches = [batch.tolist() for pool in pools for batch in pool[lengths[pool].argsort(stable=True)].split(size)]
    return [batches[i] for i in torch.randperm(len(batches), generator=generator).tolist()]


@given(lengths=Lengths, size=st.integers(1, 4), seed=st.integers(0, 99))
def test_batches_are_those_of_a_list(lengths: torch.Tensor, size: int, seed: int) -> None:
    expected = at_once(lengths, size, Generator().manual_seed(seed))
    batches = by_length(lengths, size)(Generator().manual_seed(seed))
    assert list(batches) == list(expected)
    assert len(batches) == len(expected)
    assert list(batches[1:]) == list(expected)[1:]


@given(lengths=Lengths, size=st.integers(1, 4))
def test_from_short_to_long_every_row_comes_once(lengths: torch.Tensor, size: int) -> None:
    rows = [row for batch in from_short_to_long(lengths, size)(Generator()) for row in batch]
    assert sorted(rows) == list(range(len(lengths)))
    assert lengths[rows].tolist() == sorted(lengths.tolist())
