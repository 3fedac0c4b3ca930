"""An order that is not written down is a random permutation all the same."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator

from seqmodels.data.orders import shuffled
from seqmodels.data.series import scattered as module
from seqmodels.data.series.scattered import Scattered, scattered


@given(count=st.integers(1, 2000), seed=st.integers(0, 99))
def test_every_number_comes_once(count: int, seed: int) -> None:
    numbers = Scattered(count, Generator().manual_seed(seed))
    assert len(numbers) == count
    assert sorted(numbers[0:count].tolist()) == list(range(count))


def test_a_part_is_that_of_the_whole() -> None:
    numbers = Scattered(10**9, Generator().manual_seed(0))
    assert numbers[10**8 : 10**8 + 50][20:30].tolist() == numbers[10**8 + 20 : 10**8 + 30].tolist()


def test_neighbours_and_epochs_have_nothing_to_do_with_each_other() -> None:
    count = 10**6
    first, second = (Scattered(count, Generator().manual_seed(seed))[0:count] for seed in (0, 1))
    assert (first == second).sum() < 20
    # Both ways: of what follows what, and of how far each comes from where it was. 4 standard errors.
    for numbers in (first, second):
        pairs = torch.stack([numbers[:-1], numbers[1:], torch.arange(count - 1)]).double()
        correlations = torch.corrcoef(pairs) - torch.eye(3)
        assert correlations.abs().max() < 4 / count**0.5
        # As many of the first tenth of places in each tenth of the numbers.
        counts = torch.bincount(numbers[: count // 10] * 10 // count)
        assert (counts - count / 100).abs().max() < 4 * (count / 100) ** 0.5


def test_few_examples_are_shuffled_as_everywhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = list(shuffled(100, 7)(Generator().manual_seed(3)))
    assert list(scattered(100, 7)(Generator().manual_seed(3))) == expected
    monkeypatch.setattr(module, "LARGE", 99)
    batches = scattered(100, 7)(Generator().manual_seed(3))
    assert list(batches) != expected
    assert sorted(index for batch in batches for index in batch) == list(range(100))
    assert list(batches[3:]) == list(batches)[3:]
