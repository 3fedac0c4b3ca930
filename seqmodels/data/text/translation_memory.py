"""The cheapest translator: it looks up the most similar sentence it has seen."""

from collections.abc import Sequence

from sklearn.feature_extraction.text import TfidfVectorizer

CHUNK = 100


def nearest(seen: Sequence[str], asked: Sequence[str]) -> list[int]:
    """For each text that is asked for, the index of the most similar one among those seen.

    Similar is the cosine between TF-IDF weights of words and pairs of words.

    Args:
        seen: texts to choose from.
        asked: texts to find something similar to.

    Example:
        >>> nearest(["a red car", "the old house"], ["the red house", "an old car"])
        [1, 0]
    """
    weights = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\S+", sublinear_tf=True)
    rows = weights.fit_transform(seen).T.tocsr()
    found = []
    for start in range(0, len(asked), CHUNK):
        likeness = weights.transform(asked[start : start + CHUNK]) @ rows
        found += likeness.toarray().argmax(axis=1).tolist()
    return found
