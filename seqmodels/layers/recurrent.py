"""A cell over time."""

from functools import partial
from typing import Any, Generic, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor
from torch.fx import Proxy

from seqmodels.cells import Cell
from seqmodels.layers.base import Run, SequenceLayer
from seqmodels.layers.engines import AT_ONCE, ENGINES, Choice, Engine, choose, run
from seqmodels.layers.engines.checkpoint import checkpointed
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.scan import check_input, last_valid, modifiable
from seqmodels.layers.tracing import call_as_leaf

S = TypeVar("S")


class Recurrent(SequenceLayer, Generic[S]):
    """A cell run over time.

    Args:
        cell: any cell.
        engine: who runs the equations, see `docs/engines.md`; `"auto"` takes the fastest that computes exactly what
            was asked, `"loop"` goes step by step under autograd.
        checkpoint_every: keep only the state before every so many steps and compute the rest again on the way back;
            None keeps everything. The square root of the number of steps is a good choice. The outputs may then not be
            changed in place: a copy of them would take the memory that this is to save.

    Raises:
        TypeError: `cell` is no cell, or a cell without its sizes.
        ValueError: there is no such engine, `checkpoint_every` is less than 1, or (when called) the engine cannot run
            this cell.

    Example:
        >>> from seqmodels.cells import LSTMCell
        >>> layer = Recurrent(LSTMCell(3, 5))
        >>> y, state = layer(torch.randn(2, 7, 3), lengths=torch.tensor([7, 4]))
        >>> y.shape, state.c.shape
        (torch.Size([2, 7, 5]), torch.Size([2, 5]))
    """

    def __init__(self, cell: Cell[S], engine: Engine = "auto", *, checkpoint_every: int | None = None) -> None:
        super().__init__()
        _check_cell(cell)
        if engine not in ENGINES:
            raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
        if checkpoint_every is not None and checkpoint_every < 1:
            raise ValueError(f"checkpoint_every must be at least 1 step, got {checkpoint_every}")
        self.cell = cell
        self.engine = engine
        self.checkpoint_every = checkpoint_every
        self.input_size, self.output_size = cell.input_size, cell.output_size

    def forward(
        self,
        x: Float[Tensor, "batch time input"],
        state: S | None = None,
        *,
        lengths: Lengths | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], S]:
        """Every step's output and the final state."""
        if isinstance(x, Proxy):
            return call_as_leaf(self, x, state, lengths=lengths)
        if self.checkpoint_every is None or not torch.is_grad_enabled():
            y, last = run(self.cell, x, state, lengths, self.engine)
            return modifiable(y), last
        check_input(self.input_size, x)
        lengths = read_lengths(lengths, x)
        start = self.cell.initial_state(x) if state is None else state
        known = choose(self.cell, x, self.engine, ragged=lengths is not None).engine in AT_ONCE
        again = partial(run, engine=self.engine)
        return checkpointed(again, self.cell, x, start, lengths, self.checkpoint_every, known)

    def summary(self, y: Float[Tensor, "batch time output"], lengths: Lengths) -> Float[Tensor, "batch output"]:
        """The output at the last valid step."""
        return last_valid(y, lengths)

    def explain_engine(self, x: Float[Tensor, "batch time input"], *, lengths: Lengths | None = None) -> list[Choice]:
        """The one choice.

        Example:
            >>> from seqmodels.cells import ChoGRUCell
            >>> Recurrent(ChoGRUCell(3, 5)).explain_engine(torch.randn(2, 7, 3))[0].engine
            'fused'
        """
        return [choose(self.cell, x, self.engine, ragged=lengths is not None)]


def _check_cell(cell: Any) -> None:
    """Raise a TypeError that says what a cell is where there is none."""
    if isinstance(cell, type):
        raise TypeError(
            f"expected a cell, such as {cell.__name__}(input_size, hidden_size), got the class {cell.__name__}"
        )
    if not isinstance(cell, Cell):
        raise TypeError(f"expected a cell, derived from seqmodels.cells.Cell, got {type(cell).__name__}")
    missing = [name for name in ("input_size", "hidden_size", "output_size") if not hasattr(cell, name)]
    if missing:
        raise TypeError(
            f"expected a cell with input_size, hidden_size and output_size, "
            f"got {type(cell).__name__} without {' and '.join(missing)}: set them in its constructor"
        )


def bound(layer: Recurrent[Any], weights: dict[str, Tensor]) -> Run:
    """Return what runs like the layer, over these weights in place of its cell's own."""
    if not torch.compiler.is_compiling():
        return partial(run, layer.cell.bind(**weights), engine=layer.engine)

    # A graph cannot hold the views that `bind` makes, but it knows what functional_call does.
    return partial(_call, layer, {f"cell.{name}": weight for name, weight in weights.items()})


def _call(
    layer: Recurrent[Any], weights: dict[str, Tensor], x: Tensor, state: Any, *, lengths: Tensor | None
) -> tuple[Tensor, Any]:
    result: tuple[Tensor, Any] = torch.func.functional_call(layer, weights, (x, state), {"lengths": lengths})
    return result
