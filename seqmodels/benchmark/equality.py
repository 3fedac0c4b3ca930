"""Nothing is timed that is not equal."""

import math
from collections.abc import Mapping

from torch import Tensor

TOLERANCE = {"float64": 1e-10, "float32": 1e-5, "tf32": 2e-2, "bfloat16": 1e-1}  # half precision adds up over time


class UnequalError(Exception):
    """A contender computes something else than its reference."""


def check_equal(results: Mapping[str, Tensor], reference: Mapping[str, Tensor], dtype: str) -> float:
    """The largest difference of any tensor, relative to that tensor's largest entry.

    Args:
        results: outputs, states and gradients by name.
        reference: the same of whoever is right.
        dtype: in which they were computed.

    Raises:
        UnequalError: a tensor is missing, has another shape, or differs by more than the dtype explains.
    """
    if results.keys() != reference.keys():
        raise UnequalError(f"expected {', '.join(reference)}, got {', '.join(results)}")
    differences = {name: _difference(name, tensor, reference[name]) for name, tensor in results.items()}
    name = max(differences, key=lambda name: differences[name])
    if not differences[name] <= TOLERANCE[dtype]:
        raise UnequalError(f"{name} differs by {differences[name]:.1e}, more than {TOLERANCE[dtype]:.0e} ({dtype})")
    return differences[name]


def _difference(name: str, tensor: Tensor, expected: Tensor) -> float:
    if tensor.shape != expected.shape:
        raise UnequalError(f"{name} has shape {tuple(tensor.shape)}, expected {tuple(expected.shape)}")
    tensor, expected = tensor.detach().double().cpu(), expected.detach().double().cpu()
    scale = expected.abs().max().clamp(min=1e-30)
    difference = float((tensor - expected).abs().max() / scale)
    return math.inf if math.isnan(difference) else difference
