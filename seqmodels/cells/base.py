"""What a cell is: one documented step of a recurrence."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Generic, Literal, TypeVar, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils import _pytree as pytree

S = TypeVar("S")
Role = Literal["input", "recurrent", "projection", "bias"]


def register_state(kind: type[Any]) -> None:
    """Register a `NamedTuple` with torch, so that `torch.export.save` writes programs that take or return it."""
    if kind not in pytree.SUPPORTED_NODES:
        pytree._register_namedtuple(kind, serialized_type_name=f"{kind.__module__}.{kind.__qualname__}")


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
        gates: names of the equal row blocks of the weights, in order; none where they are one block.
        roles: what its own parameters are, by name or pattern: an input weight, a recurrent weight, a projection or
            a bias. What is not named is left as the constructor made it by the functions of `cells.init`.
    """

    gates: ClassVar[tuple[str, ...]] = ()
    roles: ClassVar[Mapping[str, Role]] = {
        "weight_ih*": "input",
        "weight_hh*": "recurrent",
        "weight_hr*": "projection",
        "bias_ih*": "bias",
        "bias_hh*": "bias",
    }
    input_size: int
    hidden_size: int
    output_size: int

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the state of a new kind of cell."""
        super().__init_subclass__(**kwargs)
        for state in (arg for base in getattr(cls, "__orig_bases__", ()) for arg in get_args(base)):
            if isinstance(state, type) and issubclass(state, tuple) and hasattr(state, "_fields"):
                register_state(state)

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

    def role(self, name: str) -> Role | None:
        """Return what the parameter of that name is, by name or else by pattern; None where the cell does not say."""
        by_pattern = (role for pattern, role in self.roles.items() if fnmatchcase(name, pattern))
        return self.roles.get(name) or next(by_pattern, None)

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
