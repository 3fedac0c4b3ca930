"""Chords are drawn as their probabilities say."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from seqmodels.decoding.chords import sample_chords

SCORES = torch.tensor([-3.0, -1.0, 0.5, 2.0])


def fixed(chords: Tensor, state: Any) -> tuple[Tensor, Any]:
    """The same scores always; the state counts steps."""
    return SCORES.expand(*chords.shape[:2], 4), (0 if state is None else state) + chords.shape[1]


def test_each_key_is_struck_as_often_as_it_is_probable() -> None:
    drawn = sample_chords(fixed, torch.zeros(500, 3, 4), 20, generator=Generator().manual_seed(0))
    assert drawn.shape == (500, 20, 4)
    torch.testing.assert_close(drawn.flatten(0, 1).mean(0), SCORES.sigmoid(), atol=0.02, rtol=0)
    joint = (drawn[..., 1] * drawn[..., 2]).mean()
    torch.testing.assert_close(joint, SCORES[1].sigmoid() * SCORES[2].sigmoid(), atol=0.02, rtol=0)


def test_without_temperature_the_probable_keys_are_struck() -> None:
    drawn = sample_chords(fixed, torch.zeros(1, 1, 4), 2, temperature=0)
    assert drawn.tolist() == [[[0, 0, 1, 1]] * 2]


def test_each_step_is_read_once_behind_the_prompt() -> None:
    seen = []

    def step(chords: Tensor, state: Any) -> tuple[Tensor, Any]:
        seen.append((chords.clone(), state))
        return fixed(chords, state)

    drawn = sample_chords(step, torch.ones(1, 5, 4), 3, generator=Generator().manual_seed(1))
    assert [chords.shape[1] for chords, _ in seen] == [5, 1, 1]
    assert [state for _, state in seen] == [None, 5, 6]
    assert torch.equal(torch.cat([chords for chords, _ in seen[1:]], 1), drawn[:, :2])


def test_of_too_many_keys_the_most_probable_are_struck() -> None:
    def seeded(most: int | None) -> Tensor:
        generator = Generator().manual_seed(0)
        return sample_chords(fixed, torch.zeros(300, 1, 4), 1, most=most, generator=generator)[:, 0]

    free, limited = seeded(None), seeded(2)
    assert free.sum(-1).max() > 2
    assert torch.equal(limited.sum(-1), free.sum(-1).clamp(max=2))
    crowded = free.sum(-1) > 2
    expected = free.clone()
    for row in crowded.nonzero()[:, 0]:
        struck = free[row].nonzero()[:, 0]
        expected[row, struck[:-2]] = 0  # scores rise with the number of the key
    assert torch.equal(limited, expected)
    assert torch.equal(seeded(9), free)


@given(
    seed=st.integers(0, 10**6),
    rows=st.integers(2, 5),
    temperature=st.sampled_from([0.5, 1.0]),
    most=st.sampled_from([None, 2]),
)
def test_a_row_is_the_same_alone_and_in_any_batch_of_the_same_seed(
    seed: int, rows: int, temperature: float, most: int | None
) -> None:
    weight = torch.randn(4, 4, generator=Generator().manual_seed(seed), dtype=torch.float64)
    prompts = torch.randint(2, (rows, 3, 4), generator=Generator().manual_seed(seed)).double()

    def step(chords: Tensor, state: Any) -> tuple[Tensor, Any]:
        heard = chords.cumsum(1) + (0 if state is None else state)
        return torch.sin(heard @ weight), heard[:, -1:]

    def draw(prompt: Tensor, length: int = 8) -> Tensor:
        generator = Generator().manual_seed(seed)
        return sample_chords(step, prompt, length, temperature=temperature, most=most, generator=generator)

    whole = draw(prompts)
    for count in range(1, rows):
        assert torch.equal(draw(prompts[:count]), whole[:count])
    assert torch.equal(draw(prompts, 3), whole[:, :3])
    assert draw(prompts, 0).shape == (rows, 0, 4)


def test_the_seed_decides() -> None:
    draws = [sample_chords(fixed, torch.zeros(2, 1, 4), 9, generator=Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize(
    ("time", "length", "temperature", "message"),
    [
        (0, 1, 1.0, "the prompt must hold at least one step, got none"),
        (1, -1, 1.0, "length and temperature must be at least 0, got -1 and 1.0"),
        (1, 1, -0.5, "length and temperature must be at least 0, got 1 and -0.5"),
    ],
)
def test_arguments_out_of_range(time: int, length: int, temperature: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sample_chords(fixed, torch.zeros(1, time, 4), length, temperature=temperature)
    with pytest.raises(ValueError, match="most must be at least 1 key or None, got 0"):
        sample_chords(fixed, torch.zeros(1, 1, 4), 1, most=0)
