"""One of several classes."""

from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from seqmodels.objectives.base import Objective
from seqmodels.objectives.labels import labels_by_row
from seqmodels.types import DataSpec


class ClassF1(MulticlassF1Score):
    """F1 of one class.

    Args:
        num_classes: of the data.
        index: of the class.
    """

    def __init__(self, num_classes: int, index: int) -> None:
        super().__init__(num_classes, average="none", validate_args=False)
        self.index = index

    def compute(self) -> Tensor:
        """Of that class."""
        return super().compute()[self.index]


class Classification(Objective):
    """Cross-entropy over the classes of the data.

    Metrics: `accuracy`; `f1`, the mean over the classes; of two classes that have names, `f1_<class>` for each.

    Args:
        spec: what the data holds.
        label_smoothing: share of the target that is spread evenly over all classes in training.

    Raises:
        ValueError: `label_smoothing` is not in [0, 1).

    Source:
        C. Szegedy et al., "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7.
    """

    def __init__(self, spec: DataSpec, *, label_smoothing: float = 0.0) -> None:
        super().__init__(spec)
        if not 0 <= label_smoothing < 1:
            raise ValueError(f"label_smoothing must lie in [0, 1), got {label_smoothing}")
        self.label_smoothing = label_smoothing

    def loss(
        self,
        output: Float[Tensor, "*rows classes"],
        target: Int[Tensor, "*rows"],
        valid: Bool[Tensor, "*rows"],
    ) -> Float[Tensor, ""]:
        """-log p(class), in nats; in training against the smoothed target."""
        smoothing = self.label_smoothing if self.training else 0.0
        return F.cross_entropy(output[valid], target[valid], label_smoothing=smoothing)

    def predict(self, output: Float[Tensor, "*rows classes"]) -> Float[Tensor, "*rows classes"]:
        """The probability of each class."""
        return output.softmax(-1)

    def metrics(self) -> MetricCollection:
        """`accuracy`, `f1`, and of two classes the F1 of each."""
        # The loss has looked at the same classes before: checking them again takes longer than counting. Weighted by
        # how often a class occurs, accuracy is the share of right answers, from the same counts as F1: one update.
        two = self.spec.classes if len(self.spec.classes) == 2 else ()
        return MetricCollection(
            {
                "accuracy": MulticlassAccuracy(self.output_size, average="weighted", validate_args=False),
                "f1": MulticlassF1Score(self.output_size, average="macro", validate_args=False),
                **{f"f1_{name}": ClassF1(self.output_size, index) for index, name in enumerate(two)},
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

    def answers(self, output: Float[Tensor, "batch *time classes"], valid: Bool[Tensor, "batch *time"]) -> list[Any]:
        """A `Label` for each row, or a list of them, one for each step."""
        return labels_by_row(self.predict(output), valid, self.spec.classes)
