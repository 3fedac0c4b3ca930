"""Layers on top of each other."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, cast

from jaxtyping import Float
from torch import Tensor, nn
from torch.fx import Proxy

from seqmodels.cells import Cell
from seqmodels.layers.base import Run, SequenceLayer
from seqmodels.layers.bidirectional import Bidirectional
from seqmodels.layers.engines import Choice, Engine
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.recurrent import Recurrent
from seqmodels.layers.tracing import call_as_leaf


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
        lengths: Lengths | None = None,
    ) -> tuple[Float[Tensor, "batch time output"], tuple[Any, ...]]:
        """The top layer's outputs, and the final state of every layer from the input upwards."""
        if isinstance(x, Proxy):
            return call_as_leaf(self, x, state, lengths=lengths)
        return one_upon_the_other(list(self.layers), x, state, read_lengths(lengths, x), self.dropout)

    def summary(self, y: Float[Tensor, "batch time output"], lengths: Lengths) -> Float[Tensor, "batch output"]:
        """That of the top layer."""
        return cast(SequenceLayer, self.layers[-1]).summary(y, lengths)

    def explain_engine(self, x: Float[Tensor, "batch time input"], *, lengths: Lengths | None = None) -> list[Choice]:
        """Those of all layers."""
        choices: list[Choice] = []
        for layer in cast(list[SequenceLayer], list(self.layers)):
            choices += layer.explain_engine(x.new_empty(*x.shape[:2], layer.input_size), lengths=lengths)
        return choices


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
        TypeError: `cell` builds no cells.
        ValueError: a size or `num_layers` is less than 1, or `num_layers` contradicts the list of sizes.

    Example:
        >>> import torch
        >>> from seqmodels.cells import GRUCell
        >>> stack = recurrent_stack(GRUCell, 3, [8, 5], bidirectional=True)
        >>> y, _ = stack(torch.randn(2, 7, 3))
        >>> y.shape
        torch.Size([2, 7, 10])
    """
    if not callable(cell) or isinstance(cell, nn.Module):
        given = repr(cell) if isinstance(cell, str) else f"a {type(cell).__name__}"
        raise TypeError(f"expected a class of cells, such as seqmodels.cells.LSTMCell, got {given}")
    sizes = [hidden_size] * num_layers if isinstance(hidden_size, int) else list(hidden_size)
    if num_layers < 1 or num_layers not in (1, len(sizes)):
        raise ValueError(f"num_layers={num_layers} contradicts hidden_size={hidden_size!r}")
    if not sizes or min(sizes) < 1:
        raise ValueError(f"hidden_size must be at least 1, got {hidden_size!r}")

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
