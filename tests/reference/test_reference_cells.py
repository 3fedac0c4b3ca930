"""Outputs and gradients of the NumPy cells: against torch, against finite differences, and across chunks."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.reference import GRU, LSTM, RNN, ChoGRU, LSTMState

CELLS = (RNN, LSTM, GRU, ChoGRU)
TORCH = {RNN: torch.nn.RNN, LSTM: torch.nn.LSTM, GRU: torch.nn.GRU}
BATCH, TIME, INPUT, HIDDEN = 4, 9, 3, 5

Run = Callable[[Tensor, list[Tensor] | None], tuple[Tensor, list[Tensor]]]


def parts(state):
    return list(state) if isinstance(state, LSTMState) else [state]


def whole(kind, arrays):
    return LSTMState(*arrays) if kind is LSTM else arrays[0]


def random_cell(kind, input_size, hidden_size, rng):
    rows = kind.gates * hidden_size
    shapes = {
        "weight_ih": (rows, input_size),
        "weight_hh": (rows, hidden_size),
        "bias_ih": (rows,),
        "bias_hh": (rows,),
    }
    return kind({name: 0.7 * rng.standard_normal(shape) for name, shape in shapes.items()})


def random_state(kind, batch, hidden_size, rng):
    return whole(kind, [rng.standard_normal((batch, hidden_size)) for _ in range(2 if kind is LSTM else 1)])


def torch_oracle(kind) -> tuple[dict[str, Tensor], Run]:
    """One of torch's layers: its parameters, and how to run it."""
    layer = TORCH[kind](INPUT, HIDDEN, batch_first=True, dtype=torch.float64)

    def run(x, state):
        given_state = None if state is None else whole(kind, [part.unsqueeze(0) for part in state])
        outputs, final = layer(x, given_state)
        return outputs, [part.squeeze(0) for part in (final if kind is LSTM else [final])]

    return {name.removesuffix("_l0"): p for name, p in layer.named_parameters()}, run


def cho_oracle() -> tuple[dict[str, Tensor], Run]:
    """The equations of Cho et al., a gate and a step at a time, under autograd."""
    cell = random_cell(ChoGRU, INPUT, HIDDEN, np.random.default_rng(0))
    p = {name: torch.tensor(value, requires_grad=True) for name, value in cell.parameters.items()}

    def run(x, state):
        W_xr, W_xz, W_xn = p["weight_ih"].chunk(3)
        W_hr, W_hz, W_hn = p["weight_hh"].chunk(3)
        b_xr, b_xz, b_xn = p["bias_ih"].chunk(3)
        b_hr, b_hz, b_hn = p["bias_hh"].chunk(3)
        rows = []
        for b in range(len(x)):
            h = torch.zeros(HIDDEN, dtype=torch.float64) if state is None else state[0][b]
            row = []
            for x_t in x[b]:
                r = torch.sigmoid(W_xr @ x_t + b_xr + W_hr @ h + b_hr)
                z = torch.sigmoid(W_xz @ x_t + b_xz + W_hz @ h + b_hz)
                n = torch.tanh(W_xn @ x_t + b_xn + W_hn @ (r * h) + b_hn)
                h = z * h + (1 - z) * n
                row.append(h)
            rows.append(torch.stack(row))
        outputs = torch.stack(rows)
        return outputs, [outputs[:, -1]]

    return p, run


@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("kind", CELLS)
def test_outputs_and_every_gradient_equal_torch(kind, with_state):
    parameters, run = cho_oracle() if kind is ChoGRU else torch_oracle(kind)
    x = torch.randn(BATCH, TIME, INPUT, dtype=torch.float64, requires_grad=True)
    state = [
        torch.randn(BATCH, HIDDEN, dtype=torch.float64, requires_grad=True) for _ in range(2 if kind is LSTM else 1)
    ]
    outputs, final = run(x, state if with_state else None)
    upstream = [torch.randn_like(value) for value in (outputs, *final)]
    wanted = [x, *parameters.values(), *(state if with_state else [])]
    expected = torch.autograd.grad((outputs, *final), wanted, upstream)

    cell = kind({name: value.detach().numpy() for name, value in parameters.items()})
    start = whole(kind, [part.detach().numpy() for part in state]) if with_state else None
    h, end, tape = cell.forward(x.detach().numpy(), start)
    d_outputs, *d_final = (value.numpy() for value in upstream)
    d_x, d_start, d_parameters = cell.backward(tape, d_outputs, whole(kind, d_final))

    got = [h, *parts(end), d_x, *(d_parameters[name] for name in parameters)]
    got += parts(d_start) if with_state else []
    for mine, theirs in zip(got, (outputs, *final, *expected), strict=True):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), rtol=1e-10, atol=1e-13)


sizes = {
    "batch": st.integers(1, 3),
    "time": st.integers(0, 4),
    "input_size": st.integers(1, 3),
    "hidden_size": st.integers(1, 4),
    "seed": st.integers(0, 2**32 - 1),
}


@pytest.mark.parametrize("kind", CELLS)
@given(**sizes)
def test_gradient_is_the_slope_in_any_direction(kind, batch, time, input_size, hidden_size, seed):
    rng = np.random.default_rng(seed)
    cell = random_cell(kind, input_size, hidden_size, rng)
    names = list(cell.parameters)
    x, state = rng.standard_normal((batch, time, input_size)), random_state(kind, batch, hidden_size, rng)
    point = [x, *cell.parameters.values(), *parts(state)]
    direction = [rng.standard_normal(value.shape) for value in point]
    d_outputs = rng.standard_normal((batch, time, hidden_size))
    d_final = random_state(kind, batch, hidden_size, rng)

    def loss(distance):
        x, *rest = (value + distance * step for value, step in zip(point, direction, strict=True))
        moved = kind(dict(zip(names, rest[:4], strict=True)))
        outputs, final, _ = moved.forward(x, whole(kind, rest[4:]))
        ends = zip(parts(final), parts(d_final), strict=True)
        return np.sum(outputs * d_outputs) + sum(np.sum(end * d_end) for end, d_end in ends)

    _, _, tape = cell.forward(x, state)
    d_x, d_state, d_parameters = cell.backward(tape, d_outputs, d_final)
    gradient = [d_x, *d_parameters.values(), *parts(d_state)]
    slope = sum(np.sum(g * step) for g, step in zip(gradient, direction, strict=True))
    assert (loss(1e-5) - loss(-1e-5)) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("kind", CELLS)
@given(cut=st.integers(0, 6), seed=st.integers(0, 2**32 - 1))
def test_two_chunks_with_the_state_between_them_are_one_sequence(kind, cut, seed):
    rng = np.random.default_rng(seed)
    cell = random_cell(kind, 2, 3, rng)
    x, state = rng.standard_normal((2, 6, 2)), random_state(kind, 2, 3, rng)
    d_outputs, d_final = rng.standard_normal((2, 6, 3)), random_state(kind, 2, 3, rng)

    outputs, final, tape = cell.forward(x, state)
    d_x, d_state, d_parameters = cell.backward(tape, d_outputs, d_final)
    first, middle, tape_1 = cell.forward(x[:, :cut], state)
    second, last, tape_2 = cell.forward(x[:, cut:], middle)
    d_x_2, d_middle, d_parameters_2 = cell.backward(tape_2, d_outputs[:, cut:], d_final)
    d_x_1, d_first, d_parameters_1 = cell.backward(tape_1, d_outputs[:, :cut], d_middle)

    np.testing.assert_allclose(np.concatenate((first, second), axis=1), outputs, rtol=1e-12)
    np.testing.assert_allclose(np.concatenate((d_x_1, d_x_2), axis=1), d_x, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(parts(last), parts(final), rtol=1e-12)
    np.testing.assert_allclose(parts(d_first), parts(d_state), rtol=1e-9, atol=1e-12)
    for name, gradient in d_parameters.items():
        np.testing.assert_allclose(d_parameters_1[name] + d_parameters_2[name], gradient, rtol=1e-9, atol=1e-12)


def test_no_gate_overflows():
    lstm = LSTM({"weight_ih": [[-1e4]] * 4, "weight_hh": [[0.0]] * 4, "bias_ih": [0.0] * 4, "bias_hh": [0.0] * 4})
    outputs, state, _ = lstm.forward(np.array([[[1.0], [-1.0]]]))
    np.testing.assert_array_equal(outputs[0, :, 0], [0.0, np.tanh(1.0)])
    np.testing.assert_array_equal(state.c, [[1.0]])


@pytest.mark.parametrize("kind", CELLS)
def test_random_weights_have_the_scale_asked_for_and_biases_are_zero(kind):
    parameters = kind.random(300, 40, 0.05, np.random.default_rng(0)).parameters
    assert np.std(parameters["weight_ih"]) == pytest.approx(0.05, rel=0.05)
    assert np.std(parameters["weight_hh"]) == pytest.approx(0.05, rel=0.05)
    assert not parameters["bias_ih"].any()
    assert not parameters["bias_hh"].any()


def test_parameters_are_copied():
    weight = np.ones((1, 1))
    rnn = RNN({"weight_ih": weight, "weight_hh": weight, "bias_ih": [0.0], "bias_hh": [0.0]})
    rnn.parameters["weight_ih"] -= 1
    assert weight == 1
    assert rnn.parameters["weight_hh"] == 1


def test_parameters_that_do_not_fit_are_refused():
    good = GRU.random(2, 3, 0.1, np.random.default_rng(0)).parameters
    with pytest.raises(ValueError, match=r"^weight_ih must have shape \(9, 2\), got \(6, 2\)$"):
        GRU(good | {"weight_ih": np.zeros((6, 2))})
    with pytest.raises(ValueError, match=r"^bias_hh must have shape \(9,\), got \(3,\)$"):
        GRU(good | {"bias_hh": np.zeros(3)})
    with pytest.raises(ValueError, match=r"named weight_ih, weight_hh, bias_ih, bias_hh, got weight_ih_l0$"):
        GRU({"weight_ih_l0": np.zeros((9, 2))})


def test_shapes_are_never_broadcast():
    cell = LSTM.random(2, 3, 0.1, np.random.default_rng(0))
    x, outputs = np.zeros((4, 5, 2)), np.zeros((4, 5, 3))
    state, short = LSTMState(*np.zeros((2, 4, 3))), LSTMState(*np.zeros((2, 1, 3)))
    with pytest.raises(ValueError, match=r"^x must have shape \(4, 5, 2\), got \(4, 5, 1\)$"):
        cell.forward(x[..., :1])
    with pytest.raises(ValueError, match=r"^state must have shape \(2, 4, 3\), got \(2, 1, 3\)$"):
        cell.forward(x, short)
    _, _, tape = cell.forward(x, state)
    with pytest.raises(ValueError, match=r"^d_outputs must have shape \(4, 5, 3\), got \(4, 4, 3\)$"):
        cell.backward(tape, outputs[:, 1:])
    with pytest.raises(ValueError, match=r"^d_final_state must have shape \(2, 4, 3\), got \(2, 1, 3\)$"):
        cell.backward(tape, outputs, short)
