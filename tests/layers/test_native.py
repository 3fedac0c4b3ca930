"""The C++ operators compute what a transcription of the equations computes, step by step and under autograd."""

import re

import pytest
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

SHAPES = {  # rows of each step, batch, hidden
    "one row": ([1] * 7, 1, 64),
    "one step": ([5], 5, 16),
    "not of whole registers": ([9] * 6, 9, 37),
    "one unit": ([3] * 4, 3, 1),
    "several panels": ([16] * 5, 16, 130),
    "ragged": ([7, 7, 6, 3, 1, 1], 7, 20),
    "rows of length zero": ([5, 4, 4, 2], 8, 48),
    "steps without rows": ([2, 1, 0, 0], 3, 17),
    "no step": ([], 2, 5),
    "few rows, a large weight": ([3, 3, 2], 3, 400),
    "many rows": ([70, 50, 20], 70, 24),
}
CELLS = {"tanh": 1, "relu": 1, "lstm": 4, "gru": 3, "gru without bias": 3}


@pytest.fixture
def ops(_native_cache):
    return torch.ops.seqmodels_native


@pytest.fixture(params=[1, 2], ids=["one thread", "two threads"])
def _threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield
    torch.set_num_threads(before)


def step(kind: str, drive: Tensor, state: tuple[Tensor, ...], weight: Tensor, bias: Tensor | None):
    """The new state, h first, and the gates."""
    h, product = state[0], state[0] @ weight.T
    if kind in ("tanh", "relu"):
        h = getattr(torch, kind)(drive + product)
        return (h,), h
    if kind == "lstm":
        i, f, g, o = (drive + product).chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * state[1] + i * g
        return (o * c.tanh(), c), torch.cat([i, f, g, o], dim=1)
    (x_r, x_z, x_n), (h_r, h_z, a) = drive.chunk(3, dim=1), product.chunk(3, dim=1)
    a = a if bias is None else a + bias
    r, z = (x_r + h_r).sigmoid(), (x_z + h_z).sigmoid()
    n = (x_n + r * a).tanh()
    return ((1 - z) * n + z * h,), torch.cat([r, z, n, a], dim=1)


def transcribed(kind, drive, state, weight, bias, rows):
    """States of all rows, gates of all rows, last states."""
    states, gates, last, start = [], [], [part[:0] for part in state], 0
    for now in [*rows, 0]:
        last = [torch.cat([part[now:], later]) for part, later in zip(state, last, strict=True)]
        state, gate = step(kind, drive[start : start + now], tuple(part[:now] for part in state), weight, bias)
        states.append(state)
        gates.append(gate)
        start += now
    return [torch.cat(parts) for parts in zip(*states, strict=True)], torch.cat(gates), last


def problem(kind, rows, batch, hidden):
    gates = CELLS[kind]
    drive = torch.randn(sum(rows), gates * hidden)
    state = [torch.randn(batch, hidden) for _ in range(2 if kind == "lstm" else 1)]
    weight = torch.randn(gates * hidden, hidden) / hidden**0.5
    return drive, state, weight, torch.randn(hidden) if kind == "gru" else None


def forward(ops, kind, drive, state, weight, bias, rows):
    """States of all rows, gates of all rows, last states."""
    if kind == "lstm":
        hs, cs, gates, h_n, c_n = ops.lstm_forward(drive, *state, weight, rows)
        return [hs, cs], gates, [h_n, c_n]
    if kind.startswith("gru"):
        hs, gates, h_n = ops.gru_forward(drive, *state, weight, bias, rows)
        return [hs], gates, [h_n]
    hs, h_n = ops.rnn_forward(drive, *state, weight, rows, kind == "relu")
    return [hs], hs, [h_n]


def backward(ops, kind, grads, states, gates, state, weight, rows):
    """Gradients before the nonlinearities, as they enter drive and as they enter the product, and of the state."""
    grad_hs, grad_last = grads
    if kind == "lstm":
        d, *d_state = ops.lstm_backward(grad_hs, *grad_last, states[1], gates, state[1], weight, rows)
        return d, d, d_state
    if kind.startswith("gru"):
        d, d_n, *d_state = ops.gru_backward(grad_hs, *grad_last, states[0], gates, state[0], weight, rows)
        return torch.cat([d[:, : 2 * weight.shape[1]], d_n], dim=1), d, d_state
    d, *d_state = ops.rnn_backward(grad_hs, *grad_last, states[0], weight, rows, kind == "relu")
    return d, d, d_state


def close(actual, expected):
    torch.testing.assert_close(actual, [part.float() for part in expected], rtol=1e-5, atol=1e-5, equal_nan=True)


def predecessors(h0, hs, rows):
    """For each row, the state before it."""
    blocks = [h0, *hs.split(rows)]
    return torch.cat([hs[:0], *(block[:now] for block, now in zip(blocks, rows, strict=False))])


def in_double(*tensors):
    return [None if tensor is None else tensor.double() for tensor in tensors]


every_cell = pytest.mark.parametrize("kind", CELLS)
every_shape = pytest.mark.parametrize(("rows", "batch", "hidden"), SHAPES.values(), ids=SHAPES)


@every_cell
@every_shape
@pytest.mark.usefixtures("_threads")
def test_states_gates_and_gradients(ops, kind, rows, batch, hidden):
    drive, state, weight, bias = problem(kind, rows, batch, hidden)
    states, gates, last = forward(ops, kind, drive, state, weight, bias, rows)
    wide, *wide_state, wide_weight, wide_bias = in_double(drive, *state, weight, bias)
    inputs = [wide.requires_grad_(), wide_weight.requires_grad_(), *(part.requires_grad_() for part in wide_state)]
    expected = transcribed(kind, wide, tuple(wide_state), wide_weight, wide_bias, rows)
    close([*states, gates, *last], [*expected[0], expected[1], *expected[2]])

    grad_hs, grad_last = torch.randn_like(states[0]), [torch.randn_like(part) for part in last]
    d_drive, d_product, d_state = backward(ops, kind, (grad_hs, grad_last), states, gates, state, weight, rows)
    before = predecessors(state[0], states[0], rows)
    outputs = zip([expected[0][0], *expected[2]], [grad_hs, *grad_last], strict=True)
    loss = sum((part * grad).sum() for part, grad in outputs)
    close(
        [d_drive, ops.weight_gradient(d_product, before), *d_state],
        torch.autograd.grad(loss, inputs, materialize_grads=True),
    )


@every_cell
def test_rows_are_read_where_torch_has_put_them(ops, kind):
    rows, batch, hidden = [4, 3, 3], 5, 20
    drive, state, weight, bias = problem(kind, rows, batch, hidden)
    strided = [t.T.contiguous().T for t in (drive, *state, weight)]
    assert not any(t.is_contiguous() for t in strided)
    expected = forward(ops, kind, drive, state, weight, bias, rows)
    torch.testing.assert_close(forward(ops, kind, strided[0], strided[1:-1], strided[-1], bias, rows), expected)
    states, gates, last = expected
    arguments = [[torch.randn_like(states[0]), [torch.randn_like(p) for p in last]], states, gates, state, weight]
    turned = pytree.tree_map(lambda t: t.T.contiguous().T, arguments)
    torch.testing.assert_close(backward(ops, kind, *turned, rows), backward(ops, kind, *arguments, rows))


@every_cell
def test_inputs_stay_as_they_are(ops, kind):
    rows = [4, 3]
    drive, state, weight, bias = problem(kind, rows, 5, 20)
    states, gates, last = forward(ops, kind, drive, state, weight, bias, rows)
    arguments = [[torch.randn_like(states[0]), [torch.randn_like(p) for p in last]], states, gates, state, weight]
    before = pytree.tree_map(torch.clone, [drive, *arguments])
    forward(ops, kind, drive, state, weight, bias, rows)
    backward(ops, kind, *arguments, rows)
    torch.testing.assert_close([drive, *arguments], before, rtol=0, atol=0)


@pytest.mark.parametrize("kind", ["tanh", "lstm", "gru"])
def test_saturated_gates(ops, kind):
    rows = [6] * 5
    drive, state, weight, bias = problem(kind, rows, 6, 33)
    drive = 1e3 * drive
    drive[0, 0], drive[0, 1] = float("inf"), -float("inf")
    states, gates, last = forward(ops, kind, drive, state, weight, bias, rows)
    wide, *wide_state, wide_weight, wide_bias = in_double(drive, *state, weight, bias)
    expected = transcribed(kind, wide, tuple(wide_state), wide_weight, wide_bias, rows)
    close([*states, gates, *last], [*expected[0], expected[1], *expected[2]])
    grads = torch.ones_like(states[0]), [torch.ones_like(part) for part in last]
    for part in backward(ops, kind, grads, states, gates, state, weight, rows)[:2]:
        assert part.isfinite().all()


def test_small_numbers_keep_their_digits(ops):
    x = torch.logspace(-30, 2, 1000).repeat(2) * torch.tensor([1.0, -1.0]).repeat_interleave(1000)
    rows, nothing = [1] * len(x), torch.zeros(1, 1)
    hs, _ = ops.rnn_forward(x.unsqueeze(1), nothing, nothing, rows, False)
    torch.testing.assert_close(hs.squeeze(1).double(), x.double().tanh(), rtol=3e-7, atol=0)
    gates = ops.lstm_forward(x.unsqueeze(1).expand(-1, 4), nothing, nothing, torch.zeros(4, 1), rows)[2]
    torch.testing.assert_close(gates[:, 0].double(), x.double().sigmoid(), rtol=3e-7, atol=1e-37)


@every_cell
def test_nan_stays_in_its_row_and_goes_on(ops, kind):
    rows = [3, 3, 2]
    drive, state, weight, bias = problem(kind, rows, 3, 20)
    drive[4, 7] = float("nan")
    (hs, *_), _, (last, *_) = forward(ops, kind, drive, state, weight, bias, rows)
    assert hs[4, 7].isnan()
    assert hs[7].isnan().all()
    assert last[1].isnan().all()
    assert hs[[0, 1, 2, 3, 5, 6]].isfinite().all()
    assert last[[0, 2]].isfinite().all()


@pytest.mark.parametrize(("n", "m", "k"), [(0, 3, 4), (1, 1, 1), (7, 50, 30), (513, 17, 65), (1500, 200, 100)])
@pytest.mark.usefixtures("_threads")
def test_weight_gradient(ops, n, m, k):
    d, x = torch.randn(n, 2 * m)[:, m:] / max(n, 1) ** 0.5, torch.randn(n, k)
    close([ops.weight_gradient(d, x)], [d.T.double() @ x.double()])
    close([ops.weight_gradient(d.T.contiguous().T, x)], [d.T.double() @ x.double()])


ROWS = "rows must not grow, from at most 3 down to at least 0, got "


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"drive": torch.zeros(5, 16, dtype=torch.float64)}, "drive must be float32 on the CPU, got Double on cpu"),
        ({"drive": torch.zeros(5, 12)}, "drive must have shape [5, 16], got [5, 12]"),
        ({"h0": torch.zeros(3, 5)}, "h0 must have shape [3, 4], got [3, 5]"),
        ({"c0": torch.zeros(2, 4)}, "c0 must have shape [3, 4], got [2, 4]"),
        ({"weight_hh": torch.zeros(4, 4)}, "weight_hh must have shape [16, 4], got [4, 4]"),
        ({"weight_hh": torch.zeros(4)}, "weight_hh must have two dimensions, got 1"),
        ({"h0": torch.zeros(4)}, "a state must have two dimensions, got 1"),
        ({"rows": [2, 3]}, ROWS + "[2, 3]"),
        ({"rows": [4, 1]}, ROWS + "[4, 1]"),
        ({"rows": [3, -1]}, ROWS + "[3, -1]"),
        ({"rows": [3, 1]}, "drive must have shape [4, 16], got [5, 16]"),
    ],
)
def test_refuses_what_does_not_fit(ops, change, message):
    fitting = {"drive": torch.zeros(5, 16), "h0": torch.zeros(3, 4), "c0": torch.zeros(3, 4)}
    fitting |= {"weight_hh": torch.zeros(16, 4), "rows": [3, 2]}
    ops.lstm_forward(**fitting)
    with pytest.raises(RuntimeError, match=f"^{re.escape(message)}(\n|$)"):
        ops.lstm_forward(**fitting | change)


@every_cell
def test_the_fakes_have_the_shapes_of_the_results(ops, kind):
    rows = [4, 3]
    drive, state, weight, bias = problem(kind, rows, 5, 20)
    states, gates, last = results = forward(ops, kind, drive, state, weight, bias, rows)
    arguments = [[torch.randn_like(states[0]), last], states, gates, state, weight]
    gradients = backward(ops, kind, *arguments, rows)
    with torch._subclasses.FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = pytree.tree_map(mode.from_tensor, [drive, state, weight])
        fake_results = forward(ops, kind, *fake, None if bias is None else mode.from_tensor(bias), rows)
        fake_gradients = backward(ops, kind, *pytree.tree_map(mode.from_tensor, arguments), rows)
        fake_weight = ops.weight_gradient(fake_gradients[1], mode.from_tensor(states[0]))
    layout = [(t.shape, t.stride(), t.dtype) for t in pytree.tree_leaves([results, gradients])]
    faked = [(t.shape, t.stride(), t.dtype) for t in pytree.tree_leaves([fake_results, fake_gradients])]
    assert faked == layout
    assert fake_weight.shape == weight.shape
