import pytorch_lightning as pl

from seqmodels.callbacks import GradientNorm
from seqmodels.callbacks.hooks import PER_STEP, Unprofiled, drop_empty_hooks


class Counts(pl.Callback):
    """Fills one hook of a step."""

    def __init__(self) -> None:
        self.batches = 0

    def on_train_batch_end(self, *_: object) -> None:
        self.batches += 1


def test_hooks_that_do_something_stay() -> None:
    counts, norm = Counts(), GradientNorm()
    drop_empty_hooks([counts, norm])
    assert [hook for hook in PER_STEP if getattr(counts, hook)] == ["on_train_batch_end"]
    assert [hook for hook in PER_STEP if getattr(norm, hook)] == ["on_before_optimizer_step"]
    counts.on_train_batch_end()
    assert counts.batches == 1


def test_nothing_is_profiled() -> None:
    with Unprofiled().profile("an action") as name:
        assert name == "an action"
