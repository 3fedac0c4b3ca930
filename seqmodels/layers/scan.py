"""The loop over time, and what lengths mean for it."""

from typing import Any, TypeVar

import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from seqmodels.cells import Cell
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.tracing import is_recorded_by_jit
from seqmodels.types import map_state, valid_steps

S = TypeVar("S")


def scan(
    cell: Cell[S],
    x: Float[Tensor, "batch time input"],
    state: S | None = None,
    *,
    lengths: Lengths | None = None,
) -> tuple[Float[Tensor, "batch time output"], S]:
    """Run a cell over time: project all inputs at once, then step through them.

    Past a row's length its state is frozen, its output is zero and its input is not read: whatever the padding
    holds, NaN included, neither result nor gradient depends on it.

    Args:
        cell: any cell.
        x: a batch of sequences.
        state: the state before the first step; the cell's initial state if None.
        lengths: number of valid steps of each row, 0 to time, in any order, in a tensor or an array of any integer
            type, a list or a tuple; all steps if None.

    Returns:
        The output at every step, and the state after each row's last valid step.

    Raises:
        TypeError: `lengths` are no tensor, array, list or tuple.
        ValueError: `x` is not (batch, time, input_size), or `lengths` does not fit it.

    Example:
        >>> from seqmodels.cells import GRUCell
        >>> y, state = scan(GRUCell(3, 5), torch.randn(2, 7, 3), lengths=torch.tensor([7, 4]))
        >>> y.shape, torch.equal(y[1, 3], state.h[1]), bool(y[1, 4:].any())
        (torch.Size([2, 7, 5]), True, False)
    """
    check_input(cell.input_size, x)
    state = cell.initial_state(x) if state is None else state
    if lengths is None:
        drive, outputs = cell.project(x), []
        for drive_t in drive.unbind(1):
            y_t, state = cell.step(drive_t, state)
            outputs.append(y_t)
        return _along_time(outputs, cell, x), modifiable(state)
    valid = valid_steps(read_lengths(lengths, x).to(x.device), x.shape[1])
    drive, outputs = cell.project(x.masked_fill(~valid.unsqueeze(-1), 0.0)), []
    for drive_t, valid_t in zip(drive.unbind(1), valid.unbind(1), strict=True):
        y_t, after = cell.step(drive_t, state)
        state = map_state(lambda new, old, keep=valid_t: _select(keep, new, old), after, state)
        outputs.append(_select(valid_t, y_t, torch.zeros_like(y_t)))
    return _along_time(outputs, cell, x), modifiable(state)


def check_input(input_size: int, x: Tensor) -> None:
    """Raise a ValueError that names the shape that was expected and the one that was given."""
    if x.ndim != 3 or x.shape[-1] != input_size:
        raise ValueError(f"expected an input of shape (batch, time, {input_size}), got {tuple(x.shape)}")


def modifiable(state: S) -> S:
    """Return outputs or a state that may be changed in place, as torch.nn's may, although a backward pass reads them.

    That takes a copy of what an engine has saved for the backward pass. A graph copies where it has to by itself.
    """
    if torch.compiler.is_compiling() or is_recorded_by_jit():
        return state
    return map_state(lambda part: part.clone() if part.requires_grad else part, state)


def reverse(
    x: Shaped[Tensor, "batch time *features"], lengths: Lengths | None = None
) -> Shaped[Tensor, "batch time *features"]:
    """Turn each row's valid steps around; padding stays where it is.

    Example:
        >>> reverse(torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2]))
        tensor([[3, 2, 1],
                [5, 4, 0]])
    """
    if lengths is None:
        return x.flip(1)
    lengths = read_lengths(lengths, x).to(x.device)
    steps = torch.arange(x.shape[1], device=x.device)
    source = torch.where(valid_steps(lengths, x.shape[1]), lengths.unsqueeze(1) - 1 - steps, steps)
    return x[torch.arange(x.shape[0], device=x.device).unsqueeze(1), source]


def last_valid(x: Float[Tensor, "batch time features"], lengths: Lengths) -> Float[Tensor, "batch features"]:
    """Each row at its last valid step; zeros for a row of length zero."""
    if x.shape[1] == 0:
        return x.new_zeros(x.shape[0], x.shape[2])
    lengths = read_lengths(lengths, x).to(x.device)
    rows = torch.arange(x.shape[0], device=x.device)
    return _select(lengths > 0, x[rows, (lengths - 1).clamp(min=0)], x.new_zeros(()))


def _select(keep: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Rows of `new` where `keep` says so, of `old` elsewhere."""
    return torch.where(keep.view(-1, *[1] * (new.ndim - 1)), new, old)


def _along_time(outputs: list[Tensor], cell: Cell[Any], x: Tensor) -> Tensor:
    return torch.stack(outputs, dim=1) if outputs else x.new_zeros(x.shape[0], 0, cell.output_size)
