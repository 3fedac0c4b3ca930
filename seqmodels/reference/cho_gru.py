"""The gated recurrent unit with the reset before the product, by hand."""

from typing import ClassVar, NamedTuple

import numpy as np

from seqmodels.reference.algebra import Array, affine, affine_backward, sigmoid
from seqmodels.reference.recurrence import Recurrence, Weights


class ChoGRUStep(NamedTuple):
    """What one step leaves on the tape."""

    x: Array
    h_prev: Array
    r: Array
    z: Array
    n: Array


class ChoGRU(Recurrence[Array, ChoGRUStep]):
    r"""Gated recurrent unit: a state that moves part of the way to a candidate. Reset before the product.

    .. math::
        r_t &= \sigma(W_{xr} x_t + b_{xr} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{xz} x_t + b_{xz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{xn} x_t + b_{xn} + W_{hn} (r_t \odot h_{t-1}) + b_{hn}) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Symbols:
        x_t: input (batch, input_size)
        r_t, z_t: reset and update gate (batch, hidden_size)
        n_t: candidate (batch, hidden_size)
        h_t: state and output (batch, hidden_size)
        W_x: `weight_ih`, row blocks r, z, n (3 * hidden_size, input_size)
        W_h: `weight_hh`, row blocks r, z, n (3 * hidden_size, hidden_size)
        b_x, b_h: `bias_ih`, `bias_hh` (3 * hidden_size)

    On the way back dh_{t-1} takes three ways: through z_t, through the gates, and through W_hnᵀ times r_t.

    Source:
        K. Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
        translation", EMNLP 2014, eqs. 5-8, with biases and with torch's order of rows.

    Example:
        >>> gru = ChoGRU.random(input_size=3, hidden_size=2, scale=0.1, rng=np.random.default_rng(0))
        >>> outputs, h, tape = gru.forward(np.ones((5, 7, 3)))
        >>> outputs.shape, bool((outputs[:, -1] == h).all())
        ((5, 7, 2), True)
    """

    gates: ClassVar[int] = 3

    def zero_state(self, batch: int) -> Array:
        """h = 0."""
        return np.zeros((batch, self.hidden_size))

    def step(self, x: Array, state: Array) -> tuple[Array, Array, ChoGRUStep]:
        """The equations."""
        W_x, W_h, b_x, b_h = self.weights
        W_hrz, W_hn = np.split(W_h, [2 * self.hidden_size])
        b_hrz, b_hn = np.split(b_h, [2 * self.hidden_size])
        h_prev = state
        a_r, a_z, a_n = np.split(affine(W_x, b_x, x), 3, axis=1)
        u_r, u_z = np.split(affine(W_hrz, b_hrz, h_prev), 2, axis=1)
        r = sigmoid(a_r + u_r)
        z = sigmoid(a_z + u_z)
        n = np.tanh(a_n + affine(W_hn, b_hn, r * h_prev))
        h = (1 - z) * n + z * h_prev
        return h, h, ChoGRUStep(x, h_prev, r, z, n)

    def step_backward(self, values: ChoGRUStep, dy: Array, d_state: Array) -> tuple[Array, Array, Weights]:
        """Their derivatives, from the last equation to the first; s' = s (1 - s), tanh' = 1 - tanh²."""
        W_x, W_h, _, _ = self.weights
        W_hrz, W_hn = np.split(W_h, [2 * self.hidden_size])
        x, h_prev, r, z, n = values
        dh = dy + d_state
        da_n = dh * (1 - z) * (1 - n**2)
        d_reset, dW_hn, db_hn = affine_backward(W_hn, r * h_prev, da_n)
        da_z = dh * (h_prev - n) * z * (1 - z)
        da_r = d_reset * h_prev * r * (1 - r)
        da_rz = np.concatenate((da_r, da_z), axis=1)
        dh_gates, dW_hrz, db_hrz = affine_backward(W_hrz, h_prev, da_rz)
        dx, dW_x, db_x = affine_backward(W_x, x, np.concatenate((da_rz, da_n), axis=1))
        dh_prev = dh * z + d_reset * r + dh_gates
        dW_h, db_h = np.concatenate((dW_hrz, dW_hn)), np.concatenate((db_hrz, db_hn))
        return dx, dh_prev, (dW_x, dW_h, db_x, db_h)
