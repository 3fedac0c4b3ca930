import pytest
import torch
import torch.nn.functional as F

from seqmodels.objectives import Classification, Language, Objective, Regression
from seqmodels.types import DataSpec

VALUES = DataSpec("values", input_size=2, output_size=2, mean=(10.0, -1.0), std=(2.0, 0.5))
CLASSES = DataSpec("tokens", input_size=9, output_size=3, classes=("a", "b", "c"))
TOKENS = DataSpec("tokens", input_size=7, output_size=7)


@pytest.mark.parametrize(
    ("objective", "target"),
    [
        (Classification(CLASSES), torch.tensor([0, 2, 1])),
        (Language(TOKENS), torch.tensor([[0, 6], [3, 2], [5, 5]])),
        (Regression(VALUES), torch.randn(3, 2)),
    ],
)
def test_invalid_rows_count_neither_in_the_loss_nor_in_metrics_nor_in_gradients(
    objective: Objective, target: torch.Tensor
) -> None:
    rows = target.shape if isinstance(objective, Language) else target.shape[:1]
    output = torch.randn(*rows, objective.output_size, requires_grad=True)
    valid = torch.ones(rows, dtype=torch.bool)
    valid[1] = False
    loss = objective.loss(output, target, valid)
    (gradient,) = torch.autograd.grad(loss, output)
    keep = [0, 2]
    kept = objective.loss(output[keep], target[keep], valid[keep])
    torch.testing.assert_close(loss, kept)
    assert not gradient[1].any()
    assert gradient[0].any()
    metrics, fewer = objective.metrics(), objective.metrics()
    metrics.update(*objective.measured(output.detach(), target, valid, loss.detach()))
    fewer.update(*objective.measured(output[keep].detach(), target[keep], valid[keep], kept.detach()))
    assert {k: v.item() for k, v in metrics.compute().items()} == {
        k: pytest.approx(v.item()) for k, v in fewer.compute().items()
    }


def test_classification_measures_accuracy_and_gives_probabilities() -> None:
    objective = Classification(CLASSES)
    scores = torch.tensor([[2.0, 0, 0], [0, 2.0, 0], [0, 0, 2.0], [2.0, 0, 0]])
    target = torch.tensor([0, 1, 1, 0])
    metrics = objective.metrics()
    metrics.update(*objective.compared(scores, target, target >= 0))
    assert metrics.compute()["accuracy"] == 0.75
    torch.testing.assert_close(objective.predict(scores).sum(-1), torch.ones(4))


def test_bits_and_perplexity_say_the_same() -> None:
    objective = Language(TOKENS)
    scores, target = torch.randn(4, 5, 7), torch.randint(7, (4, 5))
    metrics = objective.metrics()
    nats = F.cross_entropy(scores.flatten(0, 1), target.flatten())
    metrics.update(*objective.measured(scores, target, target >= 0, objective.loss(scores, target, target >= 0)))
    measured = metrics.compute()
    torch.testing.assert_close(measured["perplexity"], nats.exp())
    torch.testing.assert_close(measured["bits_per_character"], nats / torch.tensor(2.0).log())


def test_regression_speaks_in_the_datas_own_units() -> None:
    objective = Regression(VALUES)
    assert objective.predict(torch.tensor([[0.0, 2.0]])).tolist() == [[10.0, 0.0]]
    metrics = objective.metrics()
    output, target = torch.zeros(3, 2), torch.tensor([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]])
    metrics.update(*objective.compared(output, target, torch.ones(3, dtype=torch.bool)))
    assert metrics.compute()["mse"].item() == pytest.approx((4 + 4 + 1) / 6)
    assert metrics.compute()["mae"].item() == pytest.approx((2 + 2 + 1) / 6)


@pytest.mark.usefixtures("_unannotated")
def test_answers_are_not_spread_over_targets() -> None:
    objective = Regression(DataSpec("values", 1, 1))
    with pytest.raises(
        ValueError, match=r"^expected answers of the targets' shape \(2, 1\), got \(2, 5, 1\): one answer"
    ):
        objective.loss(torch.zeros(2, 5, 1), torch.zeros(2, 1), torch.ones(2, 5, dtype=torch.bool))
