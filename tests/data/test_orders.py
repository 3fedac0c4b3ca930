"""Lazy batches are those that a list would hold."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from seqmodels.data.batches import EpochBatches
from seqmodels.data.orders import POOL, Chunks, by_length, from_short_to_long, shuffled

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


@given(count=st.integers(1, 50), size=st.integers(1, 60), start=st.integers(0, 60))
def test_chunks_are_cut_as_a_list_is(count: int, size: int, start: int) -> None:
    expected = [part.tolist() for part in torch.arange(count).split(size)]
    for chunks in (Chunks(range(count), size), Chunks(torch.arange(count), size)):
        assert len(chunks) == len(expected)
        assert list(chunks) == expected
        assert list(chunks[start:]) == expected[start:]


def test_a_shuffle_holds_every_example_once_and_goes_on_where_it_stopped() -> None:
    drawn = shuffled(100, 7)(Generator().manual_seed(0))
    assert sorted(i for chunk in drawn for i in chunk) == list(range(100))
    assert list(drawn) != list(shuffled(100, 7)(Generator().manual_seed(1)))
    batches = EpochBatches(shuffled(100, 7), seed=0)
    whole = list(batches)
    batches.load_state_dict({"epoch": 0, "position": 5})
    assert list(batches) == whole[5:]
