"""The adaptive softmax is a distribution, and measured without one score for each token."""

import pytest
import torch
from torch import Tensor, nn

from seqmodels.cells import GRUCell
from seqmodels.layers import TokenEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import ManyToMany
from seqmodels.objectives import AdaptiveLanguage, Language
from seqmodels.objectives.language import NextToken
from seqmodels.types import Batch, DataSpec

SPEC = DataSpec("tokens", input_size=40, output_size=40)


def make(cutoffs: tuple[int, ...] = (5, 20)) -> AdaptiveLanguage:
    return AdaptiveLanguage(SPEC, features=16, cutoffs=cutoffs)


def answers() -> tuple[Tensor, Tensor, Tensor]:
    """Features, targets of every cluster, and which of them count."""
    valid = torch.arange(12) < torch.tensor([12, 9, 0]).unsqueeze(1)
    return torch.randn(3, 12, 16), torch.randint(40, (3, 12)), valid


def test_it_asks_for_features_and_gives_a_probability_of_each_token() -> None:
    objective = make()
    output, target, valid = answers()
    assert objective.output_size == 16
    probabilities = objective.predict(output)
    assert probabilities.shape == (3, 12, 40)
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(3, 12))
    torch.testing.assert_close(objective.predict(output[0, 0]), probabilities[0, 0])
    logs = objective.log_probabilities(output)
    torch.testing.assert_close(logs.exp(), probabilities)
    of_targets = logs.gather(-1, target.unsqueeze(-1)).squeeze(-1)
    torch.testing.assert_close(objective.loss(output, target, valid), -of_targets[valid].mean())


def test_it_is_the_softmax_of_the_paper() -> None:
    """p(w) = p(c) p(w | c), from the weights, written out."""
    objective = make()
    output, _, _ = answers()
    head, tails = objective.softmax.head.weight, objective.softmax.tail
    first = (output @ head.T).softmax(-1)
    expected = [first[..., :5]]
    for number, tail in enumerate(tails):
        assert isinstance(tail, nn.Sequential)
        down, scores = (layer.weight for layer in tail)
        expected.append(first[..., [5 + number]] * (output @ down.T @ scores.T).softmax(-1))
    torch.testing.assert_close(objective.predict(output), torch.cat(expected, -1))


def test_what_is_not_valid_counts_nowhere() -> None:
    objective = make()
    output, target, valid = answers()
    output.requires_grad_()
    (gradient,) = torch.autograd.grad(objective.loss(output, target, valid), output)
    assert not gradient[~valid].any()
    assert gradient[valid].any(-1).all()
    rest = target.masked_fill(~valid, 39)
    torch.testing.assert_close(objective.loss(output, target, valid), objective.loss(output, rest, valid))
    for part, other in zip(
        objective.compared(output, target, valid), objective.compared(output, rest, valid), strict=True
    ):
        assert torch.equal(part, other)


@pytest.mark.parametrize("cutoffs", [(5, 20), (39, 50), (100,), ()])
def test_clusters_beyond_the_vocabulary_have_no_effect(cutoffs: tuple[int, ...]) -> None:
    torch.testing.assert_close(make(cutoffs).predict(torch.randn(2, 16)).sum(-1), torch.ones(2))


@pytest.mark.parametrize(
    "objective",
    [make(), Language(SPEC), Language(SPEC, characters=False)],
    ids=["adaptive", "characters", "words"],
)
def test_perplexity_counts_each_token_of_all_batches_alike(objective: NextToken) -> None:
    metrics = objective.metrics()
    losses = []
    for size in (3, 50, 1):
        output, target = torch.randn(1, size, objective.output_size), torch.randint(40, (1, size))
        valid = torch.ones(1, size, dtype=torch.bool)
        loss = objective.loss(output, target, valid).detach()
        metrics.update(*objective.measured(output, target, valid, loss))
        losses.append(-objective.log_probabilities(output).gather(-1, target.unsqueeze(-1)).flatten())
    nats = torch.cat(losses).mean()
    expected = {"perplexity": nats.exp()}
    if isinstance(objective, Language) and objective.characters:
        expected["bits_per_character"] = nats / torch.tensor(2.0).log()
    torch.testing.assert_close(metrics.compute(), expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("objective", [make(), Language(SPEC)], ids=["adaptive", "language"])
def test_what_is_compared_are_tokens_and_how_probable_they_were(objective: NextToken) -> None:
    output, target, valid = torch.randn(3, 12, objective.output_size), *answers()[1:]
    logs, tokens = objective.compared(output, target, valid)
    assert torch.equal(tokens, target[valid])
    loss = objective.loss(output, target, valid)
    torch.testing.assert_close(-logs.gather(1, tokens.unsqueeze(1)).mean(), loss)


def test_a_step_computes_the_loss_once_and_its_metrics_keep_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    objective = make()
    layers = recurrent_stack(GRUCell, 8, 16)
    mapping = ManyToMany(TokenEmbedding(40, 8), layers, Head(16, 16), objective)
    monkeypatch.setattr(mapping, "log", lambda *_, **__: None)
    calls: list[int] = []
    objective.softmax.register_forward_hook(lambda *_: calls.append(1))
    tokens = torch.randint(40, (3, 12))
    loss = mapping._step(Batch(tokens, tokens, torch.tensor([12, 9, 0])), "train", 0)["loss"]
    assert calls == [1]
    assert loss.requires_grad
    perplexity = mapping.epoch_metrics("train").compute()["train/perplexity"]
    assert not perplexity.requires_grad
    torch.testing.assert_close(perplexity, loss.detach().exp())


def test_it_learns() -> None:
    torch.manual_seed(0)
    objective = make()
    output, target, valid = answers()
    optimizer = torch.optim.Adam([*objective.parameters()], lr=0.1)
    before = objective.loss(output, target, valid).item()
    for _ in range(50):
        optimizer.zero_grad()
        objective.loss(output, target, valid).backward()
        optimizer.step()
    assert objective.loss(output, target, valid).item() < before / 5
