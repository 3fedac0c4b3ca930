"""Accuracy and F1, against scikit-learn."""

import pytest
import torch
from sklearn.metrics import accuracy_score, f1_score

from seqmodels.objectives import Classification
from seqmodels.types import DataSpec


@pytest.mark.parametrize("classes", [("ham", "spam"), ("a", "b", "c")])
def test_metrics_are_those_of_scikit_learn(classes: tuple[str, ...]) -> None:
    size = len(classes)
    objective = Classification(DataSpec("tokens", 9, size, classes=classes))
    metrics = objective.metrics()
    batches = [(torch.randn(9, size), torch.randint(size, (9,))) for _ in range(4)]
    for scores, actual in batches:
        metrics.update(*objective.compared(scores, actual, torch.ones(9, dtype=torch.bool)))
    predicted, actual = torch.cat([scores.argmax(1) for scores, _ in batches]), torch.cat([a for _, a in batches])
    expected = {"accuracy": accuracy_score(actual, predicted), "f1": f1_score(actual, predicted, average="macro")}
    if size == 2:
        by_class = f1_score(actual, predicted, average=None)
        expected |= {"f1_ham": by_class[0], "f1_spam": by_class[1]}
    assert {name: float(value) for name, value in metrics.compute().items()} == pytest.approx(expected)


def test_all_metrics_count_once() -> None:
    objective = Classification(DataSpec("tokens", 9, 2, classes=("ham", "spam")))
    metrics = objective.metrics()
    metrics.update(torch.randn(5, 2), torch.randint(2, (5,)))
    assert len(metrics.compute_groups) == 1


def test_two_classes_without_names_have_no_f1_of_their_own() -> None:
    assert set(Classification(DataSpec("values", 1, 2)).metrics()) == {"accuracy", "f1"}


def test_targets_are_smoothed_in_training_only() -> None:
    objective = Classification(DataSpec("values", 1, 3), label_smoothing=0.3)
    output, target, valid = torch.randn(4, 3), torch.tensor([0, 2, 1, 1]), torch.tensor([True, True, False, True])
    log_p = output.log_softmax(-1)[valid]
    spread = 0.7 * torch.eye(3)[target[valid]] + 0.1
    torch.testing.assert_close(objective.loss(output, target, valid), -(spread * log_p).sum(-1).mean())
    plain = -log_p[range(3), target[valid]].mean()
    torch.testing.assert_close(objective.eval().loss(output, target, valid), plain)


@pytest.mark.parametrize("share", [-0.1, 1.0])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match=rf"^label_smoothing must lie in \[0, 1\), got {share}$"):
        Classification(DataSpec("values", 1, 3), label_smoothing=share)
