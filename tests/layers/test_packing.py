"""Packed rows against loops over sequences and steps."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.layers.engines.packing import Packing

TIME = 6


@st.composite
def ragged(draw):
    """A batch, lengths for it (or none) and a number of steps."""
    time = draw(st.integers(0, TIME))
    lengths = draw(st.lists(st.integers(0, time), max_size=5))
    x = torch.randn(len(lengths), time, draw(st.integers(1, 3)))
    return x, draw(st.sampled_from([None, lengths, [time] * len(lengths)]))


def packing_of(x, lengths):
    """The packing, and the lengths that it stands for."""
    ends = [x.shape[1]] * len(x) if lengths is None else lengths
    return Packing.of(x, None if lengths is None else torch.tensor(lengths, dtype=torch.int64)), ends


def rows_in_order(ends):
    """The packed rows as pairs of step and sequence: time first, the longest sequence first."""
    order = sorted(range(len(ends)), key=lambda row: -ends[row])
    return [(t, row) for t in range(max(ends, default=0)) for row in order if ends[row] > t]


@given(ragged())
def test_packs_valid_steps_time_first_and_long_sequences_first(example):
    x, lengths = example
    packing, ends = packing_of(x, lengths)
    expected = [x[row, t] for t, row in rows_in_order(ends)]
    assert torch.equal(packing.pack(x), torch.stack(expected) if expected else x.new_empty(0, x.shape[2]))
    counts = [sum(end > t for end in ends) for t in range(max(ends, default=0))]
    assert packing.rows == counts or (not len(x) and packing.rows == [0] * x.shape[1])


@given(ragged())
def test_unpacks_to_the_same_and_zeros(example):
    x, lengths = example
    packing, ends = packing_of(x, lengths)
    expected = x.clone()
    for row, end in enumerate(ends):
        expected[row, end:] = 0
    assert torch.equal(packing.unpack(packing.pack(x)), expected)


@given(ragged())
def test_sorts_from_long_to_short_and_back(example):
    x, lengths = example
    packing, ends = packing_of(x, lengths)
    state = (torch.arange(len(x)).unsqueeze(1), torch.randn(len(x), 2))
    in_order = packing.sort(state)
    sorted_ends = [ends[row] for row in in_order[0].flatten().tolist()]
    assert sorted_ends == sorted(ends, reverse=True)
    assert torch.equal(in_order[1], state[1][in_order[0].flatten()])
    assert all(torch.equal(a, b) for a, b in zip(packing.unsort(in_order), state, strict=True))


@given(ragged())
def test_the_final_state_is_the_one_at_each_sequences_end(example):
    x, lengths = example
    packing, ends = packing_of(x, lengths)
    start = torch.randn(len(x), x.shape[2])
    final = packing.unsort((packing.final(packing.pack(x), *packing.sort((start,))),))[0]
    expected = [x[row, end - 1] if end else start[row] for row, end in enumerate(ends)]
    assert torch.equal(final, torch.stack(expected) if expected else start)


@given(ragged(), st.integers(1, 12))
def test_before_each_row_of_every_block_is_its_predecessor(example, size):
    x, lengths = example
    packing, ends = packing_of(x, lengths)
    start = torch.randn(len(x), x.shape[2])
    states, (in_order,) = packing.pack(x), packing.sort((start,))
    places, found = rows_in_order(ends), []
    for block in packing.blocks(size):
        parts = packing.before(states, in_order, block)
        assert len(parts) <= 2
        found += list(torch.cat(parts))
    expected = [x[row, t - 1] if t else start[row] for t, row in places]
    assert len(found) == len(expected)
    assert all(torch.equal(a, b) for a, b in zip(found, expected, strict=True))


@given(ragged(), st.integers(0, 12))
def test_blocks_are_all_steps_and_no_larger_than_they_must_be(example, size):
    x, lengths = example
    packing, _ = packing_of(x, lengths)
    blocks = list(packing.blocks(size))
    assert [n for block in blocks for n in block.rows] == packing.rows
    assert [t for block in blocks for t in range(block.first, block.last)] == list(range(len(packing.rows)))
    assert [row for block in blocks for row in range(block.part.start, block.part.stop)] == list(
        range(sum(packing.rows))
    )
    for block in blocks:
        assert block.last == block.first + 1 or sum(block.rows) <= size
        assert block.part.stop - block.part.start == sum(block.rows)


@pytest.mark.parametrize(("lengths", "message"), [([4, 1], "got 1 to 4"), ([-1, 3], "got -1 to 3")])
def test_refuses_lengths_out_of_range(lengths, message):
    with pytest.raises(ValueError, match=f"^lengths must lie between 0 and 3, {message}$"):
        Packing.of(torch.zeros(2, 3, 1), torch.tensor(lengths))


def test_equal_lengths_are_not_reordered():
    packing = Packing.of(torch.zeros(2, 3, 1), torch.tensor([3, 3]))
    assert packing == Packing(2, 3, [2, 2, 2])


def test_lengths_of_any_integer_type():
    x = torch.randn(3, 4, 2)
    packed = [Packing.of(x, torch.tensor([1, 4, 2], dtype=dtype)).pack(x) for dtype in (torch.int32, torch.int64)]
    assert torch.equal(*packed)
