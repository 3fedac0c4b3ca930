"""What a language model must beat to have learnt anything: n-grams."""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]


def witten_bell(train: Indices, test: Indices, vocabulary_size: int, *, order: int = 6) -> Floats:
    r"""The probability an interpolated n-gram model of `train` gives to each token of `test`.

    For a history :math:`h` of :math:`n` tokens, and :math:`h'` the same without its oldest token,

    .. math:: p(w \mid h) = \frac{c(hw) + t(h)\, p(w \mid h')}{c(h) + t(h)}

    where :math:`c` counts occurrences in `train`, each with a token to follow, and :math:`t(h)` is the number
    of different tokens that follow :math:`h`. The shorter history alone decides where :math:`h` never occurs,
    and the empty history falls back on :math:`1/V`. No history reaches past the beginning of its text.

    Args:
        train: token indices to count.
        test: token indices to predict, each from those before it.
        vocabulary_size: V, the number of entries an index can stand for.
        order: longest history and the predicted token together, in tokens.

    Returns:
        One probability per token of `test`.

    Source: Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory 37(4),
        1991, method C; in the interpolated form of Chen and Goodman, "An empirical study of smoothing
        techniques for language modeling", 1998, section 2.5.

    Example:
        >>> witten_bell(np.array([0, 1, 0, 1]), np.array([0, 1]), vocabulary_size=2).round(3)
        array([0.5  , 0.833])
    """
    # Either text begins with marks of its own: a history that reaches them is never found in the other text.
    marks = np.ones(order - 1, dtype=np.int64)
    text = np.concatenate([vocabulary_size * marks, train, (vocabulary_size + 1) * marks, test])
    trained = slice(order - 1, order - 1 + len(train))
    tested = slice(len(text) - len(test), len(text))

    histories = np.zeros(len(text), dtype=np.int64)  # a number for the history of each position, at first the empty one
    num_histories = 1
    probabilities = np.full(len(test), 1 / vocabulary_size)
    for _ in range(order):
        codes, grams = np.unique(histories * (vocabulary_size + 2) + text, return_inverse=True)
        gram_counts = np.bincount(grams[trained], minlength=len(codes))
        history_counts = np.bincount(histories[trained], minlength=num_histories)
        followers = np.bincount(codes[gram_counts > 0] // (vocabulary_size + 2), minlength=num_histories)

        history = histories[tested]
        total, types = history_counts[history] + followers[history], followers[history]
        interpolated = (gram_counts[grams[tested]] + types * probabilities) / np.maximum(total, 1)
        probabilities = np.where(total > 0, interpolated, probabilities)
        histories, num_histories = np.roll(grams, 1), len(codes)
    return probabilities
