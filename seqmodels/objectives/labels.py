"""Probabilities of classes, as a person reads them."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class Label(NamedTuple):
    """A predicted class."""

    label: str
    probability: float
    probabilities: dict[str, float]


def labels(probabilities: Float[Tensor, "rows classes"], names: Sequence[str]) -> list[Label]:
    """The most probable class of each row, and all of them.

    Example:
        >>> import torch
        >>> labels(torch.tensor([[0.25, 0.75]]), ["no", "yes"])[0]
        Label(label='yes', probability=0.75, probabilities={'no': 0.25, 'yes': 0.75})
    """
    best = probabilities.argmax(-1).tolist()
    rows = zip(best, probabilities.tolist(), strict=True)
    return [Label(names[i], row[i], dict(zip(names, row, strict=True))) for i, row in rows]


def labels_by_row(
    probabilities: Float[Tensor, "batch *time classes"], valid: Bool[Tensor, "batch *time"], names: Sequence[str]
) -> list[Label] | list[list[Label]]:
    """A label for each row, or for each valid step of it."""
    if valid.ndim == 1:
        return labels(probabilities, names)
    return [labels(row[steps], names) for row, steps in zip(probabilities, valid, strict=True)]
