"""Names of run folders, and of the jobs of a sweep."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.run_names import MAX_NAME_LENGTH, data_name, job_name, varied_keys

VALUES = st.lists(st.text(min_size=1, max_size=60), min_size=2, max_size=4, unique=True)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (None, "reviews"),
        ("shop.csv", "shop"),
        ("~/Übung (1).csv.gz", "Übung_1"),
        ("data/films/", "films"),
        (".", "reviews"),
        ({"train": "mine/a.csv", "test": "mine/b.csv"}, "a"),
        ({"name": "sms.zip", "url": "https://x"}, "reviews"),
        ({"train": {"name": "a.zip"}}, "reviews"),
    ],
)
def test_data_are_named_by_the_file_of_a_person(path: Any, name: str) -> None:
    assert data_name("reviews", path) == name


def test_a_job_is_named_by_what_differs() -> None:
    given_ = ["task=sine", "+trainer.max_steps=9", "model=gru", "data.seed=1", "seed=2"]
    assert job_name(given_, ["model", "seed"]) == "gru,seed=2"
    assert job_name(given_, ["data.seed", "seed"]) == "data.seed=1,seed=2"
    assert job_name(given_[:3], []) == "sine,max_steps=9,gru"
    assert job_name(['data.path="a/b c.csv"'], ["data.path"]) == "path=a_b_c.csv"
    assert job_name([], []) == "job"


@given(values=VALUES, length=st.integers(1, 30))
def test_names_fit_any_file_system(values: list[str], length: int) -> None:
    for value in values:
        name = job_name([f"key{i}={value}" for i in range(length)], [])
        assert len(name) <= MAX_NAME_LENGTH
        assert re.fullmatch(r"[\w.,=+-]+", name)


def test_long_names_differ_where_values_do() -> None:
    first, second = (job_name([f"key{i}={'x' * 20}" for i in range(9)] + [f"z={end}"], []) for end in (1, 2))
    assert first != second


def test_what_varies_are_the_keys_with_several_values() -> None:
    arguments = ["-m", "model=rnn,gru", "seed=range(1,4)", "data.held_out=[0.1,0.2]", "++trainer.max_epochs=1,2", "x=1"]
    assert varied_keys(arguments) == ["model", "seed", "trainer.max_epochs"]
