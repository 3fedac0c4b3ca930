"""Cells over time: one direction, both directions, several layers."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Generic, NamedTuple, TypeVar, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmodels.cells import Cell
from seqmodels.layers.base import SequenceLayer
from seqmodels.layers.engines import ENGINES, Choice, Engine, choose, run
from seqmodels.layers.engines.checkpoint import checkpointed
from seqmodels.layers.scan import check_input, last_valid, reverse

S = TypeVar("S")
Run = Callable[..., tuple[Tensor, Any]]


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
        return checkpointed(partial(run, engine=self.engine), self.cell, x, start, lengths, self.checkpoint_every)

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


class BidirectionalState(NamedTuple):
    """State of a `Bidirectional` layer: one of each direction."""

    forward: Any
    backward: Any


class Bidirectional(SequenceLayer):
    """Two layers over the same sequence, one of them from its end; outputs side by side.

    The backward layer starts at each row's own last valid step, so padding is never read.

    Args:
        forward_layer: reads from the first step on.
        backward_layer: reads from the last valid step on.

    Raises:
        ValueError: the two expect different input sizes.

    Source:
        M. Schuster and K. K. Paliwal, "Bidirectional recurrent neural networks", IEEE Transactions on Signal
        Processing 45, 1997.
    """

    def __init__(self, forward_layer: SequenceLayer, backward_layer: SequenceLayer) -> None:
        super().__init__()
        if forward_layer.input_size != backward_layer.input_size:
            raise ValueError(
                f"both directions read the same input, got input sizes "
                f"{forward_layer.input_size} and {backward_layer.input_size}"
            )
        self.forward_layer, self.backward_layer = forward_layer, backward_layer
        self.input_size = forward_layer.input_size
        self.output_size = forward_layer.output_size + backward_layer.output_size

    def forward(
        self,
        x: Float[Tensor, "batch time input"],
        state: BidirectionalState | None = None,
        *,
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], BidirectionalState]:
        """Every step's outputs of both directions, and both final states."""
        return both_directions(self.forward_layer, self.backward_layer, x, state, lengths)

    def summary(
        self, y: Float[Tensor, "batch time output"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch output"]:
        """The forward half at the last valid step beside the backward half at the first."""
        halves = y.split([self.forward_layer.output_size, self.backward_layer.output_size], dim=-1)
        ahead = self.forward_layer.summary(halves[0], lengths)
        behind = self.backward_layer.summary(reverse(halves[1], lengths), lengths)
        return torch.cat([ahead, behind], dim=-1)

    def explain_engine(
        self, x: Float[Tensor, "batch time input"], *, lengths: Int[Tensor, " batch"] | None = None
    ) -> list[Choice]:
        """Those of both directions."""
        halves = (self.forward_layer, self.backward_layer)
        return [choice for half in halves for choice in half.explain_engine(x, lengths=lengths)]


class Stack(SequenceLayer):
    """Layers on top of each other, with dropout in between.

    Args:
        layers: from the input upwards.
        dropout: probability with which an output that goes into the next layer is dropped.

    Raises:
        ValueError: there is no layer, or one does not fit the one below.
    """

    def __init__(self, layers: Sequence[SequenceLayer], dropout: float = 0.0) -> None:
        super().__init__()
        if not layers:
            raise ValueError("a stack needs at least one layer, got none")
        for below, above in pairwise(layers):
            if below.output_size != above.input_size:
                raise ValueError(f"a layer of input size {above.input_size} lies on one of output {below.output_size}")
        self.layers = nn.ModuleList(layers)
        self.dropout = nn.Dropout(dropout)
        self.input_size, self.output_size = layers[0].input_size, layers[-1].output_size

    def forward(
        self,
        x: Float[Tensor, "batch time input"],
        state: tuple[Any, ...] | None = None,
        *,
        lengths: Int[Tensor, " batch"] | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], tuple[Any, ...]]:
        """The top layer's outputs, and the final state of every layer from the input upwards."""
        return one_upon_the_other(list(self.layers), x, state, lengths, self.dropout)

    def summary(
        self, y: Float[Tensor, "batch time output"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch output"]:
        """That of the top layer."""
        return cast(SequenceLayer, self.layers[-1]).summary(y, lengths)

    def explain_engine(
        self, x: Float[Tensor, "batch time input"], *, lengths: Int[Tensor, " batch"] | None = None
    ) -> list[Choice]:
        """Those of all layers."""
        choices: list[Choice] = []
        for layer in cast(list[SequenceLayer], list(self.layers)):
            choices += layer.explain_engine(x.new_empty(*x.shape[:2], layer.input_size), lengths=lengths)
        return choices


def both_directions(
    ahead: Run, behind: Run, x: Tensor, state: BidirectionalState | None, lengths: Tensor | None
) -> tuple[Tensor, BidirectionalState]:
    """`Bidirectional`, of anything that runs like a layer."""
    before = state or BidirectionalState(None, None)
    y_ahead, after_ahead = ahead(x, before.forward, lengths=lengths)
    y_behind, after_behind = behind(reverse(x, lengths), before.backward, lengths=lengths)
    return torch.cat([y_ahead, reverse(y_behind, lengths)], dim=-1), BidirectionalState(after_ahead, after_behind)


def one_upon_the_other(
    layers: Sequence[Run],
    x: Tensor,
    state: tuple[Any, ...] | None,
    lengths: Tensor | None,
    dropout: Callable[[Tensor], Tensor],
) -> tuple[Tensor, tuple[Any, ...]]:
    """`Stack`, of anything that runs like a layer."""
    final = []
    for depth, layer in enumerate(layers):
        x, after = layer(dropout(x) if depth else x, state[depth] if state else None, lengths=lengths)
        final.append(after)
    return x, tuple(final)


def recurrent_stack(  # noqa: PLR0913 (what four constructors ask for)
    cell: Callable[[int, int], Cell[Any]],
    input_size: int,
    hidden_size: int | Sequence[int],
    *,
    num_layers: int = 1,
    bidirectional: bool = False,
    dropout: float = 0.0,
    engine: Engine = "auto",
    checkpoint_every: int | None = None,
    init: Callable[[Cell[Any]], None] | None = None,
) -> Stack:
    """The common case: a stack of layers of one kind of cell.

    Args:
        cell: builds a cell from an input size and a hidden size.
        input_size: number of input features.
        hidden_size: units of each layer and direction; a list gives every layer its own.
        num_layers: number of layers; with a list of sizes it must be the list's length or 1.
        bidirectional: whether each layer reads in both directions.
        dropout: probability between layers.
        engine: see `Recurrent`.
        checkpoint_every: see `Recurrent`.
        init: applied to every cell once it is built.

    Raises:
        ValueError: `num_layers` is less than 1, or contradicts the list of sizes.

    Example:
        >>> from seqmodels.cells import GRUCell
        >>> stack = recurrent_stack(GRUCell, 3, [8, 5], bidirectional=True)
        >>> y, _ = stack(torch.randn(2, 7, 3))
        >>> y.shape
        torch.Size([2, 7, 10])
    """
    sizes = [hidden_size] * num_layers if isinstance(hidden_size, int) else list(hidden_size)
    if num_layers < 1 or num_layers not in (1, len(sizes)):
        raise ValueError(f"num_layers={num_layers} contradicts hidden_size={hidden_size!r}")

    def direction(below: int, size: int) -> Recurrent[Any]:
        built = cell(below, size)
        if init is not None:
            init(built)
        return Recurrent(built, engine, checkpoint_every=checkpoint_every)

    layers: list[SequenceLayer] = []
    for size in sizes:
        below = layers[-1].output_size if layers else input_size
        ahead = direction(below, size)
        layers.append(Bidirectional(ahead, direction(below, size)) if bidirectional else ahead)
    return Stack(layers, dropout)
