"""A stratified draw takes the same share of each class and never parts what is equal."""

from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.stratified import stratified


@given(labels=st.lists(st.sampled_from("abc"), max_size=60), share=st.floats(0.05, 0.6), seed=st.integers(0, 99))
def test_each_class_gives_its_share(labels: list[str], share: float, seed: int) -> None:
    drawn = stratified(range(len(labels)), labels, share, seed)
    for label in set(labels):
        of_class = [d for d, each in zip(drawn, labels, strict=True) if each == label]
        assert abs(sum(of_class) - share * len(of_class)) <= 1
        assert len(of_class) < 3 or 0 < sum(of_class) < len(of_class)


@given(keys=st.lists(st.integers(0, 20), max_size=60), seed=st.integers(0, 99))
def test_equal_examples_stay_together(keys: list[int], seed: int) -> None:
    drawn = stratified(keys, [key % 2 for key in keys], 0.3, seed)
    chosen = {key for key, d in zip(keys, drawn, strict=True) if d}
    left = {key for key, d in zip(keys, drawn, strict=True) if not d}
    assert not chosen & left


def test_the_seed_decides() -> None:
    draws = [stratified(range(100), [0] * 100, 0.5, seed) for seed in (0, 0, 1)]
    assert draws[0] == draws[1] != draws[2]


def test_examples_that_are_equal_but_labelled_differently_count_once() -> None:
    assert sum(stratified(["a", "b", "c", "a"], [0, 0, 0, 1], 1 / 3, seed=0)) in (1, 2)
