from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.decoding import Step, beam, greedy
from seqmodels.types import map_state
from tests.decoding.models import END, beginning, remembering, spelt

PENALTIES = st.sampled_from([0.0, 0.6, 1.0, 2.0])


def every_sequence(vocabulary: int, length: int, max_length: int) -> list[list[int]]:
    """Of one length, all that end there, and all that are cut off there."""
    return [
        list(tokens)
        for tokens in product(range(vocabulary), repeat=length)
        if END not in tokens[:-1] and (tokens[-1] == END or length == max_length)
    ]


def exhaustive(step: Step, row: int, vocabulary: int, max_length: int, penalty: float) -> list[tuple[float, list[int]]]:
    """All there are with their log-probabilities, the best first."""
    scored: list[tuple[float, list[int]]] = []
    for length in range(1, max_length + 1):
        sequences = every_sequence(vocabulary, length, max_length)
        scored += zip(spelt(step, row, sequences), sequences, strict=True)
    return sorted(scored, key=lambda pair: -pair[0] / ((5 + len(pair[1])) / 6) ** penalty)


@given(
    seed=st.integers(0, 10**6),
    vocabulary=st.integers(2, 4),
    max_length=st.integers(1, 4),
    penalty=PENALTIES,
    num_best=st.integers(1, 5),
)
def test_a_wide_beam_finds_what_looking_at_everything_finds(
    seed: int, vocabulary: int, max_length: int, penalty: float, num_best: int
) -> None:
    step = remembering(seed, vocabulary)
    found = beam(
        step,
        *beginning([0, 1]),
        end=END,
        max_length=max_length,
        num_beams=max(vocabulary**max_length, num_best),
        length_penalty=penalty,
        num_best=num_best,
    )
    for row in range(2):
        best = exhaustive(step, row, vocabulary, max_length, penalty)[:num_best]
        for n, (score, tokens) in enumerate(best):
            assert found.tokens[row, n, : found.lengths[row, n]].tolist() == tokens
            assert found.scores[row, n].item() == pytest.approx(score)
        assert not found.lengths[row, len(best) :].any()
        assert not found.tokens[row, len(best) :].any()
        assert found.scores[row, len(best) :].isneginf().all()


@given(seed=st.integers(0, 10**6), penalty=PENALTIES, vocabulary=st.integers(2, 6))
def test_a_beam_of_one_is_greedy_search(seed: int, penalty: float, vocabulary: int) -> None:
    step, numbers = remembering(seed, vocabulary), {"end": END, "max_length": 8}
    narrow = beam(step, *beginning([0, 1, 2, 3]), num_beams=1, length_penalty=penalty, **numbers)
    for one, other in zip(greedy(step, *beginning([0, 1, 2, 3]), **numbers), narrow, strict=True):
        torch.testing.assert_close(other.squeeze(1), one)


def plain(step: Step, row: int, vocabulary: int, max_length: int, num_beams: int, penalty: float) -> list[list[int]]:
    """The same search for one row, in lists, never stopping early: the sequences it has found, the best first."""
    live: list[list[int]] = [[]]
    done: list[tuple[float, list[int]]] = []
    for length in range(1, max_length + 1):
        grown = [[*tokens, token] for tokens in live for token in range(vocabulary)]
        ranked = sorted(zip(spelt(step, row, grown), grown, strict=True), reverse=True) if grown else []
        chosen = ranked[: num_beams - len(done)]
        ended = [pair for pair in chosen if pair[1][-1] == END or length == max_length]
        done += [(score / ((5 + length) / 6) ** penalty, tokens) for score, tokens in ended]
        live = [tokens for _, tokens in chosen if tokens[-1] != END]
    return [tokens for _, tokens in sorted(done, reverse=True)]


@given(
    seed=st.integers(0, 10**6),
    vocabulary=st.integers(2, 5),
    num_beams=st.integers(1, 4),
    num_best=st.integers(1, 4),
    penalty=PENALTIES,
    sharpness=st.sampled_from([0.3, 2.0]),
)
def test_a_narrow_beam_finds_what_a_plain_search_without_a_stop_finds(
    seed: int, vocabulary: int, num_beams: int, num_best: int, penalty: float, sharpness: float
) -> None:
    step = remembering(seed, vocabulary, sharpness)
    found = beam(
        step,
        *beginning([0, 1, 2]),
        end=END,
        max_length=6,
        num_beams=max(num_beams, num_best),
        length_penalty=penalty,
        num_best=num_best,
    )
    for row in range(3):
        expected = plain(step, row, vocabulary, 6, max(num_beams, num_best), penalty)[:num_best]
        sequences = [t[:n].tolist() for t, n in zip(found.tokens[row], found.lengths[row], strict=True)]
        assert sequences == expected + [[]] * (num_best - len(expected))


@given(
    seed=st.integers(0, 10**6),
    rows=st.lists(st.integers(0, 6), min_size=2, max_size=3),
    num_beams=st.integers(1, 5),
    penalty=PENALTIES,
)
def test_a_row_is_the_same_alone_and_in_any_batch(seed: int, rows: list[int], num_beams: int, penalty: float) -> None:
    def search(rows: list[int]) -> Any:
        return beam(
            remembering(seed, 5),
            *beginning(rows),
            end=END,
            max_length=6,
            num_beams=num_beams,
            num_best=num_beams,
            length_penalty=penalty,
        )

    together = search(rows)
    for n, row in enumerate(rows):
        alone = search([row])
        width = alone.tokens.shape[-1]
        assert torch.equal(together.tokens[n, :, :width], alone.tokens[0])
        assert not together.tokens[n, :, width:].any()
        assert torch.equal(together.lengths[n], alone.lengths[0])
        assert torch.equal(together.scores[n], alone.scores[0])


@given(seed=st.integers(0, 10**6), num_beams=st.integers(1, 6), penalty=PENALTIES)
def test_what_is_found_is_true_ordered_and_different(seed: int, num_beams: int, penalty: float) -> None:
    step = remembering(seed, 4)
    found = beam(
        step,
        *beginning([3]),
        end=END,
        max_length=6,
        num_beams=num_beams,
        num_best=num_beams,
        length_penalty=penalty,
        forbidden=[2],
    )
    sequences = [row[:length].tolist() for row, length in zip(found.tokens[0], found.lengths[0], strict=True)]
    assert len({tuple(tokens) for tokens in sequences}) == num_beams
    for tokens, score in zip(sequences, found.scores[0], strict=True):
        assert score.item() == pytest.approx(spelt(step, 3, [tokens], (2,))[0])
    ranks = found.scores[0] / ((5 + found.lengths[0]) / 6) ** penalty
    assert torch.equal(ranks, ranks.sort(descending=True).values)


def test_a_row_that_is_done_costs_no_further_steps() -> None:
    """Sure of the end at once: the second step could change nothing."""
    calls = []

    def step(tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        calls.append(tokens.shape)
        return torch.tensor([0.1, 0.7, 0.2]).log().expand(*tokens.shape, 3), state

    found = beam(step, torch.zeros(2, 1, dtype=torch.long), (), end=END, max_length=50, num_beams=3)
    assert found.tokens.tolist() == [[[END]], [[END]]]
    assert len(calls) == 1


def test_it_goes_on_while_something_longer_may_be_better() -> None:
    """Ending at once has probability 0.4, going on for two steps 0.36: better by the penalty."""
    table = torch.tensor([[0.0, 0.4, 0.6], [0.0, 1.0, 0.0], [0.0, 0.6, 0.4]]).log()
    search = [
        beam(
            lambda tokens, state: (table[tokens], state),
            torch.zeros(1, 1, dtype=torch.long),
            (),
            end=END,
            max_length=3,
            num_beams=2,
            length_penalty=penalty,
        )
        for penalty in (0.0, 2.0)
    ]
    assert [found.tokens[0, 0].tolist() for found in search] == [[1], [2, 1]]


def test_nested_states_follow_their_beams() -> None:
    step = remembering(11, 4)
    start, state = beginning([0, 4])

    def nested(tokens: torch.Tensor, state: Any) -> tuple[torch.Tensor, Any]:
        (inner, memory), read = state
        scores, inner = step(tokens, inner)
        return scores + memory.unsqueeze(1), ((inner, memory), read + tokens.shape[1])

    memory = torch.randn(2, 4, dtype=torch.float64)
    numbers = {"end": END, "max_length": 4, "num_beams": 64}
    found = beam(nested, start, ((state, memory), torch.zeros(2)), **numbers)
    for row in range(2):
        one = map_state(lambda tensor, row=row: tensor[row : row + 1], state)
        alone = beam(
            lambda tokens, inner, row=row: (step(tokens, inner)[0] + memory[row], step(tokens, inner)[1]),
            start[:1],
            one,
            **numbers,
        )
        torch.testing.assert_close(found.scores[row], alone.scores[0])
        assert found.tokens[row, 0, : alone.lengths[0, 0]].tolist() == alone.tokens[0, 0].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_beams": 0}, "num_best must lie between 1 and num_beams, got 1 of 0"),
        ({"num_beams": 2, "num_best": 3}, "got 3 of 2"),
        ({"num_beams": 2, "num_best": 0}, "got 0 of 2"),
        ({"num_beams": 2, "length_penalty": -0.5}, "length_penalty must be at least 0, got -0.5"),
        ({"num_beams": 2, "max_length": 0}, "max_length must be at least 1"),
    ],
)
def test_arguments_out_of_range(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        beam(remembering(0, 3), *beginning([0]), **{"end": END, "max_length": 3, **options})


def test_no_rows_are_no_work() -> None:
    found = beam(remembering(0, 3), *beginning([]), end=END, max_length=3, num_beams=2)
    assert found.tokens.shape == (0, 1, 0)
