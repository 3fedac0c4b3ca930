from itertools import groupby
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives.ctc import CTC
from seqmodels.types import DataSpec, valid_steps

LETTERS = Vocabulary.characters("abc ", marks=True)
SPEC = DataSpec("values", input_size=2, output_size=len(LETTERS), target_vocabulary=LETTERS.to_json())


def padded(texts: list[str]) -> Tensor:
    rows = [torch.tensor(LETTERS.encode(text), dtype=torch.long) for text in texts]
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)


def nats(output: Tensor, text: str) -> Tensor:
    """Of one row, by torch."""
    log_p, target = output.log_softmax(-1).unsqueeze(1), padded([text])
    lengths = torch.tensor([len(output)]), torch.tensor([target.shape[1]])
    return F.ctc_loss(log_p, target, *lengths, reduction="sum")


@pytest.mark.usefixtures("_double")
@given(
    seed=st.integers(0, 10**6),
    rows=st.lists(st.tuples(st.text("abc ", max_size=4), st.integers(8, 11)), min_size=1, max_size=4),
)
def test_the_loss_is_nats_per_step_however_rows_are_batched(seed: int, rows: list[tuple[str, int]]) -> None:
    torch.manual_seed(seed)
    texts, lengths = [text for text, _ in rows], torch.tensor([length for _, length in rows])
    valid = valid_steps(lengths, 12)
    output = torch.randn(len(rows), 12, len(LETTERS)).masked_fill(~valid.unsqueeze(-1), torch.nan).requires_grad_()
    loss = CTC(SPEC).loss(output, padded(texts), valid)
    own = [row[:length].detach().requires_grad_() for row, length in zip(output, lengths.tolist(), strict=True)]
    alone = torch.stack([nats(row, text) for row, text in zip(own, texts, strict=True)]).sum() / lengths.sum()
    torch.testing.assert_close(loss, alone)
    (gradient,) = torch.autograd.grad(loss, output)
    for row, expected, length in zip(gradient, torch.autograd.grad(alone, own), lengths.tolist(), strict=True):
        torch.testing.assert_close(row[:length], expected)
        assert not row[length:].any()


@pytest.mark.parametrize("text", ["abca", "aab"])
def test_a_target_that_does_not_fit_adds_nothing_and_says_so(text: str) -> None:
    objective, output = CTC(SPEC), torch.randn(2, 8, len(LETTERS), requires_grad=True)
    valid = valid_steps(torch.tensor([3, 8]), 8)
    with pytest.warns(UserWarning, match="a target that needs 4 steps does not fit into 3"):
        loss = objective.loss(output, padded([text, "ab"]), valid)
    torch.testing.assert_close(loss, nats(output[1], "ab") / 11)
    (gradient,) = torch.autograd.grad(loss, output)
    assert not gradient[0].any()
    assert gradient[1].isfinite().all()
    assert gradient[1].any()


def test_a_target_that_just_fits_counts() -> None:
    output = torch.randn(1, 4, len(LETTERS))
    loss = CTC(SPEC).loss(output, padded(["aab"]), torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(loss * 4, nats(output[0], "aab"))


def test_an_infinite_score_is_not_hidden() -> None:
    output = torch.zeros(1, 4, len(LETTERS))
    output[..., LETTERS.encode("a")[0]] = -torch.inf
    assert CTC(SPEC).loss(output, padded(["a"]), torch.ones(1, 4, dtype=torch.bool)).isposinf()


@given(paths=st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=9), min_size=1, max_size=4))
def test_texts_are_what_the_best_alignments_spell(paths: list[list[int]]) -> None:
    entries = [0, *LETTERS.encode("ab ")]
    lengths = torch.tensor([len(path) for path in paths])
    # Past the end a token is likely: it is not read.
    best = torch.full((len(paths), 10), entries[1])
    for row, path in zip(best, paths, strict=True):
        row[: len(path)] = torch.tensor([entries[n] for n in path])
    output = F.one_hot(best, len(LETTERS)).float()
    written, true = CTC(SPEC).compared(output, padded(["ab"] * len(paths)), valid_steps(lengths, 10))
    assert written == ["".join("-ab "[n] for n, _ in groupby(path) if n) for path in paths]
    assert true == ["ab"] * len(paths)


def test_error_rates() -> None:
    """One wrong letter of four, in one word of two; then two words that are right."""
    objective = CTC(SPEC)
    metrics = objective.metrics()
    for said, true in ((["a bc"], ["a ba"]), (["a b"], ["a b"])):
        output = F.one_hot(torch.tensor([_alignment(said[0])]), len(LETTERS)).float()
        metrics.update(*objective.compared(output, padded(true), torch.ones(output.shape[:2], dtype=torch.bool)))
    measured = metrics.compute()
    assert measured["character_error_rate"].item() == pytest.approx(1 / 7)
    assert measured["word_error_rate"].item() == pytest.approx(1 / 4)
    assert measured["exact_match"] == 0.5


def test_error_rates_stay_apart_after_a_batch_in_which_they_are_equal() -> None:
    metrics = CTC(SPEC).metrics()
    for said, true in ((["a"], ["a"]), (["aa bb"], ["aa bc"])):
        metrics.update(said, true)
    measured = metrics.compute()
    assert measured["character_error_rate"].item() == pytest.approx(1 / 6)
    assert measured["word_error_rate"].item() == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        (None, "target_vocabulary is None"),
        (Vocabulary.characters("ab").to_json(), "'<pad>' at index 0"),
    ],
)
def test_a_vocabulary_without_padding_to_be_the_blank(vocabulary: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CTC(DataSpec("values", 1, 3, target_vocabulary=vocabulary))


def _alignment(text: str) -> list[int]:
    """Each letter twice, and a blank behind it."""
    return [token for entry in LETTERS.encode(text) for token in (entry, entry, 0)]
