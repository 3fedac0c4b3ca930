"""The learning rate."""

import pytorch_lightning as pl
from pytorch_lightning.callbacks import LearningRateMonitor

TAG = "train/learning_rate"
OTHERS = ("-momentum", "-weight_decay")


class LearningRate(LearningRateMonitor):
    """The learning rate as `train/learning_rate`: once, where all groups of parameters have the same.

    Lightning's monitor logs one curve for each group. Groups with rates of their own have a curve each, as there.

    Args:
        logging_interval: `"step"`, `"epoch"`, or None for that of the schedule.
        log_momentum: whether momentum is logged, too.
        log_weight_decay: whether weight decay is logged, too.
    """

    def _extract_stats(self, trainer: pl.Trainer, interval: str) -> dict[str, float]:
        stats = super()._extract_stats(trainer, interval)
        rates = {name: value for name, value in stats.items() if not any(other in name for other in OTHERS)}
        if len(set(rates.values())) != 1:
            return stats
        others = {name: value for name, value in stats.items() if name not in rates}
        return {TAG: next(iter(rates.values())), **others}
