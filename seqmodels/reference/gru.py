"""The gated recurrent unit with the reset after the product, by hand."""

from typing import ClassVar, NamedTuple

import numpy as np

from seqmodels.reference.algebra import Array, affine, affine_backward, sigmoid
from seqmodels.reference.recurrence import Recurrence, Weights


class GRUStep(NamedTuple):
    """What one step leaves on the tape; u_n = W_hn h_{t-1} + b_hn."""

    x: Array
    h_prev: Array
    u_n: Array
    r: Array
    z: Array
    n: Array


class GRU(Recurrence[Array, GRUStep]):
    r"""Gated recurrent unit: a state that moves part of the way to a candidate. Reset after the product.

    .. math::
        r_t &= \sigma(W_{xr} x_t + b_{xr} + W_{hr} h_{t-1} + b_{hr}) \\
        z_t &= \sigma(W_{xz} x_t + b_{xz} + W_{hz} h_{t-1} + b_{hz}) \\
        n_t &= \tanh(W_{xn} x_t + b_{xn} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \\
        h_t &= (1 - z_t) \odot n_t + z_t \odot h_{t-1}

    Symbols:
        x_t: input (batch, input_size)
        r_t, z_t: reset and update gate (batch, hidden_size)
        n_t: candidate (batch, hidden_size)
        h_t: state and output (batch, hidden_size)
        W_x: `weight_ih`, row blocks r, z, n (3 * hidden_size, input_size)
        W_h: `weight_hh`, row blocks r, z, n (3 * hidden_size, hidden_size)
        b_x, b_h: `bias_ih`, `bias_hh` (3 * hidden_size)

    On the way back dh_{t-1} takes two ways: through z_t, and through W_hᵀ, see `affine_backward`.

    Source:
        `torch.nn.GRU`. All products of a step are one, as none waits for the reset gate; `ChoGRU` is the
        published equation.

    Example:
        >>> gru = GRU.random(input_size=3, hidden_size=2, scale=0.1, rng=np.random.default_rng(0))
        >>> outputs, h, tape = gru.forward(np.ones((5, 7, 3)))
        >>> outputs.shape, bool((outputs[:, -1] == h).all())
        ((5, 7, 2), True)
    """

    gates: ClassVar[int] = 3

    def zero_state(self, batch: int) -> Array:
        """h = 0."""
        return np.zeros((batch, self.hidden_size))

    def step(self, x: Array, state: Array) -> tuple[Array, Array, GRUStep]:
        """The equations."""
        W_x, W_h, b_x, b_h = self.weights
        h_prev = state
        a_r, a_z, a_n = np.split(affine(W_x, b_x, x), 3, axis=1)
        u_r, u_z, u_n = np.split(affine(W_h, b_h, h_prev), 3, axis=1)
        r = sigmoid(a_r + u_r)
        z = sigmoid(a_z + u_z)
        n = np.tanh(a_n + r * u_n)
        h = (1 - z) * n + z * h_prev
        return h, h, GRUStep(x, h_prev, u_n, r, z, n)

    def step_backward(self, values: GRUStep, dy: Array, d_state: Array) -> tuple[Array, Array, Weights]:
        """Their derivatives, from the last equation to the first; s' = s (1 - s), tanh' = 1 - tanh²."""
        W_x, W_h, _, _ = self.weights
        x, h_prev, u_n, r, z, n = values
        dh = dy + d_state
        da_n = dh * (1 - z) * (1 - n**2)
        da_z = dh * (h_prev - n) * z * (1 - z)
        da_r = da_n * u_n * r * (1 - r)
        dx, dW_x, db_x = affine_backward(W_x, x, np.concatenate((da_r, da_z, da_n), axis=1))
        du = np.concatenate((da_r, da_z, da_n * r), axis=1)
        dh_gates, dW_h, db_h = affine_backward(W_h, h_prev, du)
        dh_prev = dh * z + dh_gates
        return dx, dh_prev, (dW_x, dW_h, db_x, db_h)
