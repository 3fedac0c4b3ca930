"""The loop over time and the loop back through it, for every cell of this package."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, Self, TypeVar

import numpy as np
import numpy.typing as npt

from seqmodels.reference.algebra import Array

S = TypeVar("S", bound=npt.ArrayLike)
V = TypeVar("V")

Weights = tuple[Array, Array, Array, Array]
"""In this order everywhere: input weights, recurrent weights, input biases, recurrent biases."""

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
"""The names torch gives to `Weights`."""


class Recurrence(ABC, Generic[S, V]):
    """A cell run over a whole sequence, and backpropagation through time written by hand.

    A cell says what one step does and what goes back through one step; the output of a step is its h.
    Everything is batch first and float64. `da`, or `d_a`, is the gradient of a scalar loss with respect to a.

    Attributes:
        gates: number of blocks of `hidden_size` rows stacked in every parameter.
        parameters: the weights under torch's names; they may be changed in place.

    Args:
        parameters: `weight_ih` (gates * hidden, input), `weight_hh` (gates * hidden, hidden), `bias_ih` and
            `bias_hh` (gates * hidden), rows in torch's order of gates. They are copied.

    Raises:
        ValueError: if a parameter is missing, unknown, or of a shape that does not fit the others.

    Source:
        P. J. Werbos, "Backpropagation through time: what it does and how to do it", Proc. IEEE 78, 1990.
    """

    gates: ClassVar[int]

    def __init__(self, parameters: Mapping[str, npt.ArrayLike]) -> None:
        if set(parameters) != set(NAMES):
            raise ValueError(f"parameters must be named {', '.join(NAMES)}, got {', '.join(parameters)}")
        self.parameters = {name: np.array(parameters[name], dtype=np.float64) for name in NAMES}
        self.input_size = self.parameters["weight_ih"].shape[-1]
        self.hidden_size = self.parameters["weight_hh"].shape[-1]
        rows = self.gates * self.hidden_size
        shapes = ((rows, self.input_size), (rows, self.hidden_size), (rows,), (rows,))
        for name, shape in zip(NAMES, shapes, strict=True):
            _check_shape(name, self.parameters[name], shape)

    @classmethod
    def random(cls, input_size: int, hidden_size: int, scale: float, rng: np.random.Generator) -> Self:
        """A cell with normal weights of standard deviation `scale`, and biases of zero."""
        rows = cls.gates * hidden_size
        weight_ih = scale * rng.standard_normal((rows, input_size))
        weight_hh = scale * rng.standard_normal((rows, hidden_size))
        return cls(dict(zip(NAMES, (weight_ih, weight_hh, np.zeros(rows), np.zeros(rows)), strict=True)))

    @property
    def weights(self) -> Weights:
        """The parameters in the order of `Weights`."""
        p = self.parameters
        return p["weight_ih"], p["weight_hh"], p["bias_ih"], p["bias_hh"]

    @abstractmethod
    def zero_state(self, batch: int) -> S:
        """The state before the first step, if none is given."""

    @abstractmethod
    def step(self, x: Array, state: S) -> tuple[Array, S, V]:
        """One step.

        Args:
            x: x_t, (batch, input).
            state: before the step.

        Returns:
            h: h_t, (batch, hidden).
            state: after the step.
            values: what `step_backward` needs of this step.
        """

    @abstractmethod
    def step_backward(self, values: V, dy: Array, d_state: S) -> tuple[Array, S, Weights]:
        """Back through one step.

        Args:
            values: of `step`.
            dy: gradient with respect to h_t as an output, (batch, hidden).
            d_state: gradient with respect to the state after the step, through the steps that follow.

        Returns:
            dx: gradient with respect to x_t, (batch, input).
            d_state: with respect to the state before the step.
            d_weights: with respect to the weights, this step's share.
        """

    def forward(self, x: Array, state: S | None = None) -> tuple[Array, S, list[V]]:
        """Run over a whole sequence.

        Args:
            x: (batch, time, input).
            state: before the first step; zero if None.

        Returns:
            outputs: h_t of every step, (batch, time, hidden).
            final_state: after the last step.
            tape: the values of every step, for `backward`.

        Raises:
            ValueError: if `x` or `state` has another shape.
        """
        batch, time = x.shape[:2]
        _check_shape("x", x, (batch, time, self.input_size))
        zero = self.zero_state(batch)
        state = zero if state is None else state
        _check_shape("state", state, np.shape(zero))
        outputs, tape = np.zeros((batch, time, self.hidden_size)), []
        for t in range(time):
            outputs[:, t], state, values = self.step(x[:, t], state)
            tape.append(values)
        return outputs, state, tape

    def backward(
        self, tape: list[V], d_outputs: Array, d_final_state: S | None = None
    ) -> tuple[Array, S, dict[str, Array]]:
        """Backpropagation through time: the steps in reverse, the weights' gradients summed over them.

        Args:
            tape: of `forward`.
            d_outputs: gradient of the loss with respect to `outputs`, (batch, time, hidden).
            d_final_state: gradient with respect to `final_state`; zero if None.

        Returns:
            d_x: (batch, time, input).
            d_initial_state: shaped as the state.
            d_parameters: by name, shaped as `parameters`.

        Raises:
            ValueError: if `d_outputs` or `d_final_state` has another shape.
        """
        batch, time = len(d_outputs), len(tape)
        _check_shape("d_outputs", d_outputs, (batch, time, self.hidden_size))
        zero = self.zero_state(batch)
        d_state = zero if d_final_state is None else d_final_state
        _check_shape("d_final_state", d_state, np.shape(zero))
        d_x = np.zeros((batch, time, self.input_size))
        d_parameters = {name: np.zeros_like(value) for name, value in self.parameters.items()}
        for t in reversed(range(time)):
            d_x[:, t], d_state, d_weights = self.step_backward(tape[t], d_outputs[:, t], d_state)
            for name, d_weight in zip(NAMES, d_weights, strict=True):
                d_parameters[name] += d_weight
        return d_x, d_state, d_parameters


def _check_shape(name: str, value: npt.ArrayLike, expected: tuple[int, ...]) -> None:
    """Nothing here is broadcast in silence."""
    if np.shape(value) != expected:
        raise ValueError(f"{name} must have shape {expected}, got {np.shape(value)}")
