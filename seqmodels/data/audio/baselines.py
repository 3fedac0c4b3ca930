"""What a model of sound must beat to have learnt anything: predictions without time order, or with hardly any."""

from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torchmetrics.functional.text import char_error_rate, word_error_rate

Floats = NDArray[np.float64]
Steps = NDArray[np.float32]


def class_by_spectrum(
    train: Iterable[Tensor], labels: Sequence[str], test: Iterable[Tensor], wanted: Sequence[str]
) -> float:
    """Accuracy of logistic regression on the mean and the standard deviation of each feature over time.

    Args:
        train: the features of each recording to train on, (time, features).
        labels: their classes.
        test: of each recording to be judged by.
        wanted: their classes.

    Example:
        >>> import torch
        >>> low, high = torch.zeros(3, 1), torch.ones(3, 1)
        >>> class_by_spectrum([low, high], ["low", "high"], [low, high, high], ["low", "high", "low"])
        0.6666666666666666
    """
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(_summaries((row.numpy() for row in train), slices=1), labels)
    return float(model.score(_summaries((row.numpy() for row in test), slices=1), wanted))


def tokens_by_flat_start(
    train: Iterable[Tensor], tokens: Sequence[Sequence[int]], test: Iterable[Tensor], *, most: int = 2000
) -> list[list[int]]:
    """What is said, if every token lasts as long as its neighbours.

    Each training recording is cut into pieces of equal length, one for each token, and a linear classifier (least
    squares) learns to tell the token from the means and standard deviations of the features in the halves of a piece.
    A new recording is cut into as many pieces as recordings of its length have by linear regression.

    Args:
        train: the features of each training recording, (time, features).
        tokens: what is said in them.
        test: of each recording to be judged by.
        most: how many of the training recordings are looked at.

    Returns:
        Tokens for each recording of `test`.

    Example:
        >>> import torch
        >>> low = torch.tensor([[0.0], [0.2], [0.1], [0.3]])
        >>> high = low + 5
        >>> train = [low, high, torch.cat([low, high, high]), torch.cat([high, low])]
        >>> tokens_by_flat_start(train, [[4], [5], [4, 5, 5], [5, 4]], [torch.cat([low, high])])
        [[4, 5]]
    """
    heard = [recording.numpy() for recording in islice(train, most)]
    known = [list(row) for row in tokens[:most]]
    pieces = [piece for steps, row in zip(heard, known, strict=True) for piece in _pieces(steps, len(row))]
    model = make_pipeline(StandardScaler(), RidgeClassifier())
    model.fit(_summaries(pieces, slices=2), [token for row in known for token in row])
    counts = LinearRegression().fit([[len(steps)] for steps in heard], [len(row) for row in known])
    said = []
    for recording in test:
        count = max(1, round(float(counts.predict([[len(recording)]])[0])))
        said.append(model.predict(_summaries(_pieces(recording.numpy(), count), slices=2)).tolist())
    return said


def error_rates(said: list[str], wanted: list[str]) -> dict[str, float]:
    """Of texts and reference texts: `word_error_rate` and `character_error_rate`, as the metrics are named.

    Example:
        >>> error_rates(["oh", "ee"], ["eh", "ee"])
        {'word_error_rate': 0.5, 'character_error_rate': 0.25}
    """
    return {
        "word_error_rate": float(word_error_rate(said, wanted)),
        "character_error_rate": float(char_error_rate(said, wanted)),
    }


def _pieces(steps: Steps, count: int) -> list[Steps]:
    """Of equal length, none empty."""
    bounds = np.linspace(0, len(steps), count + 1).astype(int)
    return [steps[min(start, len(steps) - 1) : max(stop, start + 1)] for start, stop in pairwise(bounds.tolist())]


def _summaries(recordings: Iterable[Steps], slices: int) -> Floats:
    """Of each recording: its length, and the mean and standard deviation of its features in each slice."""
    return np.stack([_summary(recording, slices) for recording in recordings])


def _summary(steps: Steps, slices: int) -> Floats:
    parts = _pieces(steps, slices)
    return np.concatenate([[len(steps)], *(part.mean(0) for part in parts), *(part.std(0) for part in parts)])
