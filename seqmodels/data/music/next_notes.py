"""What a model of polyphonic music must beat: a linear model of the last steps."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from seqmodels.data.music.notes import NUM_KEYS, Roll

Floats = NDArray[np.float64]


def next_notes(train: list[Roll], test: list[Roll], *, context: int = 2, decay: float = 1.0) -> dict[str, float]:
    """The errors of a logistic regression for each key, on the keys of the steps before.

    Args:
        train: piano rolls to fit.
        test: piano rolls to predict, all steps but the first of each.
        context: steps it looks at; those in front of a piece are silent.
        decay: half of this times the squared weights (without the biases) is added to the summed loss.

    Returns:
        `loss`, the negative log-likelihood in nats per step; `f1` and `frame_accuracy` of what has a probability of
        one half or more.

    Example:
        >>> roll = np.eye(4, NUM_KEYS, dtype=np.uint8)[[0, 1, 2, 3, 0, 1, 2, 3]]
        >>> next_notes([roll] * 20, [roll])["f1"]
        1.0
    """
    (x, y), (x_test, y_test) = _examples(train, context), _examples(test, context)
    weights = _fit(x, y, decay)
    scores = x_test @ weights
    right = float(((scores >= 0) & (y_test > 0)).sum())
    said, true = float((scores >= 0).sum()), float(y_test.sum())
    return {
        "loss": float(_losses(scores, y_test).sum() / len(y_test)),
        "f1": 2 * right / max(said + true, 1),
        "frame_accuracy": right / max(said + true - right, 1),
    }


def _fit(x: Floats, y: Floats, decay: float) -> Floats:
    """Weights (inputs, keys), the last input a constant."""
    penalty = np.full((x.shape[1], 1), decay)
    penalty[-1] = 0

    def loss_and_gradient(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(x.shape[1], NUM_KEYS)
        scores = x @ weights
        loss = _losses(scores, y).sum() + 0.5 * (penalty * weights**2).sum()
        gradient = x.T @ (expit(scores) - y) + penalty * weights
        return float(loss) / len(y), gradient.ravel() / len(y)

    start = np.zeros((x.shape[1], NUM_KEYS))
    start[-1] = -6.0  # a key seldom sounds
    found = minimize(loss_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 60})
    return np.asarray(found.x).reshape(start.shape)


def _losses(scores: Floats, y: Floats) -> Floats:
    return np.asarray(np.logaddexp(0, scores) - y * scores)


def _examples(rolls: list[Roll], context: int) -> tuple[Floats, Floats]:
    x, y = [], []
    for roll in rolls:
        padded = np.concatenate([np.zeros((context - 1, NUM_KEYS)), roll])
        x.append(np.concatenate([padded[i : i + len(roll) - 1] for i in range(context)], axis=1))
        y.append(roll[1:].astype(np.float64))
    inputs = np.concatenate(x)
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1), np.concatenate(y)
