"""Long short-term memory over a whole sequence."""

from typing import ClassVar

import torch
from torch import Tensor

from seqmodels.layers.engines.fused.equations import Equations, Past, Trail, descend, head, slope, tanh_for
from seqmodels.layers.engines.gemm import Product, linear


class LSTM(Equations):
    """See `cells.LSTMCell`. Gates are i, f, g, o."""

    drive_blocks: ClassVar[int] = 4
    gate_blocks: ClassVar[int] = 4
    keeps_c: ClassVar[bool] = True

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t and c_t; i, f, g and o in the place of the drive."""
        assert start.c is not None
        H = start.c.shape[1]
        recur, h, c = Product(self.weights.hh, rows), start.h, start.c
        cs, ms = drive.new_empty(len(drive), H), drive.new_empty(len(drive), H)
        parts = [drive, drive[:, : 2 * H], *drive.chunk(4, 1), cs, ms]
        tanh_g, tanh_c = tanh_for(drive[:, 2 * H : 3 * H], rows[0]), tanh_for(ms, rows[0])
        for t, (a, i_f, i, f, g, o, c_t, m) in enumerate(zip(*(part.split(rows) for part in parts), strict=True)):
            recur.add_to(a, head(h, rows[t]))
            i_f.sigmoid_()
            tanh_g(g)
            o.sigmoid_()
            c = torch.mul(f, head(c, rows[t]), out=c_t).addcmul_(i, g)
            h = tanh_c(m.copy_(c)).mul_(o)
            if self.weights.hr is not None:
                h = h.mm(self.weights.hr.t())
                m[:, : h.shape[1]] = h
        P = start.h.shape[1]
        return Trail(ms if P == H else ms[:, :P].contiguous(), cs, drive)

    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:
        """i, f, g and o of all steps; then c_t, without any product."""
        assert start.c is not None
        H, c, drive = start.c.shape[1], start.c, self.project(x)
        i, f, g, o = drive.add_(linear(before.h, self.weights.hh)).chunk(4, 1)
        drive[:, : 2 * H].sigmoid_()
        tanh_for(g, len(g))(g)
        o.sigmoid_()
        cs = i * g
        for n, f_t, c_t in zip(rows, f.split(rows), cs.split(rows), strict=True):
            c = c_t.addcmul_(f_t, head(c, n))
        return Trail(hs, cs, drive)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """dm_t = W_hr^T dh_t, or dh_t itself; dh_{t-1} += W_hh^T da_t; dc_{t-1} = f_t dc_t."""
        assert after.gates is not None
        assert after.c is not None
        assert carry.c is not None
        (i, f, g, o), hr = after.gates.chunk(4, 1), self.weights.hr
        H, tanh_c = after.c.shape[1], after.c.tanh()
        for_c = torch.addcmul(o, o * tanh_c, tanh_c, value=-1)
        da = torch.empty_like(after.gates)
        da_i, da_f, da_g, da_o = da.chunk(4, 1)
        slope(torch.mul(g, i, out=da_i), i)
        slope(torch.mul(before.c, f, out=da_f), f)
        torch.addcmul(i, i * g, g, value=-1, out=da_g)
        slope(torch.mul(tanh_c, o, out=da_o), o)

        back, dh = Product(self.weights.hh.t(), rows), grad_h.clone()
        das, da_ifg, da_os = da.split(rows), da[:, : 3 * H].unflatten(1, (3, H)).split(rows), da_o.split(rows)
        for_cs, fs = for_c.split(rows), f.split(rows)
        for t, dh_t, dh_before in descend(dh, carry.h, rows):
            dm = dh_t if hr is None else dh_t.mm(hr)
            dc = head(carry.c, rows[t]).addcmul_(dm, for_cs[t])
            da_ifg[t].mul_(dc.unsqueeze(1))
            da_os[t].mul_(dm)
            dc.mul_(fs[t])
            back.add_to(dh_before, das[t])
        recurrent = {"hh": self.of_recurrent_weight(da, before), "bias_hh": da.sum(0)}
        if hr is not None:
            recurrent["hr"] = self.weight_gradient(dh, tanh_c * o)
        return da, recurrent
