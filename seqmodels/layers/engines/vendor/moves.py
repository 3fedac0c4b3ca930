"""Rows of a tensor in other places, and back again in the derivative: each row goes to one place at most."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Move(NamedTuple):
    """Which row comes to each place.

    Attributes:
        source: its number; any where none comes.
        blank: the places where none comes, which will be zero.
    """

    source: Int[Tensor, " places"]
    blank: Int[Tensor, " blank"]

    @classmethod
    def of(cls, source: Int[Tensor, " places"]) -> "Move":
        """The move that brings row `source[k]` to place k, and none where that is negative."""
        return cls(source.clamp_min(0), (source < 0).nonzero().squeeze(1))

    def __call__(self, x: Float[Tensor, "rows features"]) -> Float[Tensor, "places features"]:
        """The rows of `x` in their places."""
        return x.index_select(0, self.source).index_fill_(0, self.blank, 0.0)


def move(x: Float[Tensor, "rows features"], there: Move, back: Move) -> Float[Tensor, "places features"]:
    """The rows of `x` in their places, with a gradient that goes the way `back`.

    It looks rows up, where the derivative of an index would add them up, which takes ten times as long.

    Example:
        >>> there, back = Move.of(torch.tensor([2, -1, 0])), Move.of(torch.tensor([2, -1, 0]))
        >>> move(torch.tensor([[1.0], [2.0], [3.0]]), there, back).squeeze(1)
        tensor([3., 0., 1.])
    """
    return _Moved.apply(x, there, back)  # type: ignore[no-any-return]


class _Moved(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, there: Move, back: Move) -> Tensor:
        ctx.moves = there, back
        return there(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        there, back = ctx.moves
        return move(grad, back, there), None, None
