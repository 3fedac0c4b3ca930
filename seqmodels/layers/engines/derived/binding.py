"""A cell's step and its loop over other parameters and buffers."""

from typing import Any

from torch import Tensor, nn
from torch.func import functional_call

from seqmodels.cells import Cell
from seqmodels.layers.scan import scan


def named_constants(cell: Cell[Any]) -> dict[str, Tensor]:
    """Parameters and buffers of a cell and of the modules in it."""
    return {**dict(cell.named_parameters()), **dict(cell.named_buffers())}


def call_step(cell: Cell[Any], constants: dict[str, Tensor], x: Tensor, state: Any) -> Any:
    """`cell.project` and `cell.step` over other parameters and buffers."""
    return functional_call(_Step(cell), _everywhere(cell, constants), (x, state), tie_weights=False)


def call_scan(cell: Cell[Any], constants: dict[str, Tensor], x: Tensor, state: Any, lengths: Tensor) -> Any:
    """`scan` over other parameters and buffers."""
    return functional_call(_Scan(cell), _everywhere(cell, constants), (x, state, lengths), tie_weights=False)


def _everywhere(cell: Cell[Any], constants: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by every place that they are read from, but by one name of each place.

    Of a module that has two names, `functional_call` would put back the wrong parameter.
    """
    values = {id(tensor): constants[name] for name, tensor in named_constants(cell).items()}
    places = {
        ".".join(["cell", *([module] if module else []), name]): tensor
        for module, owner in cell.named_modules()
        for name, tensor in (*owner._parameters.items(), *owner._buffers.items())
    }
    return {name: values[id(tensor)] for name, tensor in places.items() if tensor is not None}


class _Step(nn.Module):
    """A cell whose call is its projection and its step."""

    def __init__(self, cell: Cell[Any]) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, state: Any) -> Any:
        return self.cell.step(self.cell.project(x), state)


class _Scan(nn.Module):
    """A cell whose call is its loop."""

    def __init__(self, cell: Cell[Any]) -> None:
        super().__init__()
        self.cell = cell

    def forward(self, x: Tensor, state: Any, lengths: Tensor) -> Any:
        return scan(self.cell, x, state, lengths=lengths)
