"""The next token of a large vocabulary."""

from collections.abc import Sequence

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqmodels.objectives.language import NextToken
from seqmodels.types import DataSpec


class AdaptiveLanguage(NextToken):
    r"""Cross-entropy of the next token by an adaptive softmax; perplexity.

    The frequent tokens have a score each; the rare ones share one per cluster, and are told apart only where the
    cluster is right:

    .. math:: p(w) = p(c)\, p(w \mid c)

    for a token :math:`w` of cluster :math:`c`, with scores within the cluster from a quarter of the features, or a
    sixteenth in the next cluster, and so on. This objective owns the scores' weights: it asks for features.

    Args:
        spec: what the data holds; its vocabulary should list frequent tokens first.
        features: asked of the head.
        cutoffs: where clusters begin, in the vocabulary; those beyond its end have no effect.

    Source:
        E. Grave, A. Joulin, M. Cissé, D. Grangier and H. Jégou, "Efficient softmax approximation for GPUs", ICML 2017;
        here over `torch.nn.AdaptiveLogSoftmaxWithLoss`.

    Example:
        >>> import torch
        >>> objective = AdaptiveLanguage(DataSpec("tokens", 100, 100), features=16, cutoffs=[10, 50])
        >>> objective.predict(torch.randn(2, 3, 16)).shape
        torch.Size([2, 3, 100])
    """

    def __init__(self, spec: DataSpec, features: int = 256, cutoffs: Sequence[int] = (2000, 10000)) -> None:
        super().__init__(spec)
        self.output_size = features
        last = spec.output_size - 1
        within = [cutoff for cutoff in cutoffs if cutoff < last]
        self.softmax = nn.AdaptiveLogSoftmaxWithLoss(features, spec.output_size, within or [last])

    def loss(
        self,
        output: Float[Tensor, "batch time features"],
        target: Int[Tensor, "batch time"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(token), in nats per token."""
        loss: Tensor = self.softmax(output[valid], target[valid]).loss
        return loss

    def log_probabilities(self, output: Float[Tensor, "*rows features"]) -> Float[Tensor, "*rows tokens"]:
        """log p of each token to come next."""
        logs: Tensor = self.softmax.log_prob(output.reshape(-1, self.output_size))
        return logs.reshape(*output.shape[:-1], -1)
