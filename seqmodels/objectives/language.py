"""The next token."""

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.text import Perplexity

from seqmodels.objectives.base import Objective


class BitsPerCharacter(Perplexity):
    """Binary logarithm of the perplexity: the bits an ideal coder would spend on each character."""

    def compute(self) -> Tensor:
        """Bits."""
        return super().compute().log2()


class Language(Objective):
    """Cross-entropy of the next token; perplexity and bits per character."""

    def loss(
        self,
        output: Float[Tensor, "batch time tokens"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(token), in nats per token."""
        return F.cross_entropy(output[valid], target[valid])

    def predict(self, output: Float[Tensor, "*rows tokens"]) -> Float[Tensor, "*rows tokens"]:
        """The probability of each token to come next."""
        return output.softmax(-1)

    def metrics(self) -> MetricCollection:
        """`perplexity` and `bits_per_character`."""
        return MetricCollection({"perplexity": Perplexity(), "bits_per_character": BitsPerCharacter()})

    def compared(
        self,
        output: Float[Tensor, "batch time tokens"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> tuple[Tensor, Tensor]:
        """Scores and tokens, as one long row."""
        return output[valid].detach().unsqueeze(0), target[valid].unsqueeze(0)
