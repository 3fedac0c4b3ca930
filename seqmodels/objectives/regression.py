"""Numbers."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor
from torchmetrics import MeanAbsoluteError, MeanSquaredError, MetricCollection, R2Score

from seqmodels.objectives.base import Objective
from seqmodels.types import DataSpec


class Regression(Objective):
    """Squared error of standardised values; the metrics and predictions are in the data's own units.

    Metrics: `mse` (unit squared), `mae` (unit), `r2` (share of the variance explained, averaged over the values).

    Where several steps of the same columns are predicted, one after the other in a row, `spec.mean` and `spec.std` hold
    for each of the steps.
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__(spec)
        size = len(spec.answers) or spec.output_size
        mean, std = torch.tensor(spec.mean or [0.0] * size), torch.tensor(spec.std or [1.0] * size)
        self.register_buffer("mean", mean.repeat(size // len(mean)), persistent=False)
        self.register_buffer("std", std.repeat(size // len(std)), persistent=False)

    def loss(
        self,
        output: Float[Tensor, "*rows values"],
        target: Float[Tensor, "*rows values"],
        valid: Bool[Tensor, "*rows"],
    ) -> Float[Tensor, ""]:
        """Mean squared error in units of the training split's variance.

        Raises:
            ValueError: the answers are not one for each target; torch would spread them over the targets.
        """
        if output.shape != target.shape:
            raise ValueError(
                f"expected answers of the targets' shape {tuple(target.shape)}, got {tuple(output.shape)}: "
                "one answer for a sequence needs a pooling"
            )
        return F.mse_loss(output[valid], target[valid])

    def predict(self, output: Float[Tensor, "*rows values"]) -> Float[Tensor, "*rows values"]:
        """The values in their own units."""
        return output * self.std + self.mean  # type: ignore[operator]

    def metrics(self) -> MetricCollection:
        """`mse`, `mae` and `r2`."""
        return MetricCollection({"mse": MeanSquaredError(), "mae": MeanAbsoluteError(), "r2": R2Score()})

    def compared(
        self,
        output: Float[Tensor, "*rows values"],
        target: Float[Tensor, "*rows values"],
        valid: Bool[Tensor, "*rows"],
    ) -> tuple[Tensor, Tensor]:
        """Both in their own units."""
        return self.predict(output[valid]).detach(), self.predict(target[valid])

    def answers(self, output: Float[Tensor, "batch values"], valid: Bool[Tensor, " batch"]) -> list[Any]:  # noqa: ARG002
        """For each row its value, or the list of its values, in their own units."""
        return [row[0] if len(row) == 1 else row for row in self.predict(output).tolist()]
