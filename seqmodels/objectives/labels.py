"""Probabilities of classes, as a person reads them."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxtyping import Bool, Float
from torch import Tensor


class Label(NamedTuple):
    """A predicted class.

    Attributes:
        label: name of the class.
        probability: of that class.
        probabilities: of each class.
        unknown: words of the input that the model was not trained on.
        guess: whether that is all of them, so that the answer says nothing.
    """

    label: str
    probability: float
    probabilities: dict[str, float]
    unknown: tuple[str, ...] = ()
    guess: bool = False


def labels(probabilities: Float[Tensor, "rows classes"], names: Sequence[str], most: int | None = None) -> list[Label]:
    """The most probable class of each row, and the probabilities of all, or of so many at most.

    Example:
        >>> import torch
        >>> labels(torch.tensor([[0.25, 0.75]]), ["no", "yes"])[0][:3]
        ('yes', 0.75, {'no': 0.25, 'yes': 0.75})
    """
    count = len(names) if most is None else min(most, len(names))
    kept = [sorted(row) for row in probabilities.topk(count).indices.tolist()]
    best = probabilities.argmax(-1).tolist()
    rows = zip(best, probabilities.tolist(), kept, strict=True)
    return [Label(names[i], row[i], {names[j]: row[j] for j in shown}) for i, row, shown in rows]


def labels_by_row(
    probabilities: Float[Tensor, "batch *time classes"], valid: Bool[Tensor, "batch *time"], names: Sequence[str]
) -> list[Label] | list[list[Label]]:
    """A label for each row, or for each valid step of it."""
    if valid.ndim == 1:
        return labels(probabilities, names)
    return [labels(row[steps], names) for row, steps in zip(probabilities, valid, strict=True)]
