import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.decoding import greedy
from tests.decoding.models import END, beginning, remembering, spelt


@given(seed=st.integers(0, 10**6), vocabulary=st.integers(2, 6), max_length=st.integers(1, 8))
def test_each_token_is_the_best_and_the_score_is_that_of_the_whole(seed: int, vocabulary: int, max_length: int) -> None:
    step = remembering(seed, vocabulary)
    found = greedy(step, *beginning([0, 1, 2, 3]), end=END, max_length=max_length)
    for row in range(4):
        tokens = found.tokens[row, : found.lengths[row]].tolist()
        for n, token in enumerate(tokens):
            others = spelt(step, row, [[*tokens[:n], other] for other in range(vocabulary)])
            assert max(others) == others[token]
        assert (tokens[-1] == END) or len(tokens) == max_length
        assert END not in tokens[:-1]
        assert not found.tokens[row, found.lengths[row] :].any()
        assert found.scores[row].item() == pytest.approx(spelt(step, row, [tokens])[0])
    assert found.tokens.shape == (4, found.lengths.max())


@given(seed=st.integers(0, 10**6), rows=st.lists(st.integers(0, 6), min_size=1, max_size=5))
def test_a_row_is_the_same_alone_and_in_any_batch(seed: int, rows: list[int]) -> None:
    step = remembering(seed, 4)
    together = greedy(step, *beginning(rows), end=END, max_length=6)
    for n, row in enumerate(rows):
        alone = greedy(step, *beginning([row]), end=END, max_length=6)
        assert together.lengths[n] == alone.lengths[0]
        assert torch.equal(together.tokens[n, : alone.lengths[0]], alone.tokens[0])
        assert together.scores[n] == alone.scores[0]


def test_a_forbidden_token_gives_its_probability_to_the_others() -> None:
    step = remembering(0, 4)
    found = greedy(step, *beginning([0]), end=END, max_length=5, forbidden=[2, 3])
    tokens = found.tokens[0].tolist()
    assert set(tokens) <= {0, 1}
    assert found.scores.item() == pytest.approx(spelt(step, 0, [tokens], (2, 3))[0])


def test_a_longer_start_is_read_and_not_returned() -> None:
    step = remembering(5, 5)
    whole = greedy(step, *beginning([0]), end=END, max_length=6, forbidden=[END]).tokens
    start, state = beginning([0])
    rest = greedy(step, torch.cat([start, whole[:, :2]], 1), state, end=END, max_length=4, forbidden=[END]).tokens
    assert torch.equal(rest, whole[:, 2:])


def test_nothing_to_begin_with_nothing_to_write_and_no_numbers() -> None:
    start, state = beginning([0])
    with pytest.raises(ValueError, match="at least one token"):
        greedy(remembering(0, 4), start[:, :0], state, end=END, max_length=3)
    with pytest.raises(ValueError, match="max_length must be at least 1, got 0"):
        greedy(remembering(0, 4), start, state, end=END, max_length=0)

    def broken(tokens: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        return torch.full((*tokens.shape, 4), torch.nan), state

    with pytest.raises(ValueError, match="NaN"):
        greedy(broken, start, state, end=END, max_length=3)
    with pytest.raises(ValueError, match="no token is possible"):
        greedy(remembering(0, 4), start, state, end=END, max_length=3, forbidden=range(4))
