"""What is derived from a step computes what the loop computes, or says why it cannot."""

from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.autograd import gradgradcheck

from seqmodels.benchmark.user_cells import LayerNormLSTMCell, PeepholeLSTMCell
from seqmodels.cells import ChoGRUCell, LSTMCell, LSTMState, RNNCell
from seqmodels.layers.engines import derived
from seqmodels.layers.engines.derived import cache, operations, places, sequence
from seqmodels.layers.scan import scan
from tests.conftest import CELLS
from tests.layers.derivations import example, outcomes

pytestmark = pytest.mark.usefixtures("_double")

SMOOTH = {"sin": torch.sin, "gelu": nn.functional.gelu, "square": torch.square}
BUILDERS = {
    **CELLS,
    **{f"RNNCell-{name}": partial(RNNCell, nonlinearity=f) for name, f in SMOOTH.items()},
    "RNNCell-prelu": lambda *sizes: RNNCell(*sizes, nonlinearity=nn.PReLU()),
    "PeepholeLSTMCell": PeepholeLSTMCell,
    "LayerNormLSTMCell": LayerNormLSTMCell,
}
LENGTHS = [None, [5, 5, 5, 5], [2, 5, 0, 3], [0, 0, 0, 1], [0, 0, 0, 0], [3, 3, 1, 1]]


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_is_the_loop(build, lengths, device, gradients):
    cell, x, state = example(build, device=device)
    assert derived.obstacle(cell, x) is None
    for pair in outcomes(cell, x, state, lengths, gradients):
        torch.testing.assert_close(*pair, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_is_the_loop_in_single_precision(build, device, gradients):
    cell, x, state = example(build, device=device, dtype=torch.float32)
    for pair in outcomes(cell, x, state, [2, 5, 0, 3], gradients):
        torch.testing.assert_close(*pair, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
@pytest.mark.parametrize("lengths", [None, [7, 9, 1, 8]], ids=str)
def test_many_chunks_are_one(build, lengths, gradients, monkeypatch):
    monkeypatch.setattr(sequence, "CHUNK", 20)
    cell, x, state = example(build, time=9)
    for pair in outcomes(cell, x, state, lengths, gradients):
        torch.testing.assert_close(*pair, rtol=1e-10, atol=1e-10)


@given(data=st.data(), time=st.integers(1, 6), batch=st.integers(1, 4), size=st.integers(1, 4))
def test_is_the_loop_for_any_size(data, time, batch, size, gradients):
    build = data.draw(st.sampled_from([PeepholeLSTMCell, LayerNormLSTMCell, ChoGRUCell, LSTMCell]))
    lengths = data.draw(st.none() | st.lists(st.integers(0, time), min_size=batch, max_size=batch))
    cell, x = build(2, size), torch.randn(batch, time, 2, requires_grad=True)
    for pair in outcomes(cell, x, None, lengths, gradients):
        torch.testing.assert_close(*pair, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_parameters_stay_what_they_are(build):
    cell, x, state = example(build)
    cache._programs.clear()
    before = {name: (p, p.detach().clone()) for name, p in cell.named_parameters()}
    derived.run(cell, x, state, None)[0].sum().backward()
    for name, parameter in cell.named_parameters():
        assert parameter is before[name][0]
        assert torch.equal(parameter, before[name][1])


@pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
def test_where_results_lie_changes_nothing(build, gradients, monkeypatch):
    cell, x, state = example(build)
    found = []
    for without in (False, True):
        cache._programs.clear()
        if without:
            monkeypatch.setattr(places, "overwritable", lambda _: [])
        result = derived.run(cell, x, state, torch.tensor([2, 5, 0, 3]))
        found.append((result, gradients(result, [x, *state, *cell.parameters()])))
    cache._programs.clear()
    torch.testing.assert_close(*found, rtol=1e-12, atol=1e-12)


def test_a_step_works_in_the_memory_of_its_drive():
    cell, x = PeepholeLSTMCell(2, 3), torch.randn(4, 5, 2, requires_grad=True)
    program = cache.program_of(cell, x, cell.initial_state(x))
    assert [place.buffer.kind for place in program.step.places].count("store") == 3
    assert {place.buffer.kind for place in program.reverse.places} == {"given"}


def test_a_gradient_used_often_is_added_up_once():
    cell, x = PeepholeLSTMCell(2, 3), torch.randn(4, 5, 2, requires_grad=True)
    program = cache.program_of(cell, x, cell.initial_state(x))
    assert len(program.forms.sums) == 1
    ((blocks,),) = [[blocks.parts for blocks in program.forms.blocks.values()]]
    assert [part.shape for part in blocks] == [(3, 3), (1, 3)]


@pytest.mark.parametrize("count", [1, 3, 100])
def test_tanh_of_single_precision(count):
    a = torch.linspace(-20, 20, 128 * count, dtype=torch.float32).view(-1, 128)
    for block in (a, a[:, ::2]):
        torch.testing.assert_close(operations.tanh(block), block.tanh(), rtol=0, atol=3e-7)
        torch.testing.assert_close(operations.tanh(block, out=torch.empty_like(block)), block.tanh(), rtol=0, atol=3e-7)


def test_hooks_autocast_and_empty_inputs_are_for_the_loop():
    cell, x = LayerNormLSTMCell(2, 3), torch.randn(4, 5, 2)
    assert "empty" in derived.obstacle(cell, x[:0])
    with torch.autocast("cpu"):
        assert "autocast" in derived.obstacle(cell, x)
    cell.norm_h.register_forward_hook(lambda *_: None)
    assert derived.obstacle(cell, x) == "a module in it has hooks"


def test_a_subclass_is_not_taken_for_its_parent(gradients):
    class Doubled(PeepholeLSTMCell):
        def step(self, drive_t, state):
            return super().step(2 * drive_t, state)

    x = torch.randn(4, 5, 2, requires_grad=True)
    plain = PeepholeLSTMCell(2, 3)
    derived.run(plain, x, None, None)
    cell = Doubled(2, 3)
    for pair in outcomes(cell, x, None, None, gradients):
        torch.testing.assert_close(*pair)


def test_settings_are_told_apart(gradients):
    x = torch.randn(4, 5, 2, requires_grad=True)
    for nonlinearity in ("tanh", "relu", torch.sin):
        for pair in outcomes(RNNCell(2, 3, nonlinearity=nonlinearity), x, None, None, gradients):
            torch.testing.assert_close(*pair)


def test_reads_the_parameters_of_this_moment(gradients):
    cell, x = LayerNormLSTMCell(2, 3), torch.randn(4, 5, 2, requires_grad=True)
    derived.run(cell, x, None, None)
    cell.weight_hh = nn.Parameter(torch.randn(12, 3))
    cell.norm_c = nn.LayerNorm(3, eps=0.5)
    for pair in outcomes(cell, x, None, None, gradients):
        torch.testing.assert_close(*pair)


@pytest.mark.parametrize("build", [PeepholeLSTMCell, LayerNormLSTMCell, ChoGRUCell])
def test_computes_no_gradient_that_nobody_wants(build, gradients):
    cell, x, _ = example(build)
    cell.weight_hh.requires_grad_(False)
    for pair in outcomes(cell, x.detach(), None, [2, 5, 0, 3], gradients):
        torch.testing.assert_close(*pair)
    derived.run(cell, x.detach(), None, None)[0].sum().backward()
    assert cell.weight_hh.grad is None


def test_without_any_gradient(gradients):
    cell, x, state = example(PeepholeLSTMCell)
    with torch.no_grad():
        torch.testing.assert_close(derived.run(cell, x, state, None), scan(cell, x, state))
    with torch.inference_mode():
        torch.testing.assert_close(derived.run(cell, x, None, None), scan(cell, x))


def test_padding_is_never_read(gradients):
    cell, x, state = example(PeepholeLSTMCell)
    lengths, clean = [2, 5, 0, 3], x.detach().clone()
    spoilt = clean.clone()
    for row, length in enumerate(lengths):
        spoilt[row, length:] = torch.nan
    pairs = []
    for values in (clean, spoilt):
        values.requires_grad_()
        result = derived.run(cell, values, state, torch.tensor(lengths))
        pairs.append((result, gradients(result, [values, *state, *cell.parameters()])))
    torch.testing.assert_close(*pairs)


@pytest.mark.parametrize("lengths", [None, [2, 0, 3]], ids=str)
def test_second_derivatives(lengths):
    cell = PeepholeLSTMCell(1, 2)
    names = [name for name, _ in cell.named_parameters()]
    lengths = None if lengths is None else torch.tensor(lengths)

    def function(x, h, c, *parameters):
        bound = cell.bind(**dict(zip(names, parameters, strict=True)))
        y, state = derived.run(bound, x, LSTMState(h, c), lengths)
        return y, *state

    tensors = [torch.randn(3, 3, 1), torch.randn(3, 2), torch.randn(3, 2), *(p.detach() for p in cell.parameters())]
    assert gradgradcheck(function, [t.requires_grad_() for t in tensors])
