"""Elman's recurrence over a whole sequence."""

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from seqmodels.layers.engines.fused.equations import Equations, Past, Trail, descend, head, tanh_for
from seqmodels.layers.engines.gemm import Product


class Tanh(Equations):
    """h_t = tanh(drive_t + W_hh h_{t-1} + b_hh): see `cells.RNNCell`."""

    drive_blocks: ClassVar[int] = 1
    gate_blocks: ClassVar[int] = 0

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t, in the place of the drive."""
        recur, h, f = Product(self.weights.hh, rows), start.h, self._f(drive, rows[0])
        for n, h_t in zip(rows, drive.split(rows), strict=True):
            recur.add_to(h_t, head(h, n))
            h = f(h_t)
        return Trail(drive)

    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:  # noqa: ARG002
        """h_t is all there is."""
        return Trail(hs)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """da_t = f'(a_t) dh_t, which takes the place of the factor; dh_{t-1} += W_hh^T da_t."""
        back, dh, da = Product(self.weights.hh.t(), rows), grad_h.clone(), self._slope(after.h)
        das = da.split(rows)
        for t, dh_t, dh_before in descend(dh, carry.h, rows):
            back.add_to(dh_before, das[t].mul_(dh_t))
        return da, {"hh": self.of_recurrent_weight(da, before), "bias_hh": da.sum(0)}

    def _f(self, drive: Tensor, at_a_step: int) -> Callable[[Tensor], Tensor]:
        """f in place."""
        return tanh_for(drive, at_a_step)

    def _slope(self, h: Tensor) -> Tensor:
        """f'(a), from f(a)."""
        return torch.addcmul(h.new_ones(()), h, h, value=-1)


class ReLU(Tanh):
    """h_t = max(0, drive_t + W_hh h_{t-1} + b_hh): see `cells.RNNCell`."""

    def _f(self, drive: Tensor, at_a_step: int) -> Callable[[Tensor], Tensor]:  # noqa: ARG002
        return Tensor.relu_

    def _slope(self, h: Tensor) -> Tensor:
        return (h > 0).to(h)
