# ruff: noqa: ARG005 (what wants a gradient is chosen by functions of one signature)
"""Every engine computes what the loop computes."""

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradgradcheck

from seqmodels.layers import Bidirectional, Recurrent
from seqmodels.layers.engines import ENGINES, FAST, run
from seqmodels.types import map_state
from tests.layers.executions import CELLS, by_both, every_pair, example, in_every_dtype, widest

pytestmark = [
    pytest.mark.usefixtures("_compiled"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]
LENGTHS = [None, [5, 5, 5, 5], [2, 5, 0, 3], [0, 0, 0, 1], [0, 0, 0, 0], [3, 3, 1, 1]]
every_length = pytest.mark.parametrize("lengths", LENGTHS, ids=str)


@in_every_dtype
@every_length
def test_is_the_loop(engine, name, dtype, lengths, gradients, assert_same):
    assert_same(*by_both(engine, *example(name, dtype), lengths, gradients))


@every_pair
@pytest.mark.parametrize("lengths", [None, list(range(5, 0, -1)) * 32], ids=["whole", "ragged"])
def test_is_the_loop_where_products_are_large(engine, name, lengths, gradients, assert_same):
    cell, x, state = example(name, torch.float32, 160, 5, (130, 121))
    assert_same(*by_both(engine, cell, x, state, lengths, gradients))


@every_pair
@pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3]], ids=str)
def test_is_the_loop_in_both_directions(engine, name, lengths, gradients, assert_same):
    dtype = widest(engine)
    (ahead, x, _), (behind, _, _) = example(name, dtype), example(name, dtype)
    lengths, outcomes = None if lengths is None else torch.tensor(lengths), []
    for by in (engine, "loop"):
        layer = Bidirectional(Recurrent(ahead, by), Recurrent(behind, by))
        result = layer(x, lengths=lengths)
        outcomes.append((result, gradients(result, [x, *layer.parameters()])))
    assert_same(*outcomes)


@every_pair
def test_starts_from_the_cells_initial_state(engine, name, gradients, assert_same):
    cell, x, _ = example(name, widest(engine))
    assert_same(*by_both(engine, cell, x, None, None, gradients))


@every_pair
@pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3]], ids=str)
def test_two_chunks_are_the_whole(engine, name, lengths, gradients, assert_same):
    cell, x, state = example(name, widest(engine))
    outcomes = []
    for cut in (5, 2):
        pieces, last, start = [], state, 0
        for piece in x.split([cut, 5 - cut], dim=1):
            left = None if lengths is None else (torch.tensor(lengths) - start).clamp(0, piece.shape[1])
            if piece.shape[1]:
                y, last = run(cell, piece, last, left, engine)
                pieces.append(y)
            start += piece.shape[1]
        result = (torch.cat(pieces, dim=1), last)
        outcomes.append((result, gradients(result, [x, *state, *cell.parameters()])))
    assert_same(*outcomes)


@every_pair
@settings(max_examples=8)
@given(data=st.data(), time=st.integers(1, 6))
def test_a_row_is_the_same_alone_padded_and_in_any_batch(engine, name, data, time, gradients, assert_same):
    lengths = data.draw(st.lists(st.integers(0, time), min_size=1, max_size=4))
    cell, x, state = example(name, widest(engine), len(lengths), time)
    padded = x.detach().clone()
    for row, length in enumerate(lengths):
        padded[row, length:] = torch.nan
    y, last = run(cell, padded.requires_grad_(), state, torch.tensor(lengths), engine)
    dx, *d_parameters = gradients((y.sum(1), last), [padded, *cell.parameters()])
    row = data.draw(st.integers(0, len(lengths) - 1))
    length = lengths[row]
    assert not y[row, length:].any()
    assert not dx[row, length:].any()
    assert all(d.isfinite().all() for d in d_parameters)
    alone, start = x[row : row + 1, :length].detach().requires_grad_(), map_state(lambda p: p[row : row + 1], state)
    of_row = (y[row : row + 1, :length], map_state(lambda part: part[row : row + 1], last))
    of_one = run(cell, alone, start, None, engine if length else "loop")
    assert_same(of_one, of_row)
    (d_of_row,), (d_of_one,) = gradients(of_row, padded), gradients(of_one, alone)
    assert_same(d_of_one, d_of_row[row : row + 1, :length])


@every_pair
def test_reads_the_parameters_of_this_moment(engine, name, gradients, assert_same):
    cell, x, state = example(name, widest(engine))
    before, _ = run(cell, x, state, None, engine)
    with torch.no_grad():
        cell.weight_ih.mul_(2)
    for parameter in (cell.weight_ih.data, torch.randn_like(cell.weight_ih)):
        cell.weight_ih = nn.Parameter(parameter)
        outcomes = by_both(engine, cell, x, state, None, gradients)
        assert_same(*outcomes)
        assert not torch.allclose(outcomes[0][0][0], before)


WANTED = {
    "x": lambda cell, x, state: [x],
    "the state": lambda cell, x, state: list(state),
    "one part of the state": lambda cell, x, state: [state[-1]],
    "one weight": lambda cell, x, state: [cell.weight_ih],
    "the last parameter": lambda cell, x, state: list(cell.parameters())[-1:],
    "nothing": lambda cell, x, state: [],
}


@every_pair
@pytest.mark.parametrize("some", WANTED.values(), ids=WANTED)
@pytest.mark.parametrize("only", [True, False], ids=["only", "all but"])
def test_gives_gradients_to_what_wants_one(engine, name, some, only, assert_same):
    cell, x, state = example(name, widest(engine))
    everything, chosen = [x, *state, *cell.parameters()], {id(part) for part in some(cell, x, state)}
    for part in everything:
        part.requires_grad_((id(part) in chosen) == only)
    grads = []
    for by in (engine, "loop"):
        y, last = run(cell, x, state, torch.tensor([2, 5, 0, 3]), by)
        loss = y.square().sum() + sum(part.sum() for part in last)
        assert loss.requires_grad == any(part.requires_grad for part in everything)
        if loss.requires_grad:
            loss.backward()
        grads.append([part.grad for part in everything])
        for part in everything:
            part.grad = None
    assert [grad is None for grad in grads[0]] == [not part.requires_grad for part in everything]
    found, expected = ([torch.zeros(1) if g is None else g for g in given_grads] for given_grads in grads)
    assert_same(found, [torch.zeros_like(f) if e.shape != f.shape else e for f, e in zip(found, expected, strict=True)])


@every_pair
@pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3]], ids=str)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_computes_the_same_without_gradients(engine, name, lengths, mode, assert_same):
    cell, x, state = example(name, widest(engine))
    lengths = None if lengths is None else torch.tensor(lengths)
    expected = run(cell, x, state, lengths, "loop")
    with mode():
        found = run(cell, x, state, lengths, engine)
    assert not any(part.requires_grad for part in (found[0], *found[1]))
    assert_same(found, expected)


@every_pair
def test_reads_tensors_wherever_they_lie(engine, name, gradients, assert_same):
    cell, x, state = example(name, widest(engine))
    for parameter in cell.parameters():
        parameter.data = parameter.data.mT.contiguous().mT if parameter.ndim > 1 else parameter.data
    x = x.detach().mT.contiguous().mT.requires_grad_()
    state = map_state(lambda part: part.detach()[:1].expand(4, -1).requires_grad_(), state)
    assert not x.is_contiguous()
    assert_same(*by_both(engine, cell, x, state, torch.tensor([2, 5, 0, 3], dtype=torch.int32), gradients))
    spread = [torch.autograd.grad(run(cell, x, state, None, by)[0].sum(), x) for by in (engine, "loop")]
    assert_same(*spread)


@every_pair
def test_inputs_stay_as_they_are(engine, name, gradients):
    cell, x, state = example(name, widest(engine))
    tensors = [x, *state, *cell.parameters()]
    before = [part.detach().clone() for part in tensors]
    y, last = run(cell, x, state, torch.tensor([2, 5, 0, 3]), engine)
    kept = [part.detach().clone() for part in (y, *last)]
    for _ in range(2):
        again = gradients((y, last), tensors)
    torch.testing.assert_close(again, gradients((y, last), tensors), rtol=0, atol=0)
    torch.testing.assert_close([part.detach() for part in tensors], before, rtol=0, atol=0)
    torch.testing.assert_close([part.detach() for part in (y, *last)], kept, rtol=0, atol=0)


@every_pair
@pytest.mark.parametrize("lengths", [None, [2, 0, 1]], ids=str)
def test_second_derivatives(engine, name, lengths, assert_same):
    cell, x, state = example(name, widest(engine), 3, 2, (1, 3))
    tensors, lengths = [x, *state, *cell.parameters()], None if lengths is None else torch.tensor(lengths)
    names = [parameter for parameter, _ in cell.named_parameters()]

    def function(x, *rest, by=engine):
        parameters = dict(zip(names, rest[len(state) :], strict=True))
        runs = _Run(cell, by)
        y, last = torch.func.functional_call(
            runs, {f"cell.{k}": v for k, v in parameters.items()}, (x, type(state)(*rest[: len(state)]), lengths)
        )
        return y, *last

    if engine != "native" and "relu" not in name:
        assert gradgradcheck(function, tensors, fast_mode=True)
    seconds = []
    for by in (engine, "loop"):
        outputs = function(*tensors, by=by)
        first = torch.autograd.grad(sum(out.square().sum() for out in outputs), tensors, create_graph=True)
        loss = sum(part.square().sum() for part in first)
        seconds.append(torch.autograd.grad(loss, tensors, allow_unused=True, materialize_grads=True))
    assert_same(*seconds)


class _Run(nn.Module):
    """A cell by an engine, for `functional_call`."""

    def __init__(self, cell, engine):
        super().__init__()
        self.cell, self.engine = cell, engine

    def forward(self, x, state, lengths):
        return run(self.cell, x, state, lengths, self.engine)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("shape", [(0, 5, 2), (4, 0, 2), (0, 0, 2)], ids=str)
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("engine", ENGINES)
def test_empty_inputs(engine, name, shape, ragged, gradients, assert_same):
    dtype = torch.float32 if engine == "native" else torch.float64
    cell, _, state = example(name, dtype, shape[0])
    x, lengths = torch.randn(shape, dtype=dtype, requires_grad=True), torch.zeros(shape[0], dtype=torch.int64)
    if engine not in ("auto", "loop") and FAST[engine].obstacle(cell, x):
        with pytest.raises(ValueError, match=f'^engine="{engine}" cannot run here: '):
            run(cell, x, state, None, engine)
    else:
        assert_same(*by_both(engine, cell, x, state, lengths if ragged else None, gradients))


@every_pair
@pytest.mark.usefixtures("_unannotated")
def test_copies_compute_the_same(engine, name, assert_same):
    cell, x, _ = example(name, widest(engine))
    layer = Recurrent(cell, engine)
    other = copy.deepcopy(layer)
    assert_same(other(x), layer(x))
    with torch.no_grad():
        other.cell.weight_ih.zero_()
    assert not torch.allclose(other(x)[0], layer(x)[0])
