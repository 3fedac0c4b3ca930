"""Whether values are finite, and which are not."""

import cmath
from collections.abc import Iterable, Mapping
from typing import Any

from torch import Tensor
from torch.nn.utils import get_total_norm

Named = Iterable[tuple[str, Tensor]]


def all_finite(tensors: Iterable[Tensor]) -> bool:
    """Return whether all floating-point values are finite.

    Example:
        >>> import torch
        >>> all_finite([torch.ones(2), torch.tensor([1.0, torch.nan])])
        False
    """
    values = [_values(tensor) for tensor in tensors if tensor.is_floating_point() or tensor.is_complex()]
    # A look at each value takes ten times as long as a sum or a norm, but these overflow where values are large.
    if all(tensor.is_cpu for tensor in values):
        # On a CPU, a norm of all tensors takes twice as long as their sums; on a GPU it needs fewer kernels.
        return all(cmath.isfinite(tensor.sum().item()) or _is_finite(tensor) for tensor in values)
    return bool(get_total_norm(values).isfinite()) or all(_is_finite(tensor) for tensor in values)


def first_not_finite(tensors: Named) -> str | None:
    """Return the name of the first tensor that holds NaN or infinity, and which; None if there is none.

    Example:
        >>> import torch
        >>> first_not_finite([("a", torch.ones(2)), ("b", torch.tensor([1.0, torch.nan]))])
        'b (nan)'
    """
    for name, tensor in tensors:
        if not _is_finite(tensor):
            return f"{name} ({'nan' if _values(tensor).isnan().any() else 'inf'})"
    return None


def largest_finite(tensors: Named) -> tuple[str, float] | None:
    """Return the largest finite magnitude and the name of the tensor that holds it; None if there is none.

    Example:
        >>> import torch
        >>> largest_finite([("a", torch.ones(2)), ("b", torch.tensor([-3.0, torch.nan]))])
        ('b', 3.0)
    """
    largest = None
    for name, tensor in tensors:
        values = _values(tensor)
        finite = values[values.isfinite()].abs()
        if finite.numel() and (largest is None or finite.max() > largest[1]):
            largest = (name, finite.max().item())
    return largest


def not_finite_in_checkpoint(checkpoint: Mapping[str, Any], buffers: set[str]) -> str | None:
    """Return what in a checkpoint's weights and optimizer states is not finite; None if all is.

    Args:
        checkpoint: of Lightning.
        buffers: names of the entries of its `state_dict` in which infinity is allowed, as in a mask.
    """
    weights = {name: value for name, value in checkpoint["state_dict"].items() if isinstance(value, Tensor)}
    states = [
        (f"the optimizer's {key}", value)
        for optimizer in checkpoint.get("optimizer_states", [])
        for state in optimizer.get("state", {}).values()
        for key, value in state.items()
        if isinstance(value, Tensor)
    ]
    finite = [*((f"the weights {name}", value) for name, value in weights.items() if name not in buffers), *states]
    if not all_finite(value for _, value in finite):
        return first_not_finite(finite)
    name = next((name for name, value in weights.items() if name in buffers and value.isnan().any()), None)
    return None if name is None else f"the buffer {name} (nan)"


def _values(tensor: Tensor) -> Tensor:
    return tensor.coalesce().values() if tensor.is_sparse else tensor


def _is_finite(tensor: Tensor) -> bool:
    return bool(_values(tensor).isfinite().all())
