"""A sequence of tokens that is written."""

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import Metric, MetricCollection

from seqmodels.objectives.base import Objective
from seqmodels.objectives.text_metrics import Texts
from seqmodels.types import DataSpec

NOT_A_TOKEN = -100


class Generation(Objective):
    """Cross-entropy of the next token, given those before it; metrics of the texts that are written freely.

    Args:
        spec: what the data holds, with a `target_vocabulary`.
        metrics: by name, metrics of texts and reference texts.
        label_smoothing: share of the target's probability that is spread over all tokens (C. Szegedy et al.,
            "Rethinking the Inception architecture for computer vision", CVPR 2016, section 7). In training only:
            the loss of validation and test is not smoothed.

    Raises:
        ValueError: the spec has no `target_vocabulary`.
    """

    def __init__(self, spec: DataSpec, metrics: Mapping[str, Metric], label_smoothing: float = 0.0) -> None:
        super().__init__(spec)
        if spec.target_vocabulary is None:
            raise ValueError("what is written needs a target vocabulary, the data has none")
        self.texts = Texts(spec.target_vocabulary)
        self.text_metrics = dict(metrics)
        self.label_smoothing = label_smoothing

    def loss(
        self,
        output: Float[Tensor, "batch steps tokens"],
        target: Int[Tensor, "batch steps"],
        valid: Bool[Tensor, "batch steps"],
    ) -> Float[Tensor, ""]:
        """-log p(token), in nats per token."""
        smoothing = self.label_smoothing if self.training else 0.0
        # What is not valid is marked, not cut out: a copy of the scores of a large vocabulary costs more than they do.
        marked = target.masked_fill(~valid, NOT_A_TOKEN).flatten()
        return F.cross_entropy(output.flatten(0, 1), marked, ignore_index=NOT_A_TOKEN, label_smoothing=smoothing)

    def predict(self, output: Float[Tensor, "*rows tokens"]) -> Float[Tensor, "*rows tokens"]:
        """The probability of each token to come next."""
        return output.softmax(-1)

    def metrics(self) -> MetricCollection:
        """Those that were given."""
        return MetricCollection({name: metric.clone() for name, metric in self.text_metrics.items()})

    def compared(
        self,
        output: Int[Tensor, "batch written"],
        target: Int[Tensor, "batch steps"],
        valid: Bool[Tensor, "batch steps"],
    ) -> tuple[list[str], list[str]]:
        """What was written, and what should have been."""
        return self.texts.of(output), self.texts.of(target.masked_fill(~valid, 0))

    def answers(self, output: Int[Tensor, "batch written"], valid: Bool[Tensor, "batch written"]) -> list[Any]:
        """The text that was written for each row."""
        return self.texts.of(output.masked_fill(~valid, 0))
