"""Long short-term memory, by hand."""

from typing import ClassVar, NamedTuple

import numpy as np

from seqmodels.reference.algebra import Array, affine, affine_backward, sigmoid
from seqmodels.reference.recurrence import Recurrence, Weights


class LSTMState(NamedTuple):
    """Output and memory, each (batch, hidden)."""

    h: Array
    c: Array


class LSTMStep(NamedTuple):
    """What one step leaves on the tape."""

    x: Array
    h_prev: Array
    c_prev: Array
    i: Array
    f: Array
    g: Array
    o: Array
    c: Array


class LSTM(Recurrence[LSTMState, LSTMStep]):
    r"""Long short-term memory: a memory that is added to, and gates that say when.

    .. math::
        i_t &= \sigma(W_{xi} x_t + b_{xi} + W_{hi} h_{t-1} + b_{hi}) \\
        f_t &= \sigma(W_{xf} x_t + b_{xf} + W_{hf} h_{t-1} + b_{hf}) \\
        g_t &= \tanh(W_{xg} x_t + b_{xg} + W_{hg} h_{t-1} + b_{hg}) \\
        o_t &= \sigma(W_{xo} x_t + b_{xo} + W_{ho} h_{t-1} + b_{ho}) \\
        c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
        h_t &= o_t \odot \tanh(c_t)

    Symbols:
        x_t: input (batch, input_size)
        i_t, f_t, o_t: input, forget and output gate (batch, hidden_size)
        g_t: candidate (batch, hidden_size)
        c_t: memory (batch, hidden_size)
        h_t: output (batch, hidden_size)
        W_x: `weight_ih`, row blocks i, f, g, o (4 * hidden_size, input_size)
        W_h: `weight_hh`, row blocks i, f, g, o (4 * hidden_size, hidden_size)
        b_x, b_h: `bias_ih`, `bias_hh` (4 * hidden_size)

    On the way back the gradient of c is multiplied by f_t from step to step, and by no matrix; that of h
    passes W_hᵀ, see `affine_backward`.

    Source:
        S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9, 1997; the forget
        gate from F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to forget", Neural Computation 12, 2000.

    Example:
        >>> lstm = LSTM.random(input_size=3, hidden_size=2, scale=0.1, rng=np.random.default_rng(0))
        >>> outputs, state, tape = lstm.forward(np.ones((5, 7, 3)))
        >>> outputs.shape, state.c.shape, len(tape)
        ((5, 7, 2), (5, 2), 7)
    """

    gates: ClassVar[int] = 4

    def zero_state(self, batch: int) -> LSTMState:
        """h = c = 0."""
        return LSTMState(*np.zeros((2, batch, self.hidden_size)))

    def step(self, x: Array, state: LSTMState) -> tuple[Array, LSTMState, LSTMStep]:
        """The equations."""
        W_x, W_h, b_x, b_h = self.weights
        h_prev, c_prev = state
        z_i, z_f, z_g, z_o = np.split(affine(W_x, b_x, x) + affine(W_h, b_h, h_prev), 4, axis=1)
        i = sigmoid(z_i)
        f = sigmoid(z_f)
        g = np.tanh(z_g)
        o = sigmoid(z_o)
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        return h, LSTMState(h, c), LSTMStep(x, h_prev, c_prev, i, f, g, o, c)

    def step_backward(self, values: LSTMStep, dy: Array, d_state: LSTMState) -> tuple[Array, LSTMState, Weights]:
        """Their derivatives, from the last equation to the first; s' = s (1 - s), tanh' = 1 - tanh²."""
        W_x, W_h, _, _ = self.weights
        x, h_prev, c_prev, i, f, g, o, c = values
        dh = dy + d_state.h
        dc = d_state.c + dh * o * (1 - np.tanh(c) ** 2)
        dz_i = dc * g * i * (1 - i)
        dz_f = dc * c_prev * f * (1 - f)
        dz_g = dc * i * (1 - g**2)
        dz_o = dh * np.tanh(c) * o * (1 - o)
        dz = np.concatenate((dz_i, dz_f, dz_g, dz_o), axis=1)
        dx, dW_x, db_x = affine_backward(W_x, x, dz)
        dh_prev, dW_h, db_h = affine_backward(W_h, h_prev, dz)
        dc_prev = dc * f
        return dx, LSTMState(dh_prev, dc_prev), (dW_x, dW_h, db_x, db_h)
