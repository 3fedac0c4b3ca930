"""The likelihood of chords, and how it is averaged."""

import pytest
import torch
from sklearn.metrics import f1_score, jaccard_score
from torch.distributions import Bernoulli

from seqmodels.cells import GRUCell
from seqmodels.layers import ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import ManyToMany
from seqmodels.objectives import Notes
from seqmodels.types import Batch, DataSpec

SPEC = DataSpec("values", input_size=88, output_size=88)


def chords(*shape: int) -> torch.Tensor:
    return (torch.rand(*shape, 88) < 0.05).float()


def test_the_loss_is_that_of_independent_keys_summed_over_a_step() -> None:
    output, target = torch.randn(2, 5, 88), chords(2, 5)
    valid = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    expected = -Bernoulli(logits=output).log_prob(target).sum(-1)[valid].mean()
    torch.testing.assert_close(Notes(SPEC).loss(output, target, valid), expected)


def test_outputs_are_relative_to_how_often_a_key_sounds_at_all() -> None:
    shares = torch.linspace(0.01, 0.9, 88)
    objective = Notes(DataSpec("values", input_size=88, output_size=88, mean=tuple(shares.tolist())))
    torch.testing.assert_close(objective.predict(torch.zeros(3, 88)), shares.expand(3, 88))
    output, target, valid = torch.randn(2, 5, 88), chords(2, 5), torch.ones(2, 5, dtype=torch.bool)
    expected = -Bernoulli(probs=objective.predict(output)).log_prob(target).sum(-1).mean()
    torch.testing.assert_close(objective.loss(output, target, valid), expected)
    silent = Notes(DataSpec("values", input_size=88, output_size=88, mean=(0.0,) * 88))
    assert torch.isfinite(silent.loss(output, target, valid))


def test_metrics_are_those_of_scikit_learn() -> None:
    objective = Notes(SPEC)
    output, target = torch.randn(2, 5, 88) - 1, chords(2, 5)
    valid = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    metrics = objective.metrics()
    for row in range(2):
        metrics.update(*objective.compared(output[row : row + 1], target[row : row + 1], valid[row : row + 1]))
    said, true = (objective.predict(output)[valid] >= 0.5).int().numpy(), target[valid].int().numpy()
    measured = {name: value.item() for name, value in metrics.compute().items()}
    assert measured == {
        "f1": pytest.approx(f1_score(true, said, average="micro")),
        "frame_accuracy": pytest.approx(jaccard_score(true, said, average="micro")),
    }


def test_answers_are_what_sounds_behind_the_last_valid_step() -> None:
    output = torch.full((2, 3, 88), -1.0)
    output[0, 2, [0, 87]] = output[1, 0, [3]] = 0.0  # a probability of one half sounds
    valid = torch.tensor([[True] * 3, [True, False, False]])
    names = tuple(f"key {number}" for number in range(88))
    named = Notes(DataSpec("values", input_size=88, output_size=88, answers=names))
    assert named.answers(output, valid) == ["key 0 key 87", "key 3"]
    assert Notes(SPEC).answers(output, valid) == ["0 87", "3"]


def test_padding_counts_neither_in_the_loss_nor_in_the_gradient() -> None:
    objective, target = Notes(SPEC), chords(2, 4)
    output = torch.randn(2, 4, 88, requires_grad=True)
    valid = torch.tensor([[True] * 4, [True, False, False, False]])
    (gradient,) = torch.autograd.grad(objective.loss(output, target, valid), output)
    assert not gradient[~valid].any()
    assert gradient[valid].any(-1).all()


def test_the_mean_of_an_epoch_is_over_all_steps_however_they_are_spread_over_batches() -> None:
    layers = recurrent_stack(GRUCell, 88, 4)
    mapping = ManyToMany(ValueEmbedding(88), layers, Head(4, 88), Notes(SPEC))
    batches = [
        Batch(chords(2, 6), chords(2, 6), torch.tensor([6, 2])),
        Batch(chords(1, 3), chords(1, 3), torch.tensor([1])),
    ]
    losses = []
    mean = mapping.epoch_metrics("val").loss
    for batch in batches:
        output, valid = mapping.respond(batch, "val")
        mean.update(mapping.objective.loss(output, batch.targets, valid), valid.sum())
        losses.append(-Bernoulli(logits=output).log_prob(batch.targets).sum(-1)[valid])
    torch.testing.assert_close(mean.compute(), torch.cat(losses).mean())
    assert len(torch.cat(losses)) == 9
