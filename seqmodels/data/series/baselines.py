"""What a forecast must beat: that nothing changes, or that everything comes as it did a season ago."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics import MeanAbsoluteError, MeanSquaredError, MetricCollection, R2Score

from seqmodels.data.series.table import PIECE, Floats
from seqmodels.data.series.windows import Origins


@dataclass(frozen=True)
class Question:
    """What is to be predicted.

    Args:
        values: (rows, columns), the predicted columns first.
        origins: the first unseen step of each prediction.
        horizons: steps ahead.
        std: of each predicted column over the training split.
    """

    values: Floats
    origins: Origins
    horizons: range
    std: Floats

    def score(self, season: int) -> dict[str, float]:
        """The test errors of repeating what was last seen, `season` steps before each target or a multiple of it.

        Looked at piece by piece, so that it takes no more memory for a long series.

        Args:
            season: in steps; 1 repeats the last value.

        Returns:
            `mse`, `mae` and `r2` in the units of the values, and `loss`, the squared error in those of `std`.
        """
        metrics = MetricCollection(
            {"mse": MeanSquaredError(), "mae": MeanAbsoluteError(), "r2": R2Score()}, compute_groups=False
        ).set_dtype(torch.float64)
        loss = MeanSquaredError().set_dtype(torch.float64)
        ahead = np.array(self.horizons)
        behind = -(-ahead // season) * season  # the last time seen of the same place in the season
        width = len(ahead) * len(self.std)
        for places in np.array_split(np.arange(len(self.origins)), -(-len(self.origins) * width // (8 * PIECE))):
            targets = self.origins[places][:, np.newaxis] + ahead - 1
            came, seen = self._at(targets), self._at(targets - behind)
            metrics.update(torch.from_numpy(seen).flatten(1), torch.from_numpy(came).flatten(1))
            loss.update(torch.from_numpy(seen / self.std).flatten(), torch.from_numpy(came / self.std).flatten())
        found = {**metrics.compute(), "loss": loss.compute()}
        return {name: float(value) for name, value in found.items()}

    def _at(self, steps: NDArray[np.int64]) -> Floats:
        return np.array(self.values[steps, : len(self.std)])


def baselines(question: Question, season: int | None) -> dict[str, dict[str, float]]:
    """The scores of persistence and, where there is a season, of the seasonal repetition, by their names."""
    scores = {"persistence": question.score(1)}
    return scores if season is None else {**scores, "seasonal": question.score(season)}


def better(scores: dict[str, dict[str, float]]) -> dict[str, float]:
    """The baseline: the scores of the lower loss; and, where there are two, the `mse` of both by their names."""
    lowest = min(scores.values(), key=lambda score: score["loss"])
    return lowest | ({f"mse_{name}": score["mse"] for name, score in scores.items()} if len(scores) > 1 else {})
