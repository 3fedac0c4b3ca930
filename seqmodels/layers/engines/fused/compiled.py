"""The same loops in C++, where the native library has been built and loaded."""

from typing import ClassVar

import torch
from torch import Tensor

from seqmodels.layers.engines import gemm
from seqmodels.layers.engines.fused.equations import Equations, Past, Trail
from seqmodels.layers.engines.fused.gru import GRU
from seqmodels.layers.engines.fused.lstm import LSTM
from seqmodels.layers.engines.fused.rnn import Tanh


class Compiled(Equations):
    """Loops of `torch.ops.seqmodels_native`."""

    def weight_gradient(self, d: Tensor, x: Tensor) -> Tensor:
        """d^T x, where MKL is slow by the library's own product with a long contraction."""
        if gemm.MKL_AT_HOME:
            return super().weight_gradient(d, x)
        result: Tensor = torch.ops.seqmodels_native.weight_gradient(d, x)
        return result


class CompiledTanh(Compiled):
    """See `cells.RNNCell`."""

    drive_blocks: ClassVar[int] = 1
    gate_blocks: ClassVar[int] = 0
    relu: ClassVar[bool] = False
    again = Tanh.again

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t."""
        hs, _ = torch.ops.seqmodels_native.rnn_forward(drive, start.h, self.weights.hh, rows, self.relu)
        return Trail(hs)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """By the library."""
        args = (grad_h, carry.h, after.h, self.weights.hh, rows, self.relu)
        da, d_h = torch.ops.seqmodels_native.rnn_backward(*args)
        carry.h[:] = d_h
        return da, {"hh": self.of_recurrent_weight(da, before), "bias_hh": da.sum(0)}


class CompiledReLU(CompiledTanh):
    """See `cells.RNNCell`."""

    relu: ClassVar[bool] = True


class CompiledLSTM(Compiled):
    """See `cells.LSTMCell`. Gates are i, f, g, o."""

    drive_blocks: ClassVar[int] = 4
    gate_blocks: ClassVar[int] = 4
    keeps_c: ClassVar[bool] = True
    again = LSTM.again

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t, c_t and the gates."""
        hs, cs, gates, _, _ = torch.ops.seqmodels_native.lstm_forward(drive, start.h, start.c, self.weights.hh, rows)
        return Trail(hs, cs, gates)

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """By the library."""
        assert carry.c is not None
        start_c = before.cs[0][: rows[0]]
        states = (carry.h[: rows[0]], carry.c[: rows[0]], after.c, after.gates, start_c)
        da, d_h, d_c = torch.ops.seqmodels_native.lstm_backward(grad_h, *states, self.weights.hh, rows)
        carry.h[: rows[0]] = d_h
        carry.c[: rows[0]] = d_c
        return da, {"hh": self.of_recurrent_weight(da, before), "bias_hh": da.sum(0)}


class CompiledGRU(Compiled):
    """See `cells.GRUCell`. Gates are r, z, n and a = W_hn h_{t-1} + b_hn."""

    drive_blocks: ClassVar[int] = 3
    gate_blocks: ClassVar[int] = 4
    bias = GRU.bias

    def forward(self, drive: Tensor, start: Trail, rows: list[int]) -> Trail:
        """h_t and the gates."""
        b, H = self.weights.bias_hh, start.h.shape[1]
        args = (drive, start.h, self.weights.hh, None if b is None else b[2 * H :], rows)
        hs, gates, _ = torch.ops.seqmodels_native.gru_forward(*args)
        return Trail(hs, None, gates)

    def again(self, x: Tensor, hs: Tensor, before: Past, start: Trail, rows: list[int]) -> Trail:
        """The gates of all steps."""
        _, a, gates = GRU(self.weights).again(x, hs, before, start, rows)
        assert gates is not None
        assert a is not None
        return Trail(hs, None, torch.cat([gates, a], dim=1))

    def backward(
        self, grad_h: Tensor, carry: Trail, before: Past, after: Trail, rows: list[int]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """By the library."""
        start, H = before.hs[0][: rows[0]], grad_h.shape[1]
        args = (grad_h, carry.h[: rows[0]], after.h, after.gates, start, self.weights.hh, rows)
        da, d_n, d_h = torch.ops.seqmodels_native.gru_backward(*args)
        carry.h[: rows[0]] = d_h
        recurrent = {"hh": self.of_recurrent_weight(da, before), "bias_hh": da.sum(0)}
        da[:, 2 * H :] = d_n
        return da, recurrent
