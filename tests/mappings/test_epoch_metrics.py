"""Loss and metrics of an epoch."""

# ruff: noqa: ARG002 (metrics in a collection all get the same arguments)

import io
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchmetrics import CatMetric, MeanMetric, Metric, MetricCollection
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score
from torchmetrics.wrappers import MinMaxMetric

from seqmodels.mappings.epoch_metrics import BATCHES_PER_GROUP, EpochMetrics


class MeanScore(MeanMetric):
    """Metric of the same arguments as the others, with sums whose rounding depends on their order."""

    def update(self, scores: Tensor, classes: Tensor) -> None:  # type: ignore[override]
        super().update(scores)


class AllClasses(CatMetric):
    """Metric that keeps a list."""

    def update(self, scores: Tensor, classes: Tensor) -> None:  # type: ignore[override]
        super().update(classes)

    def compute(self) -> Tensor:
        return super().compute().float().std()


class Counted(Metric):
    """Metric whose state may equal that of another by chance: how many scores are above a number."""

    count: Tensor

    def __init__(self, above: float) -> None:
        super().__init__()
        self.above = above
        self.add_state("count", torch.zeros((), dtype=torch.long), dist_reduce_fx="sum")

    def update(self, scores: Tensor, classes: Tensor) -> None:
        self.count += (scores > self.above).sum()

    def compute(self) -> Tensor:
        return self.count


def metrics() -> MetricCollection:
    return MetricCollection(
        {
            "accuracy": MulticlassAccuracy(3, average="weighted"),
            "f1": MulticlassF1Score(3),
            "mean": MeanScore(),
            "spread": AllClasses(),
            "few": Counted(100.0),
            "fewer": Counted(200.0),
            "range": MinMaxMetric(MeanScore()),
        },
        prefix="train/",
    )


def batches(number: int) -> list[tuple[Tensor, Tensor, tuple[Tensor, Tensor]]]:
    draw = torch.Generator().manual_seed(number)
    return [
        (
            torch.rand((), generator=draw),
            torch.randint(1, 9, (), generator=draw),
            (150 * torch.randn(5, 3, generator=draw), torch.randint(3, (5,), generator=draw)),
        )
        for _ in range(number)
    ]


def whole(number: int) -> dict[str, Tensor]:
    """The results of a number of batches without a break."""
    epoch = EpochMetrics(metrics())
    for batch in batches(number):
        epoch.update(*batch)
        epoch.commit()
    return epoch.compute()


def through_a_file(saved: dict[str, Any]) -> dict[str, Any]:
    file = io.BytesIO()
    torch.save(saved, file)
    file.seek(0)
    loaded: dict[str, Any] = torch.load(file, weights_only=True)
    return loaded


def assert_equal(results: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert results.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(results[name], value, rtol=0, atol=0, equal_nan=True)


@given(number=st.integers(1, 20), left=st.integers(0, 10))
def test_every_batch_of_the_epoch_counts_and_none_of_one_before(number: int, left: int) -> None:
    epoch = EpochMetrics(metrics())
    for batch in batches(left):
        epoch.update(*batch)
    epoch.reset()
    assert epoch.compute() == {}
    for batch in batches(number):
        epoch.update(*batch)
        epoch.commit()
    losses, counts, inputs = zip(*batches(number), strict=True)
    expected = metrics()
    for both in inputs:
        expected.update(*both)
    results = epoch.compute()
    mean = sum(loss * count for loss, count in zip(losses, counts, strict=True)) / sum(counts)
    torch.testing.assert_close(results.pop("train/loss"), mean)
    assert_equal(results, expected.compute())


@pytest.mark.parametrize("saved_behind", [1, 3, BATCHES_PER_GROUP, BATCHES_PER_GROUP + 1, 20])
def test_an_epoch_that_is_saved_and_restored_ends_with_the_same_bits(saved_behind: int) -> None:
    epoch, resumed = EpochMetrics(metrics()), EpochMetrics(metrics())
    for batch in batches(20)[:saved_behind]:
        epoch.update(*batch)
        epoch.commit()
    resumed.restore(through_a_file(epoch.saved(0)))
    for batch in batches(20)[saved_behind:]:
        resumed.update(*batch)
        resumed.commit()
    assert_equal(resumed.compute(), whole(20))


def test_saving_changes_nothing() -> None:
    epoch = EpochMetrics(metrics())
    for batch in batches(20):
        epoch.update(*batch)
        epoch.saved(1)
        epoch.commit()
        epoch.saved(0)
    assert_equal(epoch.compute(), whole(20))


def test_metrics_that_were_grouped_stay_so() -> None:
    """torchmetrics takes those for one whose states are equal behind the first update, if only by chance."""
    first, second = (torch.full((5, 3), value) for value in (0.0, 150.0))
    epoch, resumed = EpochMetrics(metrics()), EpochMetrics(metrics())
    epoch.update(torch.tensor(1.0), torch.tensor(5), (first, torch.zeros(5, dtype=torch.long)))
    epoch.commit()
    resumed.restore(through_a_file(epoch.saved(0)))
    for each in (epoch, resumed):
        each.update(torch.tensor(1.0), torch.tensor(5), (second, torch.zeros(5, dtype=torch.long)))
    assert_equal(resumed.compute(), epoch.compute())


def test_pending_batches_are_saved_as_far_as_asked_for_and_can_be_discarded() -> None:
    epoch = EpochMetrics(metrics())
    for batch in batches(20)[:12]:
        epoch.update(*batch)
        epoch.commit()
    for batch in batches(20)[12:15]:
        epoch.update(*batch)
    resumed = EpochMetrics(metrics())
    resumed.restore(epoch.saved(2))
    for batch in batches(20)[14:]:
        resumed.update(*batch)
    assert_equal(resumed.compute(), whole(20))
    epoch.discard()
    for batch in batches(20)[12:]:
        epoch.update(*batch)
        epoch.commit()
    assert_equal(epoch.compute(), whole(20))


def test_the_loss_alone_is_enough() -> None:
    epoch, resumed = EpochMetrics(metrics()), EpochMetrics(metrics())
    for loss, count, _ in batches(3):
        epoch.update(loss, count, None)
        epoch.commit()
    resumed.restore(through_a_file(epoch.saved(0)))
    assert list(resumed.compute()) == ["train/loss"]
    assert_equal(resumed.compute(), epoch.compute())


def test_processes_but_the_main_one_go_on_from_nothing() -> None:
    epoch, other = EpochMetrics(metrics()), EpochMetrics(metrics())
    for batch in batches(4):
        epoch.update(*batch)
    other.restore(epoch.saved(4), is_main_process=False)
    assert other.loss.update_called
    assert other.loss.count == 0
    assert other.metrics["mean"].weight == 0
    assert other.metrics["spread"].value == []


def test_the_state_of_other_metrics_is_refused() -> None:
    other = EpochMetrics(MetricCollection({"accuracy": MulticlassAccuracy(3)}, prefix="train/"))
    with pytest.raises(ValueError, match=r"expected a checkpoint of these metrics and their states: \{'loss'"):
        other.restore(EpochMetrics(metrics()).saved(0))
