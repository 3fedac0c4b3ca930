"""The parallel engine computes what the loop computes, whatever the coefficients are."""

import shutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck, gradgradcheck

from seqmodels.cells import GRUCell
from seqmodels.cells.linear import LinearCell
from seqmodels.cells.min_gru import MinGRUCell
from seqmodels.layers.engines import parallel
from seqmodels.layers.scan import scan
from seqmodels.types import map_state

pytestmark = pytest.mark.usefixtures("_double")


class Signed(LinearCell):
    """Coefficients of any sign, a up to `largest` in size."""

    def __init__(self, input_size, hidden_size, largest=1.0):
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.largest = largest
        self.allocate({"weight_ih": (2 * hidden_size, input_size)}, None, None)

    def project(self, x):
        return x @ self.weight_ih.T

    def coefficients(self, drive):
        a, b = drive.chunk(2, dim=-1)
        return self.largest * (5 * a).sin(), b


class Decay(LinearCell):
    """One a for all steps, learned."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.allocate({"weight_ih": (hidden_size, input_size), "decay": (hidden_size,)}, None, None)

    def project(self, x):
        return x @ self.weight_ih.T

    def coefficients(self, drive):
        return self.decay, drive


def assert_is_the_loop(cell, x, lengths, gradients, rtol=1e-10):
    state = map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))
    lengths = None if lengths is None else torch.tensor(lengths, dtype=torch.int64)
    results, derivatives = [], []
    for engine in (parallel.run, lambda cell, x, state, lengths: scan(cell, x, state, lengths=lengths)):
        results.append(engine(cell, x, state, lengths))
        derivatives.append(gradients(results[-1], [x, *state, *cell.parameters()]))
    torch.testing.assert_close(*results, rtol=rtol, atol=rtol)
    torch.testing.assert_close(*derivatives, rtol=rtol, atol=rtol)


def coefficients(time, batch=2, hidden=3, **options):
    a = 2 * torch.rand(batch, time, hidden, **options) - 1
    return a, torch.randn(batch, time, hidden, **options), torch.randn(batch, hidden, **options)


def step_by_step(a, b, h):
    outputs = []
    for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
        h = a_t * h + b_t
        outputs.append(h)
    return torch.stack(outputs, dim=1)


CELLS = {"minGRU": MinGRUCell, "signed": Signed, "growing": lambda i, h: Signed(i, h, 1.1), "decay": Decay}


@pytest.mark.parametrize("build", CELLS.values(), ids=CELLS)
@pytest.mark.parametrize("lengths", [None, [70, 70, 70, 70], [2, 70, 0, 33], [0, 0, 0, 0]], ids=str)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-10), (torch.float32, 1e-5)], ids=str)
def test_is_the_loop(build, lengths, dtype, rtol, device, gradients):
    cell = build(2, 3).to(device, dtype)
    x = torch.randn(4, 70, 2, device=device, dtype=dtype, requires_grad=True)
    assert_is_the_loop(cell, x, lengths, gradients, rtol)


@given(data=st.data(), batch=st.integers(0, 4), time=st.integers(0, 150), hidden=st.integers(1, 5))
def test_is_the_loop_in_every_shape(data, batch, time, hidden, gradients):
    lengths = data.draw(st.none() | st.lists(st.integers(0, time), min_size=batch, max_size=batch))
    largest = data.draw(st.sampled_from([0.0, 1e-12, 1.0, 1.5]))
    x = torch.randn(batch, time, 2, requires_grad=True)
    assert_is_the_loop(Signed(2, hidden, largest), x, lengths, gradients)


@pytest.mark.parametrize("lengths", [None, [20, 7, 0]], ids=str)
@pytest.mark.parametrize("piece", [1, 50, 60, 10**6])
def test_pieces_of_time_are_the_whole(lengths, piece, monkeypatch, gradients):
    monkeypatch.setattr(parallel, "PIECE", piece)
    assert_is_the_loop(MinGRUCell(2, 4), torch.randn(3, 20, 2, requires_grad=True), lengths, gradients)


@pytest.mark.parametrize("time", [64, 65, 100, 333, 3000])
def test_chunks_are_the_steps(time, monkeypatch):
    inputs = [part.requires_grad_() for part in coefficients(time)]
    dh, dh_last = torch.randn(2, time, 3), torch.randn(2, 3)
    results = []
    for short in (parallel.SHORT, time + 1):
        monkeypatch.setattr(parallel, "SHORT", short)
        h = parallel.linear_recurrence(*inputs)
        results.append([*h, *torch.autograd.grad(h, inputs, [dh, dh_last])])
    torch.testing.assert_close(*results, rtol=1e-10, atol=1e-10)
    assert not torch.equal(results[0][0], results[1][0])  # two ways of rounding: the chunks were really taken


@pytest.mark.parametrize(("time", "batch", "most"), [(63, 2, 63), (4096, 2, 512), (100, 2**13, 100)])
def test_long_narrow_sequences_take_few_steps(time, batch, most, monkeypatch):
    taken, plain = [], parallel._step_by_step
    monkeypatch.setattr(parallel, "_step_by_step", lambda a, *rest: (taken.append(len(a)), plain(a, *rest))[1])
    parallel.linear_recurrence(*coefficients(time, batch, 4))
    assert sum(taken) <= most


@pytest.mark.parametrize(
    "a",
    [
        [10.0] * 400,
        [1e30, 1e-30] * 200,
        [1e-30, 1e30] * 200,
        [1e-30] * 400,
        [0.0, 3.0] * 200,
        [0.5] * 200 + [0.0] + [0.5] * 199,
        [1.0, -1.0] * 200,
    ],
    ids=["growing", "up and down", "down and up", "tiny", "zero and large", "one zero", "ones"],
)
@pytest.mark.parametrize("b", [0.0, 1.0])
def test_no_product_of_coefficients_does_harm(a, b):
    a = torch.tensor(a, dtype=torch.float32).view(1, -1, 1).requires_grad_()
    b = torch.full_like(a, b).requires_grad_()
    for start in (0.0, 1e-20, 1.0):
        h0 = torch.full((1, 1), start, dtype=torch.float32, requires_grad=True)
        results = [parallel.linear_recurrence(a, b, h0)[0], step_by_step(a, b, h0)]
        torch.testing.assert_close(*results, equal_nan=True)
        derivatives = [torch.autograd.grad(h.sum(), (a, b, h0)) for h in results]
        torch.testing.assert_close(*derivatives, equal_nan=True)


def test_not_a_number_goes_its_way():
    a, b, h0 = coefficients(100)
    a[0, 50, 1] = torch.nan
    torch.testing.assert_close(parallel.linear_recurrence(a, b, h0)[0], step_by_step(a, b, h0), equal_nan=True)


@pytest.mark.parametrize(
    ("time", "dtype"),
    [(0, torch.float64), (1, torch.float64), (5, torch.float64), (13, torch.float64), (5, torch.complex128)],
    ids=str,
)
def test_derivatives(time, dtype, monkeypatch):
    monkeypatch.setattr(parallel, "SHORT", 12)
    a, b, h0 = coefficients(time, batch=1, hidden=2, dtype=dtype)
    inputs = [part.requires_grad_() for part in (a / 2, b, h0)]
    assert gradcheck(parallel.linear_recurrence, inputs)
    assert gradgradcheck(parallel.linear_recurrence, inputs, gen_non_contig_grad_outputs=True)


@pytest.mark.parametrize("time", [0, 5, 70])
def test_operators_keep_torchs_rules(time):
    a, b, h0 = (part.requires_grad_() for part in coefficients(time))
    torch.library.opcheck(parallel.linear_recurrence, (a, b, h0))
    strided = [part.detach().mT.contiguous().mT.requires_grad_() for part in (a, b)]
    torch.library.opcheck(parallel.linear_recurrence, (*strided, h0))
    given = [part.detach() for part in (b, h0, a, h0, b)]
    torch.library.opcheck(parallel.linear_recurrence_backward, given)


def test_padding_is_not_read():
    cell, x, lengths = MinGRUCell(2, 3), torch.randn(2, 6, 2), torch.tensor([6, 2])
    dirty = x.clone()
    dirty[1, 2:] = torch.nan
    results = []
    for given_x in (x, dirty):
        given_x.requires_grad_()
        y, state = parallel.run(cell, given_x, None, lengths)
        results.append((y, state.h, *torch.autograd.grad(y.square().sum(), (given_x, *cell.parameters()))))
    torch.testing.assert_close(*results, rtol=0, atol=0)


def test_gives_the_loops_type_under_autocast():
    cell, x = MinGRUCell(2, 3).float(), torch.randn(2, 6, 2, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        (y, state), (expected, last) = parallel.run(cell, x, None, None), scan(cell, x)
    torch.testing.assert_close((y, state), (expected, last), rtol=1e-2, atol=1e-2)


NEEDS_COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="there is no C++ compiler")


class Outputs(torch.nn.Module):
    """Engine and cell as a module."""

    def __init__(self):
        super().__init__()
        self.cell = MinGRUCell(2, 3).float()

    def forward(self, x, lengths=None):
        y, state = parallel.run(self.cell, x, None, lengths)
        return y, state.h


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("backend", ["aot_eager", pytest.param("inductor", marks=NEEDS_COMPILER)])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated:DeprecationWarning")
def test_compiles_as_one_graph(backend, ragged):
    torch.compiler.reset()
    model = Outputs()
    compiled = torch.compile(model, fullgraph=True, dynamic=True, backend=backend)
    for batch, time in ((3, 20), (5, 70)):
        x = torch.randn(batch, time, 2, dtype=torch.float32, requires_grad=True)
        lengths = torch.randint(0, time + 1, (batch,)) if ragged else None
        results = [run(x, lengths) for run in (compiled, model)]
        losses = [y.square().sum() + h.sum() for y, h in results]
        torch.testing.assert_close(*results)
        torch.testing.assert_close(*[torch.autograd.grad(loss, [x, *model.parameters()]) for loss in losses])


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize("ragged", [False, True])
def test_exports_with_any_batch_and_time(ragged):
    model, batch, time = Outputs().eval(), torch.export.Dim("batch"), torch.export.Dim("time")

    def arguments(batch, time):
        x = torch.randn(batch, time, 2, dtype=torch.float32)
        return (x, torch.randint(0, time + 1, (batch,))) if ragged else (x, None)

    shapes = ({0: batch, 1: time}, {0: batch} if ragged else None)
    exported = torch.export.export(model, arguments(3, 20), dynamic_shapes=shapes).module()
    for sizes in ((5, 70), (2, 3)):
        given_arguments = arguments(*sizes)
        torch.testing.assert_close(exported(*given_arguments), model(*given_arguments))


class OwnStep(MinGRUCell):
    def step(self, drive_t, state):
        y, state = super().step(drive_t, state)
        return 2 * y, state


def test_says_what_it_cannot_run():
    x = torch.randn(2, 5, 2)
    assert parallel.obstacle(MinGRUCell(2, 3), x) is None
    assert parallel.obstacle(GRUCell(2, 3), x) == "GRUCell is not a LinearCell"
    assert parallel.obstacle(OwnStep(2, 3), x) == "OwnStep has a step of its own"
