"""What competes: something that solves a problem, and a network that torch differentiates."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from seqmodels.benchmark.problems import Problem


class Contender(Protocol):
    """Something that solves a problem."""

    def __call__(self) -> Any:
        """Solve it: this is timed."""

    def results(self) -> dict[str, Tensor]:
        """Solve it, and give the outputs, states and gradients by name."""

    def release(self) -> None:
        """Let go of what the last call left behind."""


@dataclass
class Network:
    """A contender that torch differentiates.

    Args:
        problem: to be solved.
        forward: from x (time, batch, input) to the outputs and the final states.
        parameters: by the names that they have in torch.nn's layer.
    """

    problem: Problem
    forward: Callable[[Tensor], tuple[Tensor, ...]]
    parameters: dict[str, Tensor]
    x: Tensor = field(init=False)
    cotangents: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        self.x = self.problem.input()
        with torch.no_grad():
            self.cotangents = [cotangent(output) for output in self.forward(self.x)]

    def __call__(self) -> tuple[Tensor, ...]:
        """Forward and, in training, backward from every output and state to the input and every parameter."""
        if not self.problem.training:
            with torch.no_grad():
                return self.forward(self.x)
        for leaf in self.leaves().values():
            leaf.grad = None
        outputs = self.forward(self.x)
        torch.autograd.backward(outputs, self.cotangents)
        return outputs

    def results(self) -> dict[str, Tensor]:
        """Outputs, states and gradients."""
        named = {f"output {place}": output.detach() for place, output in enumerate(self())}
        if self.problem.training:
            named |= {f"gradient of {name}": _gradient(leaf) for name, leaf in self.leaves().items()}
        return named

    def leaves(self) -> dict[str, Tensor]:
        """All that gradients are wanted of."""
        return {"x": self.x, **self.parameters}

    def release(self) -> None:
        """Let go of the gradients."""
        for leaf in self.leaves().values():
            leaf.grad = None


def cotangent(output: Tensor) -> Tensor:
    """The gradient that comes back to an output: the same for every output of its shape."""
    drawn = torch.randn(output.shape, generator=torch.Generator().manual_seed(3))
    return drawn.to(output.device, output.dtype)


def _gradient(leaf: Tensor) -> Tensor:
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad.clone()


def parts_of(state: Any) -> list[Tensor]:
    """The tensors of a state."""
    parts: list[Tensor] = pytree.tree_leaves(state)
    return parts
