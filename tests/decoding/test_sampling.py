from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.decoding import next_token_probabilities, sample
from tests.decoding.models import END, beginning, remembering


def counting(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
    """A model of ten tokens that is sure of the successor."""
    scores = torch.nn.functional.one_hot((tokens + 1) % 10, 10).float() * 50
    return scores, state


def test_a_sure_model_counts_on() -> None:
    drawn = sample(counting, torch.tensor([[3], [8]]), 4)
    assert drawn.tolist() == [[4, 5, 6, 7], [9, 0, 1, 2]]


def test_the_seed_decides() -> None:
    def flat(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        return torch.zeros(*tokens.shape, 10), state

    draws = [
        sample(flat, torch.tensor([[0]]), 30, generator=torch.Generator().manual_seed(seed)).tolist()
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


def test_a_forbidden_token_is_never_drawn() -> None:
    drawn = sample(counting, torch.tensor([[3]]), 50, forbidden=[4])
    assert 4 not in drawn


def test_top_k_and_top_p_keep_the_most_probable() -> None:
    scores = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    assert next_token_probabilities(scores, top_k=2).tolist() == [pytest.approx([0.625, 0.375, 0, 0])]
    assert next_token_probabilities(scores, top_p=0.6).tolist() == [pytest.approx([0.625, 0.375, 0, 0])]
    assert next_token_probabilities(scores, top_p=0.5).tolist() == [pytest.approx([1, 0, 0, 0])]
    assert next_token_probabilities(scores, top_p=1.0).tolist() == [pytest.approx([0.5, 0.3, 0.15, 0.05])]


def test_temperature_sharpens_and_zero_takes_the_best() -> None:
    scores = torch.tensor([[0.2, 0.5, 0.3]]).log()
    cold = next_token_probabilities(scores, temperature=0.5)
    assert cold.tolist() == [pytest.approx([0.04 / 0.38, 0.25 / 0.38, 0.09 / 0.38])]
    assert next_token_probabilities(scores, temperature=0).tolist() == [[0, 1, 0]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": -1}, "temperature"),
        ({"top_k": 0}, "top_k"),
        ({"top_p": 0.0}, "top_p"),
        ({"top_p": 1.5}, "top_p"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample(counting, torch.tensor([[1]]), 3, **options)


def test_an_empty_prompt_and_a_negative_length_are_refused() -> None:
    with pytest.raises(ValueError, match="prompt"):
        sample(counting, torch.zeros(1, 0, dtype=torch.long), 3)
    with pytest.raises(ValueError, match="length"):
        sample(counting, torch.tensor([[1]]), -1)
    assert sample(counting, torch.tensor([[1]]), 0).shape == (1, 0)


def flat(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
    """Ten tokens, none likelier than another."""
    return torch.zeros(*tokens.shape, 10), state


@given(
    seed=st.integers(0, 10**6),
    rows=st.lists(st.integers(0, 6), min_size=2, max_size=5),
    top=st.sampled_from([{}, {"top_k": 3}, {"top_p": 0.8}, {"temperature": 0.5}]),
    end=st.sampled_from([None, END]),
)
def test_a_row_is_the_same_alone_and_in_any_batch_of_the_same_seed(
    seed: int, rows: list[int], top: dict[str, Any], end: int | None
) -> None:
    def draw(rows: list[int], length: int = 9) -> Tensor:
        start, state = beginning(rows)
        generator = torch.Generator().manual_seed(seed)
        return sample(remembering(seed, 5), start, length, state=state, end=end, generator=generator, **top)

    whole = draw(rows)
    for count in range(1, len(rows)):
        first = draw(rows[:count])
        width = first.shape[1]
        assert torch.equal(whole[:count, :width], first)
        assert not whole[:count, width:].any()
    shorter = draw(rows, 4)
    assert torch.equal(shorter, whole[:, : shorter.shape[1]])


def test_rows_of_a_batch_are_drawn_independently() -> None:
    drawn = sample(flat, torch.zeros(6, 1, dtype=torch.long), 20, generator=torch.Generator().manual_seed(3))
    assert len({tuple(row) for row in drawn.tolist()}) == 6


def test_tokens_are_drawn_as_often_as_they_are_probable() -> None:
    probabilities = torch.tensor([0.5, 0.0, 0.3, 0.2])

    def step(tokens: Tensor, state: Any) -> tuple[Tensor, Any]:
        return probabilities.log().expand(*tokens.shape, 4), state

    drawn = sample(step, torch.zeros(400, 1, dtype=torch.long), 50, generator=torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn.flatten(), minlength=4) / drawn.numel()
    # Five standard deviations of a share of 20000 draws.
    torch.testing.assert_close(shares, probabilities, atol=0.018, rtol=0)
    assert shares[1] == 0


def test_a_row_that_ended_is_filled_with_0_and_disturbs_no_other() -> None:
    prompt = torch.zeros(8, 1, dtype=torch.long)
    free, ended = (sample(flat, prompt, 40, end=end, generator=torch.Generator().manual_seed(1)) for end in (None, 7))
    for row, other in zip(free.tolist(), ended.tolist(), strict=True):
        length = row.index(7) + 1 if 7 in row else 40
        assert other[:length] == row[:length]
        assert not any(other[length:])
    assert ended.shape[1] == max(row.index(7) + 1 if 7 in row else 40 for row in free.tolist())


def test_it_begins_from_the_state_it_is_given() -> None:
    def shifted(tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        return torch.nn.functional.one_hot((tokens + state.unsqueeze(1)) % 10, 10) * 50.0, state

    drawn = sample(shifted, torch.tensor([[0], [0]]), 3, state=torch.tensor([1, 3]))
    assert drawn.tolist() == [[1, 2, 3], [3, 6, 9]]


def test_scores_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="NaN"):
        sample(lambda tokens, state: (torch.full((*tokens.shape, 3), torch.nan), state), torch.tensor([[0]]), 2)
