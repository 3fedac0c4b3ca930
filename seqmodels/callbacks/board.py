"""TensorBoard's files of a run."""

from collections.abc import Mapping
from pathlib import Path

from pytorch_lightning.loggers import TensorBoardLogger


class RunBoard(TensorBoardLogger):
    """TensorBoard's files in a run folder, without the chart `epoch` that Lightning adds to whatever is logged.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(save_dir=folder, name="", version="", default_hp_metric=False)

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Log values under their names."""
        super().log_metrics({name: value for name, value in metrics.items() if name != "epoch"}, step)
