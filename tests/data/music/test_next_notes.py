"""The baseline of polyphonic music, compared with scikit-learn's logistic regression."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, jaccard_score

from seqmodels.data.music.next_notes import next_notes
from seqmodels.data.music.notes import NUM_KEYS, Roll


def rolls(seed: int, count: int) -> list[Roll]:
    """A few keys follow each other, with some chance."""
    random = np.random.default_rng(seed)
    pieces = []
    for _ in range(count):
        roll = np.zeros((12, NUM_KEYS), dtype=np.uint8)
        for step in range(12):
            roll[step, 40 + (step + random.integers(2)) % 4] = 1
            roll[step, 50] = random.random() < 0.3
        pieces.append(roll)
    return pieces


def test_it_is_a_logistic_regression_for_each_key() -> None:
    train, test = rolls(0, 20), rolls(1, 5)

    def examples(pieces: list[Roll]) -> tuple[Roll, Roll]:
        before = [np.concatenate([np.zeros((1, NUM_KEYS)), roll])[:-2] for roll in pieces]
        last = [roll[:-1] for roll in pieces]
        return np.hstack([np.concatenate(before), np.concatenate(last)]), np.concatenate([roll[1:] for roll in pieces])

    (x, y), (x_test, y_test) = examples(train), examples(test)
    probabilities = np.zeros(y_test.shape)
    for key in np.flatnonzero(y.any(0)):
        model = LogisticRegression(C=1.0, tol=1e-8, max_iter=1000).fit(x, y[:, key])
        probabilities[:, key] = model.predict_proba(x_test)[:, 1]
    likely = np.where(y_test > 0, probabilities, 1 - probabilities)
    baseline = next_notes(train, test)
    assert baseline["loss"] == pytest.approx(-np.log(likely).sum(1).mean(), abs=0.02)
    said = probabilities >= 0.5
    assert baseline["f1"] == pytest.approx(f1_score(y_test, said, average="micro"), abs=0.02)
    assert baseline["frame_accuracy"] == pytest.approx(jaccard_score(y_test, said, average="micro"), abs=0.02)


def test_nothing_is_counted_as_nothing() -> None:
    silent = [np.zeros((4, NUM_KEYS), dtype=np.uint8)]
    baseline = next_notes(silent, silent)
    assert baseline["f1"] == baseline["frame_accuracy"] == 0
    assert baseline["loss"] < 1
