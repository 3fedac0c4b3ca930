"""One of several classes."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from seqmodels.objectives.base import Objective


class Classification(Objective):
    """Cross-entropy over the classes of the data; accuracy and macro-averaged F1."""

    def loss(
        self,
        output: Float[Tensor, "*rows classes"],
        target: Int[Tensor, "*rows"],
        valid: Bool[Tensor, "*rows"],
    ) -> Float[Tensor, ""]:
        """-log p(class), in nats."""
        return F.cross_entropy(output[valid], target[valid])

    def predict(self, output: Float[Tensor, "*rows classes"]) -> Float[Tensor, "*rows classes"]:
        """The probability of each class."""
        return output.softmax(-1)

    def metrics(self) -> MetricCollection:
        """`accuracy` and `f1`."""
        # The loss has looked at the same classes before: checking them again takes longer than counting.
        return MetricCollection(
            {
                "accuracy": MulticlassAccuracy(self.output_size, average="micro", validate_args=False),
                "f1": MulticlassF1Score(self.output_size, average="macro", validate_args=False),
            }
        )

    def compared(
        self,
        output: Float[Tensor, "*rows classes"],
        target: Int[Tensor, "*rows"],
        valid: Bool[Tensor, "*rows"],
    ) -> tuple[Tensor, Tensor]:
        """Scores and classes."""
        return output[valid], target[valid]
