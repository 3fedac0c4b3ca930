"""What the rooms hand to each other: a batch, a state, and the description of a data set."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, TypeVar

import torch
from jaxtyping import Bool, Int, Shaped
from torch import Tensor

from seqmodels.plain_text import cut

S = TypeVar("S")

PADDING, UNKNOWN, START, END = "<pad>", "<unk>", "<start>", "<end>"
"""Entries of a vocabulary that are no text: the vocabulary and what turns tokens into texts agree on them."""

VOCABULARIES = ("vocabulary", "characters", "target_vocabulary")
DECIDING = ("inputs", "input_size", "classes", "output_size", "shape", *VOCABULARIES)
"""What two data sets must share for one model to read both, in the order in which differences are named."""

MAX_SHOWN = 60
"""Characters of a value in a message."""


class Batch(NamedTuple):
    """Sequences of unequal length, padded to the longest.

    `targets` has one entry per row (to one), one per step (to many, of the same length), or `target_lengths` of them
    (to many, of another length). What lies past a row's length is never read.
    """

    inputs: Shaped[Tensor, "batch time *features"]
    targets: Shaped[Tensor, "batch *target"]
    lengths: Int[Tensor, " batch"]
    target_lengths: Int[Tensor, " batch"] | None = None


@dataclass(frozen=True)
class DataSpec:
    """What a data set holds, in plain values: everything a model and its objective are built from.

    Args:
        inputs: what one step holds: `"tokens"`, an index into a vocabulary; `"words"`, that and the indices of the
            word's characters; `"values"`, a vector of numbers; `"images"`, a picture.
        input_size: number of vocabulary entries, of values, or of channels of a picture.
        output_size: number of classes, of values to predict, or of entries of the vocabulary that is written.
        padding_index: the vocabulary entry that stands for padding; None where there is none.
        classes: names of the classes, by index.
        vocabulary: the serialised `Vocabulary` of the inputs.
        characters: the serialised `Vocabulary` of the characters of a word.
        target_vocabulary: the serialised `Vocabulary` of what is written, where that is a sequence of its own.
        mean: of each predicted column over the training split; its values at several steps ahead share it; empty where
            targets are not standardised.
        std: standard deviation of each predicted column over the training split.
        streams: whether each batch continues the rows of the batch before it.
        columns: names of the values of one step.
        answers: names of the predicted values.
        shape: of a picture: (channels, height, width).
        raw: plain values that build the `RawInput`, so that a trained model reads what a person has.
    """

    inputs: Literal["tokens", "words", "values", "images"]
    input_size: int
    output_size: int
    padding_index: int | None = None
    classes: tuple[str, ...] = ()
    vocabulary: str | None = None
    characters: str | None = None
    target_vocabulary: str | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    streams: bool = False
    columns: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def difference(self, other: "DataSpec") -> str:
        """Return in what another data set differs, so that a model for this one cannot read it; empty if in nothing.

        Example:
            >>> DataSpec("values", 1, 2, classes=("a", "b")).difference(DataSpec("values", 1, 2, classes=("c", "d")))
            "classes ('a', 'b') and ('c', 'd')"
        """
        for name in DECIDING:
            mine, others = getattr(self, name), getattr(other, name)
            if mine != others and name in VOCABULARIES:
                return f"another {name.replace('_', ' ')}"
            if mine != others:
                return f"{name} {cut(repr(mine), MAX_SHOWN)} and {cut(repr(others), MAX_SHOWN)}"
        return ""

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "DataSpec":
        """The inverse of `to_dict`."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


def map_state(f: Callable[..., Tensor], state: S, *others: S) -> S:
    """Apply `f` to the corresponding tensors of one or several states, keeping their structure.

    Example:
        >>> from seqmodels.cells import LSTMState
        >>> state = LSTMState(h=torch.ones(2, 3), c=torch.zeros(2, 3))
        >>> map_state(lambda tensor: tensor[:1], state).h.shape
        torch.Size([1, 3])
    """
    if isinstance(state, Tensor):
        return f(state, *others)  # type: ignore[return-value]
    if not isinstance(state, tuple):
        raise TypeError(f"a state is a tensor or a tuple of states, not {type(state).__name__}")
    parts = [map_state(f, *part) for part in zip(state, *others, strict=True)]
    return type(state)(*parts) if hasattr(state, "_fields") else tuple(parts)  # type: ignore[return-value]


def valid_steps(lengths: Int[Tensor, " batch"], time: int) -> Bool[Tensor, "batch time"]:
    """Which of `time` steps lie within each row's length.

    Example:
        >>> valid_steps(torch.tensor([2, 0]), 3)
        tensor([[ True,  True, False],
                [False, False, False]])
    """
    return torch.arange(time, device=lengths.device) < lengths.unsqueeze(1)
