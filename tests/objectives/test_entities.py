"""Whole entities count, as seqeval counts them, however they are spread over batches."""

import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from torch import Tensor

from seqmodels.objectives import EntityTagging
from seqmodels.objectives.entities import EntityScores
from seqmodels.types import DataSpec

IOB2 = ("B-LOC", "B-PER", "I-LOC", "I-PER", "O")
IO = ("I-LOC", "I-PER", "O")

rows = st.integers(1, 5).flatmap(lambda time: st.lists(st.integers(0, 4), min_size=time, max_size=time))
pairs = st.lists(rows.flatmap(lambda row: st.tuples(st.just(row), st.permutations(row))), min_size=1, max_size=6)


def padded(batch: list[list[int]], value: int) -> Tensor:
    longest = max(map(len, batch))
    return torch.tensor([row + [value] * (longest - len(row)) for row in batch])


def scores(tags: tuple[str, ...], *batches: tuple[list[list[int]], list[list[int]]]) -> dict[str, float]:
    metric = EntityScores(tags)
    for predicted, actual in batches:
        metric.update(padded(predicted, 0), padded(actual, -1))
    return {name: float(value) for name, value in metric.compute().items()}


@given(pairs, st.sampled_from([IOB2, (*IO, "I-ORG", "I-MISC")]))
def test_equals_seqeval(drawn: list[tuple[list[int], list[int]]], tags: tuple[str, ...]) -> None:
    predicted, actual = [list(said) for said, _ in drawn], [true for _, true in drawn]
    halves = slice(0, len(drawn) // 2), slice(len(drawn) // 2, None)
    batches = [(predicted[half], actual[half]) for half in halves if predicted[half]]
    named = [[[tags[i] for i in row] for row in part] for part in (actual, predicted)]
    with warnings.catch_warnings(action="ignore"):  # it warns where there is nothing to divide by
        expected = [score(*named) for score in (f1_score, precision_score, recall_score)]
    assert list(scores(tags, *batches).values()) == pytest.approx([float(each) for each in expected])


def test_io_takes_neighbours_of_one_kind_for_one_entity() -> None:
    assert scores(IO, ([[1, 1, 2, 0]], [[1, 1, 2, 0]]))["entity_recall"] == 1
    assert scores(IO, ([[1, 2, 2, 0]], [[1, 1, 2, 0]])) == {
        "entity_f1": 0.5,
        "entity_precision": 0.5,
        "entity_recall": 0.5,
    }


def test_an_entity_ends_with_its_row() -> None:
    apart, joined = ([[1], [1]], [[1], [1]]), ([[1, 1]], [[1, 1]])
    metric = EntityScores(IO)
    metric.update(padded(apart[0], 0), padded(apart[1], -1))
    assert int(metric.actual) == 2
    metric.update(padded(joined[0], 0), padded(joined[1], -1))
    assert int(metric.actual) == 3


def test_counts_of_two_processes_add_up() -> None:
    first, second = ([[1, 0, 4]], [[1, 3, 4]]), ([[0, 2], [4]], [[0, 2], [4]])
    parts = [EntityScores(IOB2) for _ in range(2)]
    for metric, (predicted, actual) in zip(parts, (first, second), strict=True):
        metric.update(padded(predicted, 0), padded(actual, -1))
    merged = EntityScores(IOB2)
    merged.update(padded([[4]], 0), padded([[4]], -1))
    for name in ("right", "predicted", "actual"):
        reduce = merged._reductions[name]
        assert reduce is not None
        setattr(merged, name, reduce(torch.stack([getattr(metric, name) for metric in parts])))  # type: ignore[operator]
    assert {name: float(value) for name, value in merged.compute().items()} == scores(IOB2, first, second)


def test_nothing_to_count_is_zero() -> None:
    assert set(scores(IO, ([[2, 2]], [[2, 2]])).values()) == {0.0}


def test_other_tags_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^a tag of an entity is O, B-<kind> or I-<kind>, got 'NOUN'$"):
        EntityScores(["O", "NOUN"])


def test_the_objective_judges_whole_rows() -> None:
    objective = EntityTagging(DataSpec("words", 9, 3, classes=IO))
    target = torch.tensor([[1, 1, 2], [0, 0, 0]])
    valid = torch.tensor([[True, True, True], [True, False, False]])
    output = torch.randn(2, 3, 3)
    output[0] = 9 * torch.eye(3)[[1, 2, 2]]
    output[1, 0] = 9 * torch.eye(3)[0]
    output[1, 1:] = float("nan")
    chosen = torch.tensor([[0, 0], [0, 1], [0, 2], [1, 0]])
    by_hand = -torch.stack([output.log_softmax(-1)[i, j, target[i, j]] for i, j in chosen.tolist()]).mean()
    torch.testing.assert_close(objective.loss(output, target, valid), by_hand)
    assert objective.predict(output)[0].sum(-1).tolist() == pytest.approx([1, 1, 1])
    metrics = objective.metrics().clone(prefix="val/")
    metrics.update(*objective.compared(output, target, valid))
    measured = {name: float(value) for name, value in metrics.compute().items()}
    assert measured == pytest.approx(
        {"val/accuracy": 0.75, "val/entity_f1": 0.5, "val/entity_precision": 0.5, "val/entity_recall": 0.5}
    )


def test_answers_are_a_label_for_each_word() -> None:
    objective = EntityTagging(DataSpec("words", 9, 3, classes=IO))
    output, valid = 9 * torch.eye(3)[torch.tensor([[1, 2], [0, 1]])], torch.tensor([[True, True], [True, False]])
    assert [[label.label for label in row] for row in objective.answers(output, valid)] == [["I-PER", "O"], ["I-LOC"]]
