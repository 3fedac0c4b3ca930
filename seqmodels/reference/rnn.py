"""The plain recurrent network, by hand."""

from typing import ClassVar, NamedTuple

import numpy as np

from seqmodels.reference.algebra import Array, affine, affine_backward
from seqmodels.reference.recurrence import Recurrence, Weights


class RNNStep(NamedTuple):
    """What one step leaves on the tape."""

    x: Array
    h_prev: Array
    h: Array


class RNN(Recurrence[Array, RNNStep]):
    r"""A layer whose output is fed back into itself.

    .. math::
        h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)

    Symbols:
        x_t: input (batch, input_size)
        h_t: state and output (batch, hidden_size)
        W_xh: `weight_ih` (hidden_size, input_size)
        W_hh: `weight_hh` (hidden_size, hidden_size)
        b_h: `bias_ih` + `bias_hh` (hidden_size); torch keeps two vectors, of which only the sum matters

    On the way back dh_{t-1} = W_hhᵀ dz_t, where dz_t = (1 - h_t²) dh_t: the transpose, see `affine_backward`.

    Source:
        J. L. Elman, "Finding structure in time", Cognitive Science 14, 1990.

    Example:
        >>> rnn = RNN({"weight_ih": [[1.0]], "weight_hh": [[0.5]], "bias_ih": [0.0], "bias_hh": [0.0]})
        >>> outputs, h, tape = rnn.forward(np.array([[[1.0], [0.0]]]))
        >>> outputs.round(3).tolist()
        [[[0.762], [0.363]]]
        >>> d_x, d_h, d_parameters = rnn.backward(tape, np.ones_like(outputs))
        >>> d_x.round(3).tolist()
        [[[0.602], [0.868]]]
    """

    gates: ClassVar[int] = 1

    def zero_state(self, batch: int) -> Array:
        """h = 0."""
        return np.zeros((batch, self.hidden_size))

    def step(self, x: Array, state: Array) -> tuple[Array, Array, RNNStep]:
        """The equation."""
        W_xh, W_hh, b_xh, b_hh = self.weights
        h_prev = state
        h = np.tanh(affine(W_hh, b_hh, h_prev) + affine(W_xh, b_xh, x))
        return h, h, RNNStep(x, h_prev, h)

    def step_backward(self, values: RNNStep, dy: Array, d_state: Array) -> tuple[Array, Array, Weights]:
        """Its derivative; tanh' = 1 - tanh²."""
        W_xh, W_hh, _, _ = self.weights
        x, h_prev, h = values
        dh = dy + d_state
        dz = dh * (1 - h**2)
        dx, dW_xh, db_xh = affine_backward(W_xh, x, dz)
        dh_prev, dW_hh, db_hh = affine_backward(W_hh, h_prev, dz)
        return dx, dh_prev, (dW_xh, dW_hh, db_xh, db_hh)
