"""What an objective is: what is asked of the outputs."""

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Bool, Float, Shaped
from torch import Tensor, nn
from torchmetrics import MetricCollection

from seqmodels.types import DataSpec


class Objective(nn.Module, ABC):
    """Compares outputs with targets, and turns outputs into predictions.

    Only valid rows or steps count, each as much as any other: `valid` says which they are.

    Args:
        spec: what the data holds.
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__()
        self.spec = spec
        self.output_size = spec.output_size

    @abstractmethod
    def loss(
        self,
        output: Float[Tensor, "*rows output"],
        target: Shaped[Tensor, "*target"],
        valid: Bool[Tensor, "*rows"],
    ) -> Float[Tensor, ""]:
        """The mean loss over valid rows."""

    @abstractmethod
    def predict(self, output: Float[Tensor, "*rows output"]) -> Shaped[Tensor, "..."]:
        """What a person would want to know instead of the output."""

    @abstractmethod
    def metrics(self) -> MetricCollection:
        """Fresh metrics, by name."""

    @abstractmethod
    def compared(
        self,
        output: Shaped[Tensor, "batch ..."],
        target: Shaped[Tensor, "*target"],
        valid: Bool[Tensor, "batch *time"],
    ) -> tuple[Any, Any]:
        """Predictions and targets of the valid rows."""

    def measured(
        self,
        output: Shaped[Tensor, "batch ..."],
        target: Shaped[Tensor, "*target"],
        valid: Bool[Tensor, "batch *time"],
        loss: Float[Tensor, ""],  # noqa: ARG002
    ) -> tuple[Any, Any]:
        """What the metrics are updated with: what is compared, unless an objective says otherwise.

        Args:
            output: what is judged.
            target: what it is judged by.
            valid: which rows count.
            loss: the mean over valid rows, computed before, for metrics which are functions of it.
        """
        return self.compared(output, target, valid)

    @abstractmethod
    def answers(self, output: Shaped[Tensor, "batch ..."], valid: Bool[Tensor, "batch *time"]) -> list[Any]:
        """For each row, in plain values, what a person has asked for."""
