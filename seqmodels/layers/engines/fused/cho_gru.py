"""The gated recurrent unit as published, over a whole sequence."""

from typing import ClassVar

import torch
from torch import Tensor

from seqmodels.layers.engines.fused.equations import Equations, Past, Trail, descend, head, slope, tanh_for
from seqmodels.layers.engines.gemm import Product, linear


class ChoGRU(Equations):
    """See `cells.ChoGRUCell`. Gates are r, z, n."""

    drive_blocks: ClassVar[int] = 3
    gate_blocks: ClassVar[int] = 3

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t; r, z and n in the place of the drive."""
        H, h = start.h.shape[1], start.h
        W_rz, W_n = self.weights.hh.split((2 * H, H))
        to_rz, to_n = Product(W_rz, rows), Product(W_n, rows)
        hs, reset = drive.new_empty(len(drive), H), drive.new_empty(rows[0], H)
        tanh = tanh_for(drive[:, 2 * H :], rows[0])
        parts = [drive[:, : 2 * H], *drive.chunk(3, 1), hs]
        for t, (rz, r, z, n, h_t) in enumerate(zip(*(part.split(rows) for part in parts), strict=True)):
            h = head(h, rows[t])
            to_rz.add_to(rz, h)
            rz.sigmoid_()
            to_n.add_to(n, torch.mul(r, h, out=head(reset, rows[t])))
            h = torch.lerp(tanh(n), h, z, out=h_t)
        return Trail(hs, None, drive)

    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:  # noqa: ARG002
        """r, z and n of all steps."""
        H, h, drive = hs.shape[1], before.h, self.project(x)
        W_rz, W_n = self.weights.hh.split((2 * H, H))
        r, n = drive[:, :H], drive[:, 2 * H :]
        drive[:, : 2 * H].add_(linear(h, W_rz)).sigmoid_()
        tanh_for(n, len(n))(n.add_(linear(r * h, W_n)))
        return Trail(hs, None, drive)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """With q_t the gradient of r_t h_{t-1}: dh_{t-1} += z_t dh_t + r_t q_t + W_rz^T (da_r, da_z)."""
        assert after.gates is not None
        (r, z, n), h, H = after.gates.chunk(3, 1), before.h, grad_h.shape[1]
        da = torch.empty_like(after.gates)
        da_r, da_z, da_n = da.chunk(3, 1)
        slope(torch.mul(h, r, out=da_r), r)
        slope(torch.sub(h, n, out=da_z).mul_(z), z)
        torch.addcmul(n.new_ones(()), n, n, value=-1, out=da_n)
        da_n.addcmul_(da_n, z, value=-1)

        W_rz, W_n = self.weights.hh.split((2 * H, H))
        from_rz, from_n = Product(W_rz.t(), rows), Product(W_n.t(), rows)
        dh, q = grad_h.clone(), grad_h.new_empty(rows[0], H)
        rzs, zns = da[:, : 2 * H].split(rows), da[:, H:].unflatten(1, (2, H)).split(rows)
        da_rs, da_ns, rs, zs = (part.split(rows) for part in (da_r, da_n, r, z))
        for t, dh_t, dh_before in descend(dh, carry.h, rows):
            zns[t].mul_(dh_t.unsqueeze(1))
            q_t = from_n(da_ns[t], None, head(q, rows[t]))
            da_rs[t].mul_(q_t)
            dh_before.addcmul_(dh_t, zs[t]).addcmul_(q_t, rs[t])
            from_rz.add_to(dh_before, rzs[t])
        d_rz, d_n = self.weight_gradient(da[:, : 2 * H], h), self.weight_gradient(da_n, r * h)
        return da, {"hh": torch.cat([d_rz, d_n])}
