"""The LSTM by oneDNN's primitive: cut, marked in the padding, and still the equations."""

import re
from itertools import chain, combinations, pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.cells import GRUCell, LSTMCell, LSTMState, RNNCell
from seqmodels.layers.engines import vendor
from seqmodels.layers.engines.vendor import kernels, lengths, lstm
from seqmodels.layers.engines.vendor.lengths import Segment, cut
from seqmodels.layers.scan import scan
from seqmodels.types import map_state


def compared(cell, x, row_lengths, gradients, run=vendor.run):
    state = map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))
    found, expected = run(cell, x, state, row_lengths), scan(cell, x, state, lengths=row_lengths)
    inputs = [x, *state, *cell.parameters()]
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients(found, inputs), gradients(expected, inputs), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("row_lengths", [None, [9, 1, 4, 0, 9], [0, 0, 0, 0, 0], [3, 2, 1, 1, 3]])
@pytest.mark.parametrize("call", [0, 3, 1000])
def test_cut_or_run_over_marked_padding_it_is_the_loop(monkeypatch, gradients, bias, row_lengths, call):
    monkeypatch.setattr(lengths, "CALL", call)
    row_lengths = None if row_lengths is None else torch.tensor(row_lengths)
    compared(LSTMCell(2, 3, bias=bias), torch.randn(5, 9, 2, requires_grad=True), row_lengths, gradients)


@pytest.mark.parametrize("row_lengths", [None, [9, 1, 4, 0, 9]])
def test_blocks_are_the_whole(monkeypatch, gradients, row_lengths):
    monkeypatch.setattr(lstm, "BLOCK", 10)
    monkeypatch.setattr(lstm, "MAPPED", 0)
    monkeypatch.setattr(lstm, "ROWS_PER_UNIT", 1)
    calls, primitive = [], lstm._primitive
    monkeypatch.setattr(lstm, "_primitive", lambda *arguments: calls.append(1) or primitive(*arguments))
    row_lengths = None if row_lengths is None else torch.tensor(row_lengths)
    compared(LSTMCell(2, 3), torch.randn(5, 9, 2, requires_grad=True), row_lengths, gradients)
    assert len(calls) > 2


@pytest.mark.parametrize(
    ("rows", "units", "block"),
    [(2048, 256, 2048), (2049, 256, 2048), (4096, 128, 4096), (4097, 128, 2048), (4096, 512, 4096), (4097, 512, 2048)],
)
def test_much_memory_is_asked_for_in_blocks(rows, units, block):
    assert lstm._block(rows, torch.zeros(1), units) == block
    with torch.no_grad():
        assert lstm._block(rows, torch.zeros(1), units) == rows


@pytest.mark.parametrize("batch", [1, lstm.FEW, lstm.FEW + 1])
def test_a_single_step(gradients, batch):
    compared(LSTMCell(2, 3), torch.randn(batch, 1, 2, requires_grad=True), None, gradients)


@pytest.mark.parametrize("scale", [1.0, 1e3])
def test_marked_padding_changes_no_bit(scale):
    cell, x, row_lengths = LSTMCell(2, 8), torch.randn(3, 6, 2), torch.tensor([6, 4, 2])
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.mul_(scale)
        _, long = lstm.run(cell, x, cell.initial_state(x), row_lengths)
        other = x.masked_fill((torch.arange(6) >= row_lengths.unsqueeze(1)).unsqueeze(2), torch.nan)
        y, short = lstm.run(cell, other, cell.initial_state(x), row_lengths)
        torch.testing.assert_close(short, scan(cell, x, lengths=row_lengths)[1])
    assert torch.equal(long.c, short.c)
    assert not y[2, 2:].any()


def test_nan_behind_the_end_disturbs_no_gradient(gradients):
    cell, row_lengths = LSTMCell(2, 3), torch.tensor([4, 2, 0])
    x = torch.randn(3, 4, 2).masked_fill((torch.arange(4) >= row_lengths.unsqueeze(1)).unsqueeze(2), torch.nan)
    compared(cell, x.requires_grad_(), row_lengths, gradients)


@pytest.mark.parametrize("row_lengths", [None, [5, 3, 0]])
def test_bfloat16_is_the_loop_within_its_precision(row_lengths):
    cell, x = LSTMCell(2, 3, dtype=torch.bfloat16), torch.randn(3, 5, 2, dtype=torch.bfloat16)
    row_lengths = None if row_lengths is None else torch.tensor(row_lengths)
    found, expected = vendor.run(cell, x, None, row_lengths), scan(cell, x, lengths=row_lengths)
    torch.testing.assert_close(found, expected, rtol=0.05, atol=0.02)
    found[0].float().sum().backward()
    assert cell.weight_ih.grad is not None
    assert cell.weight_ih.grad.dtype == torch.bfloat16


def test_second_derivatives(gradients):
    cell, x, row_lengths = LSTMCell(2, 3), torch.randn(3, 4, 2, requires_grad=True), torch.tensor([4, 2, 0])
    seconds = []
    for run in (vendor.run(cell, x, None, row_lengths), scan(cell, x, lengths=row_lengths)):
        (first,) = torch.autograd.grad(run[0].square().sum(), x, create_graph=True)
        seconds.append(torch.autograd.grad(first.square().sum(), [x, cell.weight_ih, cell.weight_hh]))
    torch.testing.assert_close(*seconds, rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize(
    ("state", "message"),
    [
        (LSTMState(torch.zeros(2, 4), torch.zeros(2, 3)), r"expected h to be torch.float32 of shape \(2, 3\)"),
        (LSTMState(torch.zeros(2, 3), torch.zeros(2, 3).double()), r"expected c to be torch.float32 of shape \(2, 3\)"),
    ],
)
def test_refuses_what_it_would_read_past(state, message):
    with pytest.raises(ValueError, match=message):
        vendor.run(LSTMCell(2, 3), torch.randn(2, 4, 2), state, None)


def test_lengths_out_of_range_are_refused():
    with pytest.raises(ValueError, match=re.escape("lengths must lie between 0 and 4, got 2 to 5")):
        vendor.run(LSTMCell(2, 3), torch.randn(2, 4, 2), None, torch.tensor([5, 2]))


def whole(rows):
    """Nothing is cut for its size."""
    return rows


@given(st.lists(st.integers(0, 60), min_size=1, max_size=12), st.integers(1, 400), st.integers(0, 100))
def test_segments_cover_every_valid_step_once(sizes, block, call):
    before, lengths.CALL = lengths.CALL, call
    try:
        cuts = cut(sizes, lambda rows: min(rows, block))
    finally:
        lengths.CALL = before
    assert [end for _, end, _ in cuts][:-1] == [start for start, _, _ in cuts][1:]
    assert (cuts[0].start, cuts[-1].end) == (0, max(sizes)) if cuts else max(sizes) == 0
    assert all(rows == sum(size > start for size in sizes) for start, _, rows in cuts)


@given(st.sets(st.integers(1, 40), min_size=1, max_size=7), st.integers(0, 100))
def test_no_other_cuts_cost_less(sizes, call):
    def cost(stops):
        segments = pairwise([0, *stops, max(sizes)])
        return sum(call + (end - start) * sum(size > start for size in sizes) for start, end in segments)

    before, lengths.CALL = lengths.CALL, call
    try:
        ends = [end for _, end, _ in cut(list(sizes), whole)]
    finally:
        lengths.CALL = before
    others = chain.from_iterable(combinations(sorted(sizes)[:-1], n) for n in range(len(sizes)))
    assert cost(ends[:-1]) == min(map(cost, others))


def test_cuts_where_padding_costs_more_than_a_call(monkeypatch):
    monkeypatch.setattr(lengths, "CALL", 10)
    assert cut([20, 20, 15], whole) == [Segment(0, 20, 3)]
    assert cut([5, 30], whole) == [Segment(0, 5, 2), Segment(5, 30, 1)]
    assert cut([5, 30], lambda _: 15) == [Segment(0, 5, 2), Segment(5, 20, 1), Segment(20, 30, 1)]


@pytest.mark.parametrize("cell", [LSTMCell(2, 3), LSTMCell(2, 3, bias=False), GRUCell(2, 3), RNNCell(2, 3)], ids=repr)
def test_the_packed_call_is_the_loop(cell, gradients):
    x, row_lengths = torch.randn(4, 5, 2, requires_grad=True), torch.tensor([2, 5, 1, 3])
    compared(cell, x, row_lengths, gradients, run=kernels._packed)
