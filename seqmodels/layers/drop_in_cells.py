"""In the place of `torch.nn.RNNCell`, `LSTMCell` and `GRUCell`: the same parameters and conventions."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Proxy

from seqmodels import cells
from seqmodels.layers.engines import Engine, choose
from seqmodels.layers.replacement import Replacement
from seqmodels.layers.tracing import call_as_leaf, is_recorded_for_elsewhere


class _Step(Replacement, nn.RNNCellBase):
    """What the three share: who computes, and torch.nn's conventions around our cell."""

    _derived = ("_equations",)

    def __init__(self, *args: Any, engine: Engine = "auto", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.engine: Engine = engine
        self._derive()

    def _derive(self) -> None:
        """Make the equations."""
        self._equations = (self._cell(),)

    def _cell(self) -> cells.Cell[Any]:
        """The equations, on the meta device; in a tuple, for they are no submodule."""
        raise NotImplementedError

    def forward(self, input: Tensor, hx: Tensor | Sequence[Tensor] | None = None) -> Any:
        """The state after one step, in torch.nn's shapes.

        Args:
            input: as torch.nn's.
            hx: as torch.nn's.

        Raises:
            ValueError: the engine cannot run here.
        """
        if isinstance(input, Proxy):
            return call_as_leaf(self, input, hx)
        if self._is_for_torch(input, hx):
            return super().forward(input, hx)
        (equations,) = self._equations
        cell = equations.bind(**{name: getattr(self, name) for name, _ in equations.named_parameters()})
        x = torch.atleast_2d(input)
        start: Any = cell.initial_state(x)
        if hx is not None:
            start = type(start)(*(torch.atleast_2d(part) for part in _parts(hx)))
        _, last = cell(x, start)
        after = tuple(part if input.ndim == 2 else part.squeeze(0) for part in last)
        return after if len(after) > 1 else after[0]

    def _is_for_torch(self, input: Tensor, hx: Any) -> bool:
        """Whether torch computes this, or is to say in its own words what is wrong with it."""
        if is_recorded_for_elsewhere():
            return True
        expected = (*input.shape[:-1], self.hidden_size)
        fits = all(part.shape == expected for part in _parts(hx))
        if input.ndim not in (1, 2) or input.shape[-1] != self.input_size or not fits:
            return True
        return choose(self._equations[0], torch.atleast_2d(input).unsqueeze(1), self.engine).engine == "vendor"


def _parts(hx: Any) -> tuple[Tensor, ...]:
    if hx is None:
        return ()
    return (hx,) if isinstance(hx, Tensor) else tuple(hx)


class RNNCell(_Step, nn.RNNCell):
    """`torch.nn.RNNCell` that can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: `"auto"`: torch's kernel wherever it can run, else the equations of `cells.RNNCell`;
            `"loop"`: always these; `"vendor"`: always torch's.
        kwargs: as torch.nn's.

    Example:
        >>> cell, theirs = RNNCell(3, 5, engine="loop"), nn.RNNCell(3, 5)
        >>> cell.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(2, 3)
        >>> torch.allclose(cell(x), theirs(x), atol=1e-6)
        True
    """

    def _cell(self) -> cells.RNNCell:
        return cells.RNNCell(self.input_size, self.hidden_size, nonlinearity=self.nonlinearity, device="meta")


class LSTMCell(_Step, nn.LSTMCell):
    """`torch.nn.LSTMCell` that can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: `"auto"`: torch's kernel wherever it can run, else the equations of `cells.LSTMCell`;
            `"loop"`: always these; `"vendor"`: always torch's.
        kwargs: as torch.nn's.

    Example:
        >>> cell, theirs = LSTMCell(3, 5, engine="loop"), nn.LSTMCell(3, 5)
        >>> cell.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(2, 3)
        >>> h, c = cell(x)
        >>> torch.allclose(c, theirs(x)[1], atol=1e-6)
        True
    """

    def _cell(self) -> cells.LSTMCell:
        return cells.LSTMCell(self.input_size, self.hidden_size, device="meta")


class GRUCell(_Step, nn.GRUCell):
    """`torch.nn.GRUCell` that can be told to compute by the documented equations.

    Args:
        args: as torch.nn's.
        engine: `"auto"`: torch's kernel wherever it can run, else the equations of `cells.GRUCell`;
            `"loop"`: always these; `"vendor"`: always torch's.
        kwargs: as torch.nn's.

    Example:
        >>> cell, theirs = GRUCell(3, 5, engine="loop"), nn.GRUCell(3, 5)
        >>> cell.load_state_dict(theirs.state_dict(), strict=True)
        <All keys matched successfully>
        >>> x = torch.randn(2, 3)
        >>> torch.allclose(cell(x), theirs(x), atol=1e-6)
        True
    """

    def _cell(self) -> cells.GRUCell:
        return cells.GRUCell(self.input_size, self.hidden_size, device="meta")
