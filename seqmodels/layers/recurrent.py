"""A cell over time."""

from functools import partial
from typing import Generic, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmodels.cells import Cell
from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.engines import AT_ONCE, ENGINES, Choice, Engine, choose, run
from seqmodels.layers.engines.checkpoint import checkpointed
from seqmodels.layers.scan import check_input, last_valid

S = TypeVar("S")


class Recurrent(SequenceLayer, Generic[S]):
    """A cell run over time.

    Args:
        cell: any cell.
        engine: who runs the equations, see `docs/engines.md`; `"auto"` takes the fastest that computes exactly what
            was asked, `"loop"` goes step by step under autograd.
        checkpoint_every: keep only the state before every so many steps and compute the rest again on the way back;
            None keeps everything. The square root of the number of steps is a good choice.

    Raises:
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
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], S]:
        """Every step's output and the final state."""
        if self.checkpoint_every is None or not torch.is_grad_enabled():
            return run(self.cell, x, state, lengths, self.engine)
        check_input(self.input_size, x, lengths)
        start = self.cell.initial_state(x) if state is None else state
        known = choose(self.cell, x, self.engine, ragged=lengths is not None).engine in AT_ONCE
        again = partial(run, engine=self.engine)
        return checkpointed(again, self.cell, x, start, lengths, self.checkpoint_every, known)

    def summary(
        self, y: Float[Tensor, "batch time output"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch output"]:
        """The output at the last valid step."""
        return last_valid(y, lengths)

    def explain_engine(
        self, x: Float[Tensor, "batch time input"], *, lengths: Int[Tensor, " batch"] | None = None
    ) -> list[Choice]:
        """The one choice.

        Example:
            >>> from seqmodels.cells import ChoGRUCell
            >>> Recurrent(ChoGRUCell(3, 5)).explain_engine(torch.randn(2, 7, 3))[0].engine
            'fused'
        """
        return [choose(self.cell, x, self.engine, ragged=lengths is not None)]
