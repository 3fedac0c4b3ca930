"""The next token."""

from abc import abstractmethod
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import MeanMetric, MetricCollection

from seqmodels.objectives.base import Objective
from seqmodels.objectives.labels import labels
from seqmodels.objectives.text_metrics import entries
from seqmodels.types import DataSpec

SHOWN = 100


class Perplexity(MeanMetric):
    """e to the mean loss in nats: of how many equally probable tokens it would be as hard to guess the right one.

    It is updated with the mean loss of some tokens and their number, as scores of all tokens would be too many.
    """

    def compute(self) -> Tensor:
        """A number of tokens."""
        return super().compute().exp()


class BitsPerCharacter(MeanMetric):
    """Binary logarithm of the perplexity: the bits an ideal coder would spend on each character."""

    def compute(self) -> Tensor:
        """Bits."""
        return super().compute() / torch.tensor(2.0).log()


class NextToken(Objective):
    """Cross-entropy of the next token, and its perplexity."""

    @abstractmethod
    def loss(
        self,
        output: Float[Tensor, "batch time output"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(token), in nats per token."""

    @abstractmethod
    def log_probabilities(self, output: Float[Tensor, "*rows output"]) -> Float[Tensor, "*rows tokens"]:
        """log p of each token to come next."""

    def predict(self, output: Float[Tensor, "*rows output"]) -> Float[Tensor, "*rows tokens"]:
        """The probability of each token to come next."""
        return self.log_probabilities(output).exp()

    def metrics(self) -> MetricCollection:
        """`perplexity`."""
        return MetricCollection({"perplexity": Perplexity()})

    def compared(
        self,
        output: Float[Tensor, "batch time output"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> tuple[Float[Tensor, "rows tokens"], Int[Tensor, " rows"]]:
        """log p of each token, and the tokens that came."""
        return self.log_probabilities(output[valid]), target[valid]

    def measured(
        self,
        output: Float[Tensor, "batch time output"],  # noqa: ARG002
        target: Int[Tensor, "batch time"],  # noqa: ARG002
        valid: Bool[Tensor, "batch time"],
        loss: Float[Tensor, ""],
    ) -> tuple[Float[Tensor, ""], Int[Tensor, ""]]:
        """The mean loss and the number of tokens: the scores of a large vocabulary are not looked at again."""
        return loss, valid.sum()

    def answers(self, output: Float[Tensor, "batch time output"], valid: Bool[Tensor, "batch time"]) -> list[Any]:
        """For each row the `Label` of the token that comes next, among the most probable 100.

        Raises:
            ValueError: the data has no vocabulary.
        """
        if self.spec.vocabulary is None:
            raise ValueError("the next token has no name: the data has no vocabulary")
        last = output[torch.arange(len(output)), valid.sum(1) - 1]
        return labels(self.predict(last), entries(self.spec.vocabulary), most=SHOWN)


class Language(NextToken):
    """Cross-entropy of the next token, by a score for each; perplexity and bits per character.

    Args:
        spec: what the data holds.
        characters: whether the tokens are characters; else there are no bits per character.
    """

    def __init__(self, spec: DataSpec, characters: bool = True) -> None:
        super().__init__(spec)
        self.characters = characters

    def loss(
        self,
        output: Float[Tensor, "batch time tokens"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(token), in nats per token."""
        return F.cross_entropy(output[valid], target[valid])

    def log_probabilities(self, output: Float[Tensor, "*rows tokens"]) -> Float[Tensor, "*rows tokens"]:
        """log p of each token to come next."""
        return output.log_softmax(-1)

    def metrics(self) -> MetricCollection:
        """`perplexity` and, of characters, `bits_per_character`."""
        bits = {"bits_per_character": BitsPerCharacter()} if self.characters else {}
        return MetricCollection({"perplexity": Perplexity(), **bits})
