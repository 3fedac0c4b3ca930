"""The metrics of an epoch."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score

from seqmodels.mappings.tally import Tally


def metrics() -> MetricCollection:
    return MetricCollection({"accuracy": MulticlassAccuracy(3, average="weighted"), "f1": MulticlassF1Score(3)})


@given(batches=st.integers(1, 20), left=st.integers(0, 10))
def test_every_batch_of_the_epoch_counts_and_none_of_one_left_before(batches: int, left: int) -> None:
    scores, classes = torch.randn(batches, 5, 3), torch.randint(3, (batches, 5))
    tally = Tally(metrics())
    for _ in range(left):
        tally.add((torch.randn(2, 3), torch.zeros(2, dtype=torch.long)))
    tally.reset()
    assert tally.compute() == {}
    for measured in zip(scores, classes, strict=True):
        tally.add(measured)
    whole = metrics()
    whole.update(scores.flatten(0, 1), classes.flatten())
    assert tally.compute() == whole.compute()
