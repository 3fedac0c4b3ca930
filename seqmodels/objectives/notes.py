"""The notes that sound together."""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.classification import MultilabelF1Score, MultilabelJaccardIndex

from seqmodels.objectives.base import Objective
from seqmodels.types import DataSpec

RAREST = 1e-4


class Notes(Objective):
    """Each key of a piano sounds or not, independently of the others given all that came before.

    An output is how much more a key's log-odds are than those of its share of the training steps (`spec.mean`), so that
    a model begins with what is known without looking, and not with half the keys of a piano sounding.

    The loss is the negative log-likelihood of a whole step: summed over the keys, averaged over the steps. The metrics
    take a key to sound where its probability is at least one half, and count over all keys and steps together: `f1`,
    and `frame_accuracy`, which leaves the keys rightly silent out.

    Source:
        N. Boulanger-Lewandowski, Y. Bengio and P. Vincent, "Modeling temporal dependencies in high-dimensional
        sequences", ICML 2012, for the likelihood; M. Bay, A. F. Ehmann and J. S. Downie, "Evaluation of multiple-F0
        estimation and tracking systems", ISMIR 2009, for the accuracy TP / (TP + FP + FN).
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__(spec)
        share = torch.tensor(spec.mean or [0.5] * spec.output_size).clamp(RAREST, 1 - RAREST)
        self.register_buffer("usual", share.logit(), persistent=False)

    def loss(
        self,
        output: Float[Tensor, "*rows keys"],
        target: Float[Tensor, "*rows keys"],
        valid: Bool[Tensor, "*rows"],
    ) -> Float[Tensor, ""]:
        """-log p(notes), in nats per step."""
        return (
            F.binary_cross_entropy_with_logits(self.log_odds(output[valid]), target[valid], reduction="none")
            .sum(-1)
            .mean()
        )

    def log_odds(self, output: Float[Tensor, "*rows keys"]) -> Float[Tensor, "*rows keys"]:
        """Of each key, to sound."""
        return output + self.usual  # type: ignore[operator]

    def predict(self, output: Float[Tensor, "*rows keys"]) -> Float[Tensor, "*rows keys"]:
        """The probability of each key to sound."""
        return self.log_odds(output).sigmoid()

    def metrics(self) -> MetricCollection:
        """`f1` and `frame_accuracy`."""
        return MetricCollection(
            {
                "f1": MultilabelF1Score(self.output_size, average="micro", validate_args=False),
                "frame_accuracy": MultilabelJaccardIndex(self.output_size, average="micro", validate_args=False),
            }
        )

    def compared(
        self,
        output: Float[Tensor, "*rows keys"],
        target: Float[Tensor, "*rows keys"],
        valid: Bool[Tensor, "*rows"],
    ) -> tuple[Float[Tensor, "steps keys"], Int[Tensor, "steps keys"]]:
        """Probabilities and notes."""
        return self.predict(output[valid]), target[valid].long()

    def answers(self, output: Float[Tensor, "batch time keys"], valid: Bool[Tensor, "batch time"]) -> list[Any]:
        """For each row the notes that sound next, by name and from low to high, as one text: `C4 E4 G4`.

        Empty where all keys are silent. A key without a name has its number.
        """
        last = output[torch.arange(len(output)), valid.sum(1) - 1]
        names = self.spec.answers or [str(key) for key in range(self.output_size)]
        return [" ".join(names[key] for key in row.nonzero()[:, 0].tolist()) for row in self.predict(last) >= 0.5]
