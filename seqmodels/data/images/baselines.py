"""What is reached by looking at pixels one by one: the baselines of tasks on pictures."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seqmodels.data.images.decoded import TitledPixels

LOOKED_AT = 10_000
LARGEST_SIDE = 32


def by_pixels(train: TitledPixels, test: TitledPixels) -> float:
    """Accuracy of logistic regression on the pixels of up to 10,000 training pictures, at most 32 x 32 of them.

    Args:
        train: pictures to train on.
        test: pictures to be judged by.
    """
    chosen = _spread(train)
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, tol=1e-2, max_iter=1000))
    model.fit(_features(train, chosen), [train.texts[row] for row in chosen])
    return float(model.score(_features(test, np.arange(len(test.texts))), test.texts))


def texts_of_nearest(train: TitledPixels, test: TitledPixels) -> list[str]:
    """For each test picture the text of the training picture whose pixels differ least, of up to 10,000.

    Args:
        train: pictures to choose from.
        test: pictures to find a text for.
    """
    chosen = _spread(train)
    neighbours = NearestNeighbors(n_neighbors=1).fit(_features(train, chosen))
    nearest = neighbours.kneighbors(_features(test, np.arange(len(test.texts))), return_distance=False)[:, 0]
    return [train.texts[chosen[place]] for place in nearest]


def _spread(pictures: TitledPixels) -> NDArray[np.int64]:
    """Up to so many rows, evenly spread."""
    return np.arange(0, len(pictures.texts), -(-len(pictures.texts) // LOOKED_AT))


def _features(pictures: TitledPixels, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    pixels = torch.from_numpy(np.ascontiguousarray(pictures.pixels[pictures.which[rows]])).float() / 255
    height, width = (min(side, LARGEST_SIDE) for side in pixels.shape[-2:])
    return np.asarray(F.adaptive_avg_pool2d(pixels, (height, width)).flatten(1).numpy())
