"""The n-gram model equals its definition, read literally."""

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.baselines import witten_bell
from seqmodels.data.text.corpus import CorpusData

V = 4
TOKENS = st.lists(st.integers(0, V - 1), max_size=60)


def literally(train: list[int], history: tuple[int, ...], token: int) -> float:
    """The definition, by recursion over dictionaries."""
    n = len(history)
    followers = Counter(train[i] for i in range(n, len(train)) if tuple(train[i - n : i]) == history)
    shorter = literally(train, history[1:], token) if history else 1 / V
    if not followers:
        return shorter
    return (followers[token] + len(followers) * shorter) / (followers.total() + len(followers))


@given(train=TOKENS, test=TOKENS, order=st.integers(1, 4))
def test_witten_bell_equals_its_definition(train: list[int], test: list[int], order: int) -> None:
    expected = [literally(train, tuple(test[max(i - order + 1, 0) : i]), token) for i, token in enumerate(test)]
    found = witten_bell(np.array(train, dtype=int), np.array(test, dtype=int), V, order=order)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(train=TOKENS, history=st.lists(st.integers(0, V - 1), max_size=8))
def test_witten_bell_is_a_distribution(train: list[int], history: list[int]) -> None:
    probabilities = [witten_bell(np.array(train, dtype=int), np.array([*history, token]), V)[-1] for token in range(V)]
    assert min(probabilities) > 0
    assert sum(probabilities) == pytest.approx(1)


def test_witten_bell_does_not_join_the_texts() -> None:
    train = np.array([0, 1, 2] * 20)
    assert witten_bell(train, np.array([0, 1]), 3)[0] == pytest.approx(witten_bell(train, np.array([0]), 3, order=1)[0])


def test_witten_bell_takes_a_large_vocabulary() -> None:
    size = 10**6
    train = np.arange(size)
    assert witten_bell(train, train[-10:], size)[6:] == pytest.approx(np.full(4, 31 / 32), rel=1e-6)


def test_tinyshakespeare() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("SEQMODELS_DATA is not set")
    data = CorpusData(path=Path(os.environ["SEQMODELS_DATA"]) / "tinyshakespeare" / "input.txt", held_out=(0.1, 0.0))
    data.setup()
    baseline = data.baseline()
    assert baseline["loss"] == pytest.approx(1.698, abs=0.01)
    assert baseline["perplexity"] == pytest.approx(np.exp(baseline["loss"]))
    assert baseline["bits_per_character"] == pytest.approx(baseline["loss"] / np.log(2))
