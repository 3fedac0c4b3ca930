"""A sequence that is spelt somewhere along the input, nobody says where."""

import warnings
from typing import Any

import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor
from torchmetrics import MetricCollection
from torchmetrics.text import CharErrorRate, WordErrorRate

from seqmodels.objectives.base import Objective
from seqmodels.objectives.text_metrics import ExactMatch, Texts
from seqmodels.types import PADDING, DataSpec

BLANK = 0


class CTC(Objective):
    """Connectionist temporal classification: every alignment of the target with the steps counts.

    At each step a token is named, or the blank, which is the entry for padding at index 0. An alignment spells what
    is left when repetitions are merged and blanks dropped. Targets have no end: they are padded with 0.

    Args:
        spec: what the data holds, with a `target_vocabulary`.

    Raises:
        ValueError: the spec has no `target_vocabulary`, or index 0 of it is not padding.

    Source:
        A. Graves et al., "Connectionist temporal classification", ICML 2006, equations 3 and 12.

    Example:
        >>> import torch
        >>> from seqmodels.data.vocabulary import Vocabulary
        >>> letters = Vocabulary.characters("no", marks=True)
        >>> objective = CTC(DataSpec("values", 1, len(letters), target_vocabulary=letters.to_json()))
        >>> n, o = letters.encode("no")
        >>> output = 9.0 * F.one_hot(torch.tensor([[n, n, 0, n, o, o]]), len(letters))
        >>> objective.compared(output, torch.tensor([[n, o]]), torch.ones(1, 6, dtype=torch.bool))
        (['nno'], ['no'])
    """

    def __init__(self, spec: DataSpec) -> None:
        super().__init__(spec)
        if spec.target_vocabulary is None:
            raise ValueError("CTC needs the vocabulary that is written, but the data's target_vocabulary is None")
        if Tokenizer.from_str(spec.target_vocabulary).token_to_id(PADDING) != BLANK:
            raise ValueError(f"CTC's blank is {PADDING!r} at index 0, but the target vocabulary has none there")
        self.texts = Texts(spec.target_vocabulary)

    def loss(
        self,
        output: Float[Tensor, "batch time vocabulary"],
        target: Int[Tensor, "batch tokens"],
        valid: Bool[Tensor, "batch time"],
    ) -> Float[Tensor, ""]:
        """-log p(targets), in nats per step of the input: so the mean of an epoch is the same for all batches.

        No alignment spells a target that is longer than its input, counting a blank between equal neighbours. Its
        loss would be infinite: it counts as 0, without a gradient, and a warning names the lengths.
        """
        steps, tokens = valid.sum(1), (target != BLANK).sum(1)
        needed = tokens + ((target[:, 1:] == target[:, :-1]) & (target[:, 1:] != BLANK)).sum(1)
        fits = needed <= steps
        if not fits.all():
            first = int((~fits).nonzero()[0])
            warnings.warn(
                f"a target that needs {needed[first]} steps does not fit into {steps[first]}: it adds 0 to the loss",
                stacklevel=2,
            )
        # The padding is not read, not even a NaN in it.
        log_p = output.masked_fill(~valid.unsqueeze(-1), 0).log_softmax(-1)
        each = F.ctc_loss(log_p.transpose(0, 1), target, steps, tokens * fits, blank=BLANK, reduction="none")
        return (each * fits).sum() / steps.sum()

    def predict(self, output: Float[Tensor, "batch time vocabulary"]) -> Int[Tensor, "batch time"]:
        """The token that is written at each step, 0 where none is: what the most probable alignment spells."""
        path = output.argmax(-1)
        before = F.pad(path, (1, 0), value=BLANK)[:, :-1]
        return path.masked_fill(path == before, BLANK)

    def metrics(self) -> MetricCollection:
        """`character_error_rate`, `word_error_rate` and `exact_match`."""
        # In groups, metrics whose sums are equal after one batch (words of one letter) would share them ever after.
        return MetricCollection(
            {
                "character_error_rate": CharErrorRate(),
                "word_error_rate": WordErrorRate(),
                "exact_match": ExactMatch(),
            },
            compute_groups=False,
        )

    def compared(
        self,
        output: Float[Tensor, "batch time vocabulary"],
        target: Int[Tensor, "batch tokens"],
        valid: Bool[Tensor, "batch time"],
    ) -> tuple[list[str], list[str]]:
        """What the most probable alignments spell, and the targets, as texts."""
        return self.answers(output, valid), self.texts.of(target)

    def answers(self, output: Float[Tensor, "batch time vocabulary"], valid: Bool[Tensor, "batch time"]) -> list[Any]:
        """The text of each row."""
        return self.texts.of(self.predict(output).masked_fill(~valid, BLANK))
