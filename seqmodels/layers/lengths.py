"""Lengths as a caller gives them, and as the layers compute with them."""

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import torch
from jaxtyping import Int, Integer
from torch import Tensor

from seqmodels.layers.tracing import is_recorded_by_jit

Lengths = Integer[Tensor, " batch"] | Integer[np.ndarray, " batch"] | Sequence[Any]
"""Number of valid steps of each row: a tensor or an array of any integer type, a list or a tuple of integers."""


@overload
def read_lengths(lengths: None, x: Tensor) -> None: ...


@overload
def read_lengths(lengths: Lengths, x: Tensor) -> Int[Tensor, " batch"]: ...


def read_lengths(lengths: Lengths | None, x: Tensor) -> Int[Tensor, " batch"] | None:
    """Return lengths as an int64 tensor, whatever holds them; None stays None.

    The values are compared with the number of steps where that is free: not on an accelerator, nor in a trace or a
    transform.

    Args:
        lengths: of the rows of `x`, in any integer type, on any device.
        x: (batch, time, ...), what they are the lengths of.

    Raises:
        TypeError: `lengths` are no tensor, array, list or tuple.
        ValueError: they are no integers, not one for each row, negative, or more than there are steps.

    Example:
        >>> read_lengths([3, 1], torch.zeros(2, 3, 4))
        tensor([3, 1])
    """
    if lengths is None:
        return None
    rows = x.shape[0]
    if isinstance(lengths, Tensor):
        found = _of_tensor(lengths, rows)
    elif isinstance(lengths, np.ndarray):
        _check_array(lengths.dtype.kind in "iu", lengths, rows)
        found = torch.from_numpy(lengths.astype(np.int64))
    elif isinstance(lengths, (list, tuple)):
        found = torch.tensor([_integer(length, rows) for length in lengths], dtype=torch.int64)
        if found.shape != (rows,):
            raise ValueError(f"expected one integer length for each of {rows} rows, got {len(lengths)}")
    else:
        raise TypeError(f"expected lengths as a tensor, array, list or tuple, got {type(lengths).__name__}")
    if found.device.type == "cpu" and not _is_traced():
        check_range(found.tolist(), x.shape[1])
    return found


def check_range(lengths: list[int], time: int) -> None:
    """Raise a ValueError if a length is negative or more than there are steps."""
    if not all(0 <= length <= time for length in lengths):
        raise ValueError(f"lengths must lie between 0 and {time}, got {min(lengths)} to {max(lengths)}")


def _of_tensor(lengths: Tensor, rows: int) -> Tensor:
    _check_array(
        not (lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool), lengths, rows
    )
    return lengths if lengths.dtype == torch.int64 else lengths.to(torch.int64)


def _check_array(is_integer: bool, lengths: Any, rows: int) -> None:
    if not is_integer or lengths.shape != (rows,):
        raise ValueError(
            f"expected one integer length for each of {rows} rows, got {lengths.dtype} of shape {tuple(lengths.shape)}"
        )


def _integer(length: Any, rows: int) -> int:
    """Return an entry of a list as an int: Python's, NumPy's, or a tensor with one."""
    if isinstance(length, (Tensor, np.ndarray)) and length.ndim == 0:
        length = length.item()
    if isinstance(length, (int, np.integer)) and not isinstance(length, bool):
        return int(length)
    raise ValueError(
        f"expected one integer length for each of {rows} rows, got {type(length).__name__} {length!r} among them"
    )


def _is_traced() -> bool:
    """Return whether values of tensors cannot be looked at."""
    return (
        torch.compiler.is_compiling() or torch._C._functorch.maybe_current_level() is not None or is_recorded_by_jit()
    )
