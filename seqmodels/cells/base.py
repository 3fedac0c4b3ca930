"""What a cell is: one documented step of a recurrence."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

S = TypeVar("S")


class Cell(nn.Module, ABC, Generic[S]):
    """One step of a recurrence, in two halves.

    `project` is the part of the equations that needs no state: a layer calls it once for a whole sequence.
    `step` is the rest: the equations themselves. `S` is the cell's own named state.

    A new cell sets the three sizes, implements `project`, `step` and `initial_state`, and then has layers in both
    directions, lengths, every mapping and every task.

    Attributes:
        input_size: number of features of x_t.
        hidden_size: number of units.
        output_size: number of features of what `step` puts out.
        gates: names of the equal row blocks of the weights, in order.
    """

    gates: ClassVar[tuple[str, ...]]
    input_size: int
    hidden_size: int
    output_size: int

    @abstractmethod
    def project(self, x: Float[Tensor, "*any input"]) -> Float[Tensor, "*any drive"]:
        """What the input contributes to every symbol of the step, for one step or for a whole sequence."""

    @abstractmethod
    def step(self, drive_t: Float[Tensor, "batch drive"], state: S) -> tuple[Float[Tensor, "batch output"], S]:
        """The equations: the projected input and the state before, to the output and the state after."""

    @abstractmethod
    def initial_state(self, like: Float[Tensor, "batch *any"]) -> S:
        """The state before the first step: zeros, with batch size, dtype and device of `like`."""

    def forward(
        self, x_t: Float[Tensor, "batch input"], state: S | None = None
    ) -> tuple[Float[Tensor, "batch output"], S]:
        """One step from a raw input; from the initial state if none is given.

        Raises:
            ValueError: `x_t` is not (batch, input_size).
        """
        if x_t.ndim != 2 or x_t.shape[-1] != self.input_size:
            raise ValueError(f"expected an input of shape (batch, {self.input_size}), got {tuple(x_t.shape)}")
        return self.step(self.project(x_t), self.initial_state(x_t) if state is None else state)

    def bind(self, **parameters: Tensor | None) -> "Cell[S]":
        """The same equations over other tensors: a view that owns nothing and is not a copy."""
        view = object.__new__(type(self))
        view.__dict__ = {**self.__dict__, "_parameters": {**self._parameters, **parameters}}
        return view

    def allocate(
        self,
        shapes: Mapping[str, tuple[int, ...] | None],
        device: torch.device | str | None,
        dtype: torch.dtype | None,
    ) -> None:
        """Register a parameter of each name and shape, None where the shape is None, and draw them."""
        for name, shape in shapes.items():
            tensor = None if shape is None else nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
            self.register_parameter(name, tensor)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-k, k), k = 1 / sqrt(hidden_size), as torch.nn does."""
        k = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -k, k)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.input_size}, {self.hidden_size}"
