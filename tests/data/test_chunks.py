"""Chunks are the batches that a list would hold."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from seqmodels.data.batches import EpochBatches
from seqmodels.data.chunks import Chunks, shuffled_chunks


@given(count=st.integers(1, 50), size=st.integers(1, 60), start=st.integers(0, 60))
def test_chunks_are_cut_as_a_list_is(count: int, size: int, start: int) -> None:
    expected = [part.tolist() for part in torch.arange(count).split(size)]
    for chunks in (Chunks(range(count), size), Chunks(torch.arange(count), size)):
        assert len(chunks) == len(expected)
        assert list(chunks) == expected
        assert list(chunks[start:]) == expected[start:]


def test_a_shuffle_holds_every_example_once_and_goes_on_where_it_stopped() -> None:
    drawn = shuffled_chunks(100, 7, Generator().manual_seed(0))
    assert sorted(i for chunk in drawn for i in chunk) == list(range(100))
    assert list(drawn) != list(shuffled_chunks(100, 7, Generator().manual_seed(1)))
    batches = EpochBatches(lambda generator: shuffled_chunks(100, 7, generator), seed=0)  # type: ignore[arg-type, return-value]
    whole = list(batches)
    batches.load_state_dict({"epoch": 0, "position": 5})
    assert list(batches) == whole[5:]


def test_what_is_no_chunk() -> None:
    chunks = Chunks(range(5), 2)
    with pytest.raises(IndexError, match="expected the number of one of 3 chunks, got 3"):
        chunks[3]
    with pytest.raises(ValueError, match="sliced in their order only, got step -1"):
        chunks[::-1]
