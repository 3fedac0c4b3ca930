"""Written texts, and metrics of texts and reference texts."""

from itertools import takewhile
from typing import Any

import torch
from jaxtyping import Float, Int
from tokenizers import Tokenizer
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.text import ROUGEScore, SacreBLEUScore

from seqmodels.types import END, PADDING, START


class Texts:
    """From tokens to what a person reads.

    Args:
        vocabulary: a serialised `Vocabulary`.

    Example:
        >>> from seqmodels.data.vocabulary import Vocabulary
        >>> notes = Vocabulary.listed(["60", "62", "rest"], marks=True)
        >>> tokens = torch.tensor([notes.encode("<start> 60 62 <end> rest"), notes.encode("60 <pad> rest <pad> <pad>")])
        >>> Texts(notes.to_json()).of(tokens)
        ['60 62', '60 rest']
    """

    def __init__(self, vocabulary: str) -> None:
        self._tokenizer = Tokenizer.from_str(vocabulary)
        self._end: int | None = self._tokenizer.token_to_id(END)
        self._silent = {self._tokenizer.token_to_id(mark) for mark in (PADDING, START)}

    def of(self, tokens: Int[Tensor, "batch tokens"]) -> list[str]:
        """The text of each row up to its end, without padding and start."""
        rows = [
            [token for token in takewhile(lambda t: t != self._end, row) if token not in self._silent]
            for row in tokens.tolist()
        ]
        return list(self._tokenizer.decode_batch(rows, skip_special_tokens=False))


def entries(vocabulary: str) -> list[str]:
    """Every entry of a serialised `Vocabulary`, by index."""
    indices = Tokenizer.from_str(vocabulary).get_vocab()
    return sorted(indices, key=indices.__getitem__)


class Bleu(SacreBLEUScore):
    """BLEU in percent, over the whole corpus: up to four words, tokenised as `13a`, the figure of sacreBLEU.

    Where no n-gram of a length is right, torchmetrics says 0; here as in sacreBLEU the precision is then 1 / (2^k n)
    for the k-th such length, of n n-grams ("exp" smoothing).

    Source:
        K. Papineni et al., "BLEU: a method for automatic evaluation of machine translation", ACL 2002.
        M. Post, "A call for clarity in reporting BLEU scores", WMT 2018.

    Example:
        >>> bleu = Bleu()
        >>> bleu(["The dog bit the man."], ["The dog had bit the man."]).item()
        51.1...
    """

    def __init__(self) -> None:
        super().__init__(tokenize="13a")

    def update(self, predicted: list[str], target: list[str]) -> None:  # type: ignore[override]
        """Add texts and their reference texts.

        Raises:
            ValueError: there are more of the ones than of the others.
        """
        _check_pairs(predicted, target)
        super().update(predicted, [[text] for text in target])

    def compute(self) -> Float[Tensor, ""]:
        """Percent."""
        if not self.numerator.any() or not self.denominator.all():
            return self.numerator.new_zeros(())
        wrong = self.numerator == 0
        smoothed = torch.where(wrong, 0.5 ** wrong.cumsum(0), self.numerator)
        brevity = torch.exp(1 - self.target_len / self.preds_len).clamp(max=1)
        return 100 * brevity * (smoothed / self.denominator).log().mean().exp()


class Rouge(ROUGEScore):
    """ROUGE-1, ROUGE-2 and ROUGE-L: F-measures averaged over texts, as `rouge1`, `rouge2` and `rougeL`.

    Texts are lowercased; everything but a to z and 0 to 9 separates words.

    Source:
        C.-Y. Lin, "ROUGE: a package for automatic evaluation of summaries", ACL workshop 2004.

    Example:
        >>> Rouge()(["My name is John"], ["Is your name John"])
        {'rouge1': tensor(0.7500), 'rouge2': tensor(0.), 'rougeL': tensor(0.5000)}
    """

    def __init__(self) -> None:
        super().__init__(rouge_keys=("rouge1", "rouge2", "rougeL"))

    def update(self, predicted: list[str], target: list[str]) -> None:  # type: ignore[override]
        """Add texts and their reference texts.

        Raises:
            ValueError: there are more of the ones than of the others.
        """
        _check_pairs(predicted, target)
        super().update(predicted, target)

    def compute(self) -> dict[str, Tensor]:
        """Between 0 and 1."""
        measured = super().compute()
        return {key: measured[f"{key}_fmeasure"] for key in self.rouge_keys}


class ExactMatch(Metric):
    """Share of texts that are equal to their reference texts.

    Example:
        >>> ExactMatch()(["a b", "c"], ["a b", "d"])
        tensor(0.5000)
    """

    higher_is_better = True
    full_state_update = False
    equal: Tensor
    count: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("equal", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")
        self.add_state("count", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, predicted: list[str], target: list[str]) -> None:
        """Add texts and their reference texts.

        Raises:
            ValueError: there are more of the ones than of the others.
        """
        _check_pairs(predicted, target)
        self.equal += sum(text == reference for text, reference in zip(predicted, target, strict=True))
        self.count += len(predicted)

    def compute(self) -> Float[Tensor, ""]:
        """The share."""
        return self.equal / self.count


def _check_pairs(predicted: list[str], target: list[str]) -> None:
    if len(predicted) != len(target):
        raise ValueError(f"expected as many texts as reference texts, got {len(predicted)} and {len(target)}")
