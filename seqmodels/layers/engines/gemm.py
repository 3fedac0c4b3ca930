"""Matrix products by the faster of torch's two CPU libraries: on Intel's processors MKL, on others oneDNN if large.

On AMD processors MKL runs float32 products at about half of oneDNN's rate. On Intel's it is as fast for what goes
through a weight, and up to twice as fast for the gradient of one. A call of oneDNN costs some twenty microseconds more,
and its operators are private to torch: where one is missing, or oneDNN is switched off, every product goes to torch's
default.
"""

import math
import platform
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from torch.overrides import TorchFunctionMode


def _is_intel() -> bool:
    """Whether MKL runs on a processor of its maker's."""
    told = Path("/proc/cpuinfo")
    return "GenuineIntel" in (told.read_text(encoding="utf-8") if told.exists() else platform.processor())


MKL_AT_HOME = _is_intel()
"""Whether MKL is the faster for every product."""
WORTH_IT = math.inf if MKL_AT_HOME else 2_200_000
"""Multiplications from which a call of oneDNN pays off."""
WORTH_PACKING = 32
"""Calls from which it pays off to lay a weight out for oneDNN beforehand."""
WORTH_TURNING = 16
"""Calls from which it pays off to turn a weight around for MKL, which is up to twice as fast then for few rows."""
TURNED_PER_ROW = 640
"""Numbers of the weight per row that it meets in all these calls, from which turning takes longer than it saves."""


def by_onednn(tensor: Tensor, multiplications: int) -> bool:
    """Whether a product of this size, of tensors like this one, goes to oneDNN."""
    return (
        multiplications >= WORTH_IT
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and bool(torch.backends.mkldnn.enabled)
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )


def linear(
    x: Float[Tensor, "rows input"], weight: Float[Tensor, "output input"], bias: Float[Tensor, " output"] | None = None
) -> Float[Tensor, "rows output"]:
    """x W^T + b, recording no gradient."""
    if by_onednn(x, x.shape[0] * weight.numel()):
        return _onednn(x.contiguous(), weight, bias)
    return F.linear(x, weight, bias)


def weight_gradient(d: Float[Tensor, "rows output"], x: Float[Tensor, "rows input"]) -> Float[Tensor, "output input"]:
    """d^T x: what all rows together ask of a weight."""
    if by_onednn(x, x.numel() * d.shape[1]):
        # Where rows overlap, as in the gradient of a sum, oneDNN falls back to a reference, a thousand times slower.
        return _onednn(x.t(), d.contiguous().t(), None).t()
    return d.t().mm(x)


class LargeProductsByOneDNN(TorchFunctionMode):
    """Within it, every large enough `torch.nn.functional.linear` goes to oneDNN, with its gradient."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Take over what `linear` of this room does better."""
        return (_linear if func is F.linear else func)(*args, **(kwargs or {}))


def _linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """`torch.nn.functional.linear` with its arguments and its gradient, by the faster library."""
    if weight.ndim == 2 and by_onednn(input, input.shape[:-1].numel() * weight.numel()):
        return _Linear.apply(input, weight, bias)  # type: ignore[no-any-return]
    return F.linear(input, weight, bias)


class _Linear(torch.autograd.Function):
    """`torch.nn.functional.linear` by oneDNN."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        return _onednn(x.reshape(-1, x.shape[-1]).contiguous(), weight, bias).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows, d = x.reshape(-1, x.shape[-1]), grad.reshape(-1, grad.shape[-1])
        needs_x, needs_weight, *_ = ctx.needs_input_grad
        if torch.is_grad_enabled():
            dx, d_weight = d @ weight, d.t() @ rows
        else:
            dx = linear(d, weight.t()) if needs_x else None
            d_weight = weight_gradient(d, rows) if needs_weight else None
        return None if dx is None else dx.view_as(x), d_weight, d.sum(0) if ctx.has_bias else None


class Product:
    """x W^T for one weight and many x of about the same number of rows, as in a recurrence.

    Args:
        weight: W.
        rows: number of rows of each step.
    """

    def __init__(self, weight: Float[Tensor, "output input"], rows: list[int]) -> None:
        self.packed = None
        if by_onednn(weight, rows[0] * weight.numel()):
            self.packed = weight.contiguous()
            if len(rows) >= WORTH_PACKING:
                self.packed = torch.ops.mkldnn._reorder_linear_weight(self.packed, rows[0])
        often = len(rows) >= WORTH_TURNING and weight.numel() <= TURNED_PER_ROW * len(rows) * rows[0]
        turns = self.packed is None and often
        self.transposed = weight.t().contiguous() if turns else weight.t()

    def __call__(
        self,
        x: Float[Tensor, "rows input"],
        bias: Float[Tensor, " output"] | None,
        out: Float[Tensor, "rows output"] | None,
    ) -> Float[Tensor, "rows output"]:
        """x W^T + b, perhaps in `out`."""
        if self.packed is not None:
            return _onednn(x, self.packed, bias)
        return torch.mm(x, self.transposed, out=out) if bias is None else torch.addmm(bias, x, self.transposed, out=out)

    def add_to(self, total: Float[Tensor, "rows output"], x: Float[Tensor, "rows input"]) -> None:
        """Add x W^T to `total`."""
        if self.packed is not None:
            total.add_(_onednn(x, self.packed, None))
        else:
            total.addmm_(x, self.transposed)


def _onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(x, weight, bias, "none", [], "")
    return result
