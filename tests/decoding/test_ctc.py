from itertools import groupby, product

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.decoding import ctc_beam, ctc_greedy

SHAPES = {"seed": st.integers(0, 10**6), "time": st.integers(0, 5), "vocabulary": st.integers(2, 4)}


def spelt(path: tuple[int, ...], blank: int) -> tuple[int, ...]:
    return tuple(token for token, _ in groupby(path) if token != blank)


def every_alignment(scores: Tensor, blank: int) -> dict[tuple[int, ...], float]:
    """Log-probability of every sequence, by the sum over all alignments; the best first."""
    log_p, sums = scores.log_softmax(-1), {}
    for path in product(range(scores.shape[1]), repeat=len(scores)):
        gain = sum((log_p[t, token] for t, token in enumerate(path)), torch.zeros((), dtype=scores.dtype))
        sums.setdefault(spelt(path, blank), []).append(gain)
    totals = {tokens: float(torch.stack(gains).logsumexp(0)) for tokens, gains in sums.items()}
    return dict(sorted(totals.items(), key=lambda pair: -pair[1]))


def random_scores(seed: int, batch: int, time: int, vocabulary: int) -> Tensor:
    return torch.randn(batch, time, vocabulary, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).mul(
        2
    )


@given(**SHAPES, blank=st.integers(0, 1), num_best=st.integers(1, 4))
def test_a_wide_beam_finds_what_all_alignments_say(
    seed: int, time: int, vocabulary: int, blank: int, num_best: int
) -> None:
    scores = random_scores(seed, 2, time, vocabulary)
    lengths = torch.tensor([time, max(time - 2, 0)])
    found = ctc_beam(scores, lengths, num_beams=vocabulary**5, num_best=num_best, blank=blank)
    for row in range(2):
        expected = list(every_alignment(scores[row, : lengths[row]], blank).items())[:num_best]
        for n, (tokens, score) in enumerate(expected):
            assert found.tokens[row, n, : found.lengths[row, n]].tolist() == list(tokens)
            assert found.scores[row, n].item() == pytest.approx(score)
        assert found.scores[row, len(expected) :].isneginf().all()
        assert not found.lengths[row, len(expected) :].any()


@given(seed=st.integers(0, 10**6), time=st.integers(1, 12))
def test_a_wide_beams_score_is_torchs_loss(seed: int, time: int) -> None:
    scores = random_scores(seed, 1, time, 2)
    found = ctc_beam(scores, torch.tensor([time]), num_beams=20, num_best=3)
    for tokens, length, score in zip(found.tokens[0], found.lengths[0], found.scores[0], strict=True):
        if score.isfinite():
            log_p = scores.log_softmax(-1).transpose(0, 1)
            loss = F.ctc_loss(log_p, tokens[None, :length], torch.tensor([time]), length[None], reduction="none")
            torch.testing.assert_close(score, -loss[0])


@given(seed=st.integers(0, 10**6), num_beams=st.integers(1, 8))
def test_a_narrow_beam_claims_no_more_than_there_is_and_nothing_twice(seed: int, num_beams: int) -> None:
    scores = random_scores(seed, 1, 6, 3)
    found = ctc_beam(scores, torch.tensor([6]), num_beams=num_beams, num_best=num_beams)
    true = every_alignment(scores[0], 0)
    sequences = [tuple(row[:n].tolist()) for row, n in zip(found.tokens[0], found.lengths[0], strict=True)]
    assert len(set(sequences)) == num_beams
    for tokens, score in zip(sequences, found.scores[0], strict=True):
        assert score.item() <= true[tokens] + 1e-9
    assert torch.equal(found.scores, found.scores.sort(descending=True).values)


@given(**SHAPES, blank=st.integers(0, 1))
def test_greedy_spells_the_most_probable_alignment(seed: int, time: int, vocabulary: int, blank: int) -> None:
    scores = random_scores(seed, 3, time, vocabulary)
    found = ctc_greedy(scores, torch.full((3,), time), blank=blank)
    for row in range(3):
        best, path = scores[row].log_softmax(-1).max(-1)
        assert tuple(found.tokens[row, : found.lengths[row]].tolist()) == spelt(tuple(path.tolist()), blank)
        assert not found.tokens[row, found.lengths[row] :].any()
        torch.testing.assert_close(found.scores[row], best.sum())


@given(seed=st.integers(0, 10**6), lengths=st.lists(st.integers(0, 7), min_size=1, max_size=4))
def test_a_row_is_the_same_alone_and_in_any_batch_and_its_padding_is_not_read(seed: int, lengths: list[int]) -> None:
    scores = random_scores(seed, len(lengths), 7, 4)
    # Equal scores too: which of equals comes first must not depend on the batch.
    scores = scores.round()
    for n, length in enumerate(lengths):
        scores[n, length:] = torch.nan
    rows = torch.tensor(lengths)
    searches = (ctc_greedy, lambda scores, lengths: ctc_beam(scores, lengths, num_beams=5, num_best=5))
    for search in searches:
        together = search(scores, rows)
        for n, length in enumerate(lengths):
            alone = search(scores[n : n + 1, :length], rows[n : n + 1])
            width = alone.tokens.shape[-1]
            assert torch.equal(together.tokens[n][..., :width], alone.tokens[0])
            assert not together.tokens[n][..., width:].any()
            assert torch.equal(together.lengths[n], alone.lengths[0])
            # Vector instructions take another number of rows at a time: the last bit may differ.
            torch.testing.assert_close(together.scores[n], alone.scores[0], rtol=1e-12, atol=0)


def test_the_sum_over_alignments_may_beat_the_best_alignment() -> None:
    """A. Graves' case: blank is likelier at each step, but a token somewhere is likelier than none."""
    scores, lengths = torch.tensor([[[0.6, 0.4], [0.6, 0.4]]]).log(), torch.tensor([2])
    assert ctc_greedy(scores, lengths).lengths.tolist() == [0]
    found = ctc_beam(scores, lengths, num_beams=2, num_best=2)
    assert found.tokens.tolist() == [[[1], [0]]]
    torch.testing.assert_close(found.scores.exp(), torch.tensor([[0.64, 0.36]]))


def test_bad_arguments() -> None:
    scores, lengths = torch.zeros(1, 3, 4), torch.tensor([3])
    with pytest.raises(ValueError, match="num_best must lie between 1 and num_beams, got 3 of 2"):
        ctc_beam(scores, lengths, num_beams=2, num_best=3)
    scores[0, 1, 2] = torch.nan
    for search in (ctc_greedy, lambda *row: ctc_beam(*row, num_beams=2)):
        with pytest.raises(ValueError, match="NaN"):
            search(scores, lengths)
