"""Named entities: runs of words with a tag of the same kind."""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor
from torchmetrics import Metric

PAST_THE_END = -1


class EntityScores(Metric):
    """Precision, recall and F1 of whole entities: one counts if its first word, its last word and its kind are right.

    Tags are `O` for no entity, and `I-<kind>` and possibly `B-<kind>` for words of one. An entity begins at `B-`,
    and at `I-` behind anything but the same kind. So the formats IO, IOB1 and IOB2 are read alike; in IO,
    entities of one kind without a word in between are taken for one.

    Args:
        tags: by class index.

    Raises:
        ValueError: a tag is none of these.

    Source:
        E. F. Tjong Kim Sang and F. De Meulder, "Introduction to the CoNLL-2003 shared task", CoNLL 2003, for the
        scores; counted by seqeval.

    Example:
        >>> scores = EntityScores(["O", "B-PER", "I-PER", "B-LOC"])
        >>> scores.update(torch.tensor([[1, 2, 0, 3]]), torch.tensor([[1, 2, 0, 1]]))
        >>> {name: value.item() for name, value in scores.compute().items()}
        {'entity_f1': 0.5, 'entity_precision': 0.5, 'entity_recall': 0.5}
    """

    right: Tensor
    predicted: Tensor
    actual: Tensor

    def __init__(self, tags: Sequence[str]) -> None:
        super().__init__()
        for tag in tags:
            if tag != "O" and tag[:2] not in ("B-", "I-"):
                raise ValueError(f"a tag of an entity is O, B-<kind> or I-<kind>, got {tag!r}")
        self.tags = list(tags)
        for name in ("right", "predicted", "actual"):
            self.add_state(name, torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, predicted: Int[Tensor, "batch time"], actual: Int[Tensor, "batch time"]) -> None:
        """Count a batch; where `actual` is negative, the row has ended."""
        lengths = (actual >= 0).sum(1).tolist()
        for said, true, length in zip(predicted.tolist(), actual.tolist(), lengths, strict=True):
            found, expected = self._entities(said[:length]), self._entities(true[:length])
            self.right += len(found & expected)
            self.predicted += len(found)
            self.actual += len(expected)

    def compute(self) -> dict[str, Tensor]:
        """`entity_f1`, `entity_precision` and `entity_recall`; zero where there is nothing to count."""
        right = self.right.double()
        return {
            "entity_f1": (2 * right / (self.predicted + self.actual).clamp(min=1)).float(),
            "entity_precision": (right / self.predicted.clamp(min=1)).float(),
            "entity_recall": (right / self.actual.clamp(min=1)).float(),
        }

    def _entities(self, row: list[int]) -> set[tuple[str, int, int]]:
        # Imports scikit-learn, which a model that is only asked does not need.
        from seqeval.metrics.sequence_labeling import get_entities  # noqa: PLC0415

        return set(get_entities([self.tags[i] for i in row]))
