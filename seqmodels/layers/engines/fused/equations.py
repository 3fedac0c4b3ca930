"""What a cell's equations are to a whole-sequence operator: a loop forwards and a loop backwards."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from seqmodels.layers.engines import gemm
from seqmodels.layers.engines.gemm import linear, weight_gradient

FEW, NARROW = 2048, 80
"""Numbers, and columns, up to which torch's own tanh is the faster one."""
MINUS_ONE = torch.tensor(-1.0, dtype=torch.float32, device="cpu")


class Weights(NamedTuple):
    """The parameters of a cell."""

    ih: Tensor
    hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    hr: Tensor | None = None


class Trail(NamedTuple):
    """States (and what else the way back needs) after a number of rows' steps.

    `h` is the output (rows, output), `c` what the cell keeps besides (rows, hidden), `gates` the activated symbols of
    the step (rows, blocks * hidden). What a cell does not have is None.
    """

    h: Tensor
    c: Tensor | None = None
    gates: Tensor | None = None


class Past(NamedTuple):
    """States before a number of rows' steps, in parts that lie in a row in memory."""

    hs: list[Tensor]
    cs: list[Tensor]

    @property
    def h(self) -> Tensor:
        """In one tensor, which may have to be made for it."""
        return self.hs[0] if len(self.hs) == 1 else torch.cat(self.hs)

    @property
    def c(self) -> Tensor:
        """In one tensor, which may have to be made for it."""
        return self.cs[0] if len(self.cs) == 1 else torch.cat(self.cs)


class Equations(ABC):
    """Runs one documented cell over packed rows (see `Packing`), recording no gradient.

    In place of the derivative of every step on its own, the way back computes the pointwise factors of many steps at
    once; its loop holds nothing but the recurrent product and the multiplication by these factors.

    Args:
        weights: the cell's parameters.
        keep: whether the way back will be gone.

    Attributes:
        drive_blocks: blocks of the hidden size in the projected input.
        gate_blocks: blocks in `Trail.gates`.
        keeps_c: whether there is a `Trail.c`.
    """

    drive_blocks: ClassVar[int]
    gate_blocks: ClassVar[int]
    keeps_c: ClassVar[bool] = False

    def __init__(self, weights: Weights, keep: bool = True) -> None:
        self.weights = weights
        self.keep = keep

    def bias(self) -> Tensor | None:
        """What the projected input contains: both biases where only their sum matters."""
        b_x, b_h = self.weights.bias_ih, self.weights.bias_hh
        return b_x if b_x is None or b_h is None else b_x + b_h

    def project(self, x: Tensor) -> Tensor:
        """The drive of an input (rows, input)."""
        return linear(x, self.weights.ih, self.bias())

    def weight_gradient(self, d: Tensor, x: Tensor) -> Tensor:
        """d^T x."""
        return weight_gradient(d, x)

    def of_recurrent_weight(self, da: Tensor, before: Past) -> Tensor:
        """The gradient of W_hh in a_t = W_hh h_{t-1}."""
        parts = zip(da.split([len(h) for h in before.hs]), before.hs, strict=True)
        first, *others = (self.weight_gradient(d, h) for d, h in parts)
        return sum(others, first)

    def nothing(self, start: Trail) -> Trail:
        """What `forward` returns where no sequence has a step."""
        H = self.weights.hh.shape[0] // self.drive_blocks
        h, c, gates = (start.h.new_empty(0, width) for width in (start.h.shape[1], H, H * self.gate_blocks))
        return Trail(h, c if self.keeps_c else None, gates if self.gate_blocks else None)

    @abstractmethod
    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """The states after every step.

        Args:
            drive: the projected input (rows, blocks * hidden); overwritten.
            start: the state before the first step, of the whole batch.
            rows: number of rows of each step.
        """

    @abstractmethod
    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:
        """What `forward` has returned, from the outputs `hs` of its steps: their products are computed all at once.

        Args:
            x: the input (rows, input).
            hs: the output after each row's step.
            before: the output before it.
            start: the state before the first step, of the whole batch.
            rows: number of rows of each step.
        """

    @abstractmethod
    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Gradients of the projected input (rows, blocks * hidden) and of the recurrence's own parameters.

        Args:
            grad_h: gradient of the output of each row.
            carry: gradient of the state after the last of these steps, of the whole batch; overwritten with that of
                the state before the first.
            before: the state before each row's step.
            after: what `forward` returned.
            rows: number of rows of each step.
        """


def head(tensor: Tensor, rows: int) -> Tensor:
    """The first rows; the tensor itself if it has no more, for a slice costs as much as a small product."""
    return tensor if tensor.shape[0] == rows else tensor[:rows]


def tanh_for(part: Float[Tensor, "rows columns"], at_a_step: int) -> Callable[[Tensor], Tensor]:
    """The faster tanh in place, for so many rows of such a tensor at a time.

    Float32 on a CPU goes by a sigmoid where torch takes several times as long for its tanh: it calls MKL, for wide
    columns of a tensor once for each row; and on other processors than Intel's MKL is slow.
    """
    wide = at_a_step > 3 and part.shape[1] > NARROW and not part.is_contiguous()
    many = at_a_step * part.shape[1] >= FEW and not gemm.MKL_AT_HOME
    return tanh_by_sigmoid if (wide or many) and part.dtype == torch.float32 and part.is_cpu else Tensor.tanh_


def tanh_by_sigmoid(a: Tensor) -> Tensor:
    """2 sigma(2a) - 1 in place. It differs from tanh by rounding, absolutely: by about 1e-7."""
    return torch.add(MINUS_ONE, a.add_(a).sigmoid_(), alpha=2, out=a)


def slope(factor: Tensor, s: Tensor) -> Tensor:
    """Multiply by 1 - s, in place: what is left of the derivative of a sigmoid behind s itself."""
    return factor.addcmul_(factor, s, value=-1)


def descend(dh: Tensor, carry: Tensor, rows: list[int]) -> Iterator[tuple[int, Tensor, Tensor]]:
    """From the last step to the first: its number, the gradient of its state, and where to add that of the one before.

    A row whose sequence goes on behind these steps, or ends among them, brings its share of `carry` along.
    """
    steps, alive = dh.split(rows), 0
    for t in range(len(rows) - 1, -1, -1):
        dh_t, n = steps[t], rows[t]
        if n > alive:
            dh_t[alive:].add_(carry[alive:n])
            alive = n
        yield t, dh_t, head(steps[t - 1], n) if t else carry[:n].zero_()
