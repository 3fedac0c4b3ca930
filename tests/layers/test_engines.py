"""Every engine computes what the loop computes; and which one is taken."""

import re

import pytest
import torch

from seqmodels.cells import ChoGRUCell, GRUCell, LSTMCell, RNNCell
from seqmodels.layers.engines import ENGINES, Choice, choose, run
from seqmodels.layers.engines import vendor as vendor_engine
from seqmodels.types import map_state

pytestmark = pytest.mark.usefixtures("_double")

KERNELS = {
    "tanh": (RNNCell, {}),
    "relu": (RNNCell, {"nonlinearity": "relu"}),
    "rnn without bias": (RNNCell, {"bias": False}),
    "lstm": (LSTMCell, {}),
    "lstm without bias": (LSTMCell, {"bias": False}),
    "projection": (LSTMCell, {"proj_size": 2}),
    "projection without bias": (LSTMCell, {"proj_size": 2, "bias": False}),
    "gru": (GRUCell, {}),
    "gru without bias": (GRUCell, {"bias": False}),
}
LENGTHS = [None, [5, 5, 5, 5], [2, 5, 0, 3], [0, 0, 0, 1], [0, 0, 0, 0], [3, 3, 1, 1]]


@pytest.mark.parametrize(("kind", "options"), KERNELS.values(), ids=KERNELS)
@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
def test_vendor_is_the_loop(kind, options, lengths, dtype, device, gradients):
    cell = kind(2, 3, **options, device=device, dtype=dtype)
    x = torch.randn(4, 5, 2, device=device, dtype=dtype, requires_grad=True)
    state = map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))
    lengths = None if lengths is None else torch.tensor(lengths)
    results, derivatives = [], []
    for engine in ("vendor", "loop"):
        results.append(run(cell, x, state, lengths, engine))
        derivatives.append(gradients(results[-1], [x, *state, *cell.parameters()]))
    torch.testing.assert_close(*results)
    torch.testing.assert_close(*derivatives)


@pytest.mark.parametrize(("kind", "options"), KERNELS.values(), ids=KERNELS)
def test_vendor_starts_from_the_cells_initial_state(kind, options):
    cell, x = kind(2, 3, **options), torch.randn(4, 5, 2)
    torch.testing.assert_close(run(cell, x, None, None, "vendor"), run(cell, x, None, None, "loop"))


@pytest.mark.parametrize("engine", ENGINES)
def test_two_chunks_are_the_whole(build_cell, engine):
    cell, x = build_cell(2, 3), torch.randn(4, 7, 2)
    if engine == "vendor" and vendor_engine.obstacle(cell, x):
        engine = "auto"
    whole = run(cell, x, None, None, engine)
    first, between = run(cell, x[:, :3], None, None, engine)
    second, last = run(cell, x[:, 3:], between, None, engine)
    torch.testing.assert_close((torch.cat([first, second], dim=1), last), whole)


def test_reads_the_parameters_of_this_moment():
    cell, x = LSTMCell(2, 3), torch.randn(4, 5, 2)
    before, _ = run(cell, x, None, None, "vendor")
    with torch.no_grad():
        cell.weight_ih.mul_(2)
    after = run(cell, x, None, None, "vendor")
    assert not torch.allclose(before, after[0])
    torch.testing.assert_close(after, run(cell, x, None, None, "loop"))


@pytest.mark.parametrize(
    ("cell", "engine", "expected"),
    [
        (LSTMCell(2, 3), "auto", Choice("vendor", "torch has a kernel for exactly these equations")),
        (LSTMCell(2, 3), "vendor", Choice("vendor", "asked for")),
        (LSTMCell(2, 3), "loop", Choice("loop", "asked for")),
        (ChoGRUCell(2, 3), "auto", Choice("loop", "torch has no kernel for ChoGRUCell")),
        (
            RNNCell(2, 3, nonlinearity=torch.sin),
            "auto",
            Choice("loop", "torch has a kernel for tanh and relu only"),
        ),
    ],
)
def test_says_which_engine_and_why(cell, engine, expected):
    assert choose(cell, torch.randn(4, 5, 2), engine) == expected


@pytest.mark.parametrize("shape", [(0, 5, 2), (4, 0, 2)])
def test_empty_inputs_are_for_the_loop(shape):
    choice = choose(LSTMCell(2, 3), torch.randn(shape))
    assert choice == Choice("loop", "torch's kernels take no empty input")
    y, _ = run(LSTMCell(2, 3), torch.randn(shape), None, torch.zeros(shape[0], dtype=torch.int64))
    assert y.shape == (*shape[:2], 3)


def test_a_subclass_is_not_taken_for_its_parent():
    class Doubled(LSTMCell):
        def step(self, drive_t, state):
            return super().step(2 * drive_t, state)

    cell, x = Doubled(2, 3), torch.randn(4, 5, 2)
    assert choose(cell, x).engine == "loop"
    plain = LSTMCell(2, 3)
    plain.load_state_dict(cell.state_dict())
    assert not torch.allclose(run(cell, x, None, None)[0], run(plain, x, None, None)[0])


def test_transforms_are_for_the_loop():
    cell, x = LSTMCell(2, 3), torch.randn(6, 4, 5, 2)
    chosen = []

    def outputs(x):
        chosen.append(choose(cell, x))
        return run(cell, x, None, None)[0]

    torch.testing.assert_close(torch.func.vmap(outputs)(x), torch.stack([outputs(part) for part in x]))
    assert chosen[0] == Choice("loop", "torch's kernels do not run under torch.func transforms")
    assert {choice.engine for choice in chosen[1:]} == {"vendor"}


def test_second_derivatives_by_every_engine():
    cell, x = LSTMCell(2, 3), torch.randn(4, 5, 2, requires_grad=True)
    seconds = []
    for engine in ("auto", "loop"):
        (first,) = torch.autograd.grad(run(cell, x, None, None, engine)[0].sum(), x, create_graph=True)
        seconds.append(torch.autograd.grad(first.square().sum(), x))
    torch.testing.assert_close(*seconds)


@pytest.mark.usefixtures("_unannotated")
def test_refuses_an_unknown_engine():
    with pytest.raises(ValueError, match=r"^engine must be one of auto, loop, vendor, got 'cudnn'$"):
        choose(LSTMCell(2, 3), torch.randn(4, 5, 2), "cudnn")


def test_refuses_what_the_vendor_cannot_run():
    message = 'engine="vendor" cannot run here: torch has no kernel for ChoGRUCell'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        run(ChoGRUCell(2, 3), torch.randn(4, 5, 2), None, None, "vendor")


@pytest.mark.parametrize("engine", ["loop", "vendor"])
@pytest.mark.parametrize("lengths", [[6, 1, 1, 1], [3, -1, 1, 1]])
def test_lengths_out_of_range_are_refused(lengths, engine):
    message = f"lengths must lie between 0 and 5, got {min(lengths)} to {max(lengths)}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        run(LSTMCell(2, 3), torch.randn(4, 5, 2), None, torch.tensor(lengths), engine)


@pytest.mark.parametrize("engine", ["loop", "vendor"])
@pytest.mark.usefixtures("_unannotated")
def test_names_the_shape_it_expects(engine):
    with pytest.raises(ValueError, match=r"^expected an input of shape \(batch, time, 2\), got \(4, 5, 3\)$"):
        run(LSTMCell(2, 3), torch.randn(4, 5, 3), None, None, engine)
    with pytest.raises(ValueError, match=r"^expected one integer length for each of 4 rows"):
        run(LSTMCell(2, 3), torch.randn(4, 5, 2), None, torch.tensor([1, 2]), engine)
