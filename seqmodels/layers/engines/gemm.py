"""Matrix products by the faster of torch's two CPU libraries: MKL for small ones, oneDNN for large ones.

On AMD processors MKL runs float32 products at about half of oneDNN's rate; on Intel's the two are equal. A call of
oneDNN costs some ten microseconds more, and its operators are private to torch: where one is missing, or oneDNN is
switched off, every product goes to torch's default.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

WORTH_IT = 2_000_000
"""Multiplications from which a call of oneDNN pays off."""
WORTH_PACKING = 32
"""Calls from which it pays off to lay a weight out for oneDNN beforehand."""


def by_onednn(tensor: Tensor, multiplications: int) -> bool:
    """Whether a product of this size, of tensors like this one, goes to oneDNN."""
    return (
        multiplications >= WORTH_IT
        and tensor.dtype == torch.float32
        and tensor.device.type == "cpu"
        and torch.backends.mkldnn.is_available()
        and torch.backends.mkldnn.enabled
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
        and hasattr(torch.ops.mkldnn, "_reorder_linear_weight")
    )


def linear(
    x: Float[Tensor, "rows input"], weight: Float[Tensor, "output input"], bias: Float[Tensor, " output"] | None = None
) -> Float[Tensor, "rows output"]:
    """x W^T + b, recording no gradient."""
    if by_onednn(x, x.shape[0] * weight.numel()):
        return _onednn(x, weight, bias)
    return F.linear(x, weight, bias)


def weight_gradient(
    d: Float[Tensor, "rows output"], x: Float[Tensor, "rows input"]
) -> Float[Tensor, "output input"]:
    """d^T x: what all rows together ask of a weight."""
    if by_onednn(x, x.numel() * d.shape[1]):
        return _onednn(x.t(), d.t(), None).t()
    return d.t().mm(x)


class Product:
    """x W^T for one weight and many x of about the same number of rows, as in a recurrence.

    Args:
        weight: W.
        rows: number of rows of each step.
    """

    def __init__(self, weight: Float[Tensor, "output input"], rows: list[int]) -> None:
        self.packed = None
        if by_onednn(weight, rows[0] * weight.numel()):
            worth_it = len(rows) >= WORTH_PACKING
            self.packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows[0]) if worth_it else weight
        # One row is a matrix-vector product, which reads a weight best along its output.
        self.transposed = weight.t().contiguous() if rows[0] == 1 else weight.t()

    def __call__(
        self, x: Float[Tensor, "rows input"], bias: Float[Tensor, " output"] | None, out: Float[Tensor, "rows output"]
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
