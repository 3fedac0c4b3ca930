"""Entities, by a tag for each word."""

from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy

from seqmodels.objectives.base import Objective
from seqmodels.objectives.entities import PAST_THE_END, EntityScores
from seqmodels.objectives.labels import labels_by_row


class EntityTagging(Objective):
    """Cross-entropy over the tags of the data; accuracy, and precision, recall and F1 of whole entities."""

    def loss(
        self,
        output: Float[Tensor, "batch time tags"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(tag), in nats per word."""
        return F.cross_entropy(output[valid], target[valid])

    def predict(self, output: Float[Tensor, "*rows tags"]) -> Float[Tensor, "*rows tags"]:
        """The probability of each tag."""
        return output.softmax(-1)

    def metrics(self) -> MetricCollection:
        """`accuracy`, and `entity_f1`, `entity_precision`, `entity_recall`."""
        accuracy = MulticlassAccuracy(self.output_size, average="micro", ignore_index=PAST_THE_END, validate_args=False)
        return MetricCollection({"accuracy": accuracy, "entities": EntityScores(self.spec.classes)})

    def compared(
        self,
        output: Float[Tensor, "batch time tags"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> tuple[Tensor, Tensor]:
        """Predicted and true tags of whole rows, the latter -1 past a row's end."""
        return output.argmax(-1), target.masked_fill(~valid, PAST_THE_END)

    def answers(self, output: Float[Tensor, "batch time tags"], valid: Bool[Tensor, "batch time"]) -> list[Any]:
        """For each row a list of `Label`s, one for each word."""
        return labels_by_row(self.predict(output), valid, self.spec.classes)
