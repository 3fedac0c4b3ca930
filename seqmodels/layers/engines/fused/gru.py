"""torch.nn's gated recurrent unit over a whole sequence."""

from typing import ClassVar

import torch
from torch import Tensor

from seqmodels.layers.engines.fused.equations import Equations, Past, Trail, descend, head, slope, tanh_for
from seqmodels.layers.engines.gemm import Product, linear


class GRU(Equations):
    """See `cells.GRUCell`. Gates are r, z, n; in the place of c lies a = W_hn h_{t-1} + b_hn."""

    drive_blocks: ClassVar[int] = 3
    gate_blocks: ClassVar[int] = 3
    keeps_c: ClassVar[bool] = True

    def bias(self) -> Tensor | None:
        """Both, except for the recurrent one that lies behind the reset gate."""
        b_x, b_h, H = self.weights.bias_ih, self.weights.bias_hh, self.weights.hh.shape[1]
        return b_x if b_x is None or b_h is None else b_x + torch.cat([b_h[: 2 * H], b_h.new_zeros(H)])

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t; r, z and n in the place of the drive."""
        H, b = start.h.shape[1], self.weights.bias_hh
        recur, h = Product(self.weights.hh, rows), start.h
        b_n = drive.new_zeros(H) if b is None else b[2 * H :]
        hs, a = drive.new_empty(len(drive), H), drive.new_empty(len(drive) if self.keep else 0, H)
        out, (rzs, rs, zs, ns) = drive.new_empty(rows[0], 3 * H), _symbols(drive, rows)
        kept = a.split(rows) if self.keep else None
        seen, tanh = None, tanh_for(drive[:, 2 * H :], rows[0])
        for t, h_t in enumerate(hs.split(rows)):
            h = head(h, rows[t])
            product = recur(h, None, head(out, rows[t]))
            if product is not seen:
                seen, (a_rz, a_n) = product, product.split((2 * H, H), 1)
            rzs[t].add_(a_rz).sigmoid_()
            a_t = torch.add(a_n, b_n, out=kept[t] if kept else a_n)
            tanh(ns[t].addcmul_(rs[t], a_t))
            h = torch.lerp(ns[t], h, zs[t], out=h_t)
        return Trail(hs, a, drive)

    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:  # noqa: ARG002
        """r, z, n and a of all steps."""
        H, b, drive = hs.shape[1], self.weights.bias_hh, self.project(x)
        product = linear(before.h, self.weights.hh)
        drive[:, : 2 * H].add_(product[:, : 2 * H]).sigmoid_()
        a = product[:, 2 * H :].contiguous() if b is None else product[:, 2 * H :] + b[2 * H :]
        n = drive[:, 2 * H :]
        tanh_for(n, len(n))(n.addcmul_(drive[:, :H], a))
        return Trail(hs, a, drive)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """dh_{t-1} += z_t dh_t + W_hh^T da_t, where a_t is the recurrent product."""
        assert after.gates is not None
        assert after.c is not None
        (r, z, n), a, h = after.gates.chunk(3, 1), after.c, before.h
        da = torch.empty_like(after.gates)
        da_r, da_z, da_n = da.chunk(3, 1)
        n_slope = torch.addcmul(n.new_ones(()), n, n, value=-1)
        n_slope.addcmul_(n_slope, z, value=-1)
        slope(torch.mul(torch.mul(n_slope, r, out=da_n), a, out=da_r), r)
        slope(torch.sub(h, n, out=da_z).mul_(z), z)

        back, dh = Product(self.weights.hh.t(), rows), grad_h.clone()
        das, wide, zs = da.split(rows), da.unflatten(1, (3, -1)).split(rows), z.split(rows)
        for t, dh_t, dh_before in descend(dh, carry.h, rows):
            wide[t].mul_(dh_t.unsqueeze(1))
            dh_before.addcmul_(dh_t, zs[t])
            back.add_to(dh_before, das[t])
        recurrent = {"hh": self.weight_gradient(da, h), "bias_hh": da.sum(0)}
        torch.mul(n_slope, dh, out=da_n)
        return da, recurrent


def _symbols(drive: Tensor, rows: list[int]) -> tuple[tuple[Tensor, ...], ...]:
    """Views of each step: r and z side by side, r, z, n."""
    H = drive.shape[1] // 3
    parts = (drive[:, : 2 * H], drive[:, :H], drive[:, H : 2 * H], drive[:, 2 * H :])
    return tuple(part.split(rows) for part in parts)
