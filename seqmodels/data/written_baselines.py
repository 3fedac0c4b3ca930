"""How good texts are that a cheap baseline has written."""

from collections.abc import Sequence

from torchmetrics.functional.text import sacre_bleu_score

from seqmodels.data.vocabulary import Vocabulary


def written_baseline(written: Sequence[str], wanted: Sequence[str], vocabulary: Vocabulary) -> dict[str, float]:
    """The metrics of written texts after both went through the vocabulary: `exact`, and `bleu` in percent.

    Args:
        written: a text for each row.
        wanted: what it should be.
        vocabulary: of the written texts.

    Example:
        >>> words = Vocabulary.words(["a red circle on a blue square"], marks=True)
        >>> written_baseline(["a red circle on a red square"], ["a red circle on a blue square"], words)
        {'exact': 0.0, 'bleu': 64.3...}
    """
    said, true = (
        [vocabulary.decode(row) for row in vocabulary.encode_batch(list(texts))] for texts in (written, wanted)
    )
    exact = sum(a == b for a, b in zip(said, true, strict=True)) / len(true)
    return {"exact": exact, "bleu": 100 * float(sacre_bleu_score(said, [[text] for text in true]))}
