"""Values that the data choose: few rows get small batches, many epochs and patience, long ones pooling."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.auto_values import (
    AUTO,
    CHOICES,
    MAX_BATCH_SIZE,
    MAX_EPOCHS,
    MIN_BATCH_SIZE,
    UPDATES,
    Amount,
    chosen_by,
    without_auto,
)
from tests.train.conftest import Train

PLAIN: dict[str, Any] = {
    "data": {"batch_size": AUTO, "path": None},
    "trainer": {"max_epochs": AUTO, "accelerator": AUTO},
    "callbacks": {"early_stopping": {"patience": AUTO}},
    "task": {"pooling": AUTO},
    "model": {"bidirectional": AUTO, "head_dropout": AUTO},
}


def value(plain: dict[str, Any], key: str) -> Any:
    for name in key.split("."):
        plain = plain[name]
    return plain


@given(rows=st.integers(1, 10**7), length=st.integers(1, 10**4))
def test_all_is_chosen_within_bounds_and_the_rest_stays(rows: int, length: int) -> None:
    plain, line = chosen_by(PLAIN, Amount(rows, length))
    assert plain["trainer"]["accelerator"] == AUTO
    batch_size, epochs = plain["data"]["batch_size"], plain["trainer"]["max_epochs"]
    assert MIN_BATCH_SIZE <= batch_size <= MAX_BATCH_SIZE
    assert 1 <= epochs <= MAX_EPOCHS
    assert epochs == MAX_EPOCHS or epochs * rows / batch_size >= UPDATES
    assert all(choice.key in line for choice in CHOICES)
    assert f"{rows:,} rows" in line


def test_a_value_that_is_given_stays_and_counts() -> None:
    given_size = {**PLAIN, "data": {"batch_size": 4}, "model": {"bidirectional": True, "head_dropout": AUTO}}
    plain, line = chosen_by(given_size, Amount(rows=400, length=100))
    assert plain["data"]["batch_size"] == 4
    assert plain["trainer"]["max_epochs"] == UPDATES * 4 // 400
    assert plain["model"] == {"bidirectional": True, "head_dropout": 0.5}
    assert "batch_size" not in line
    assert chosen_by(plain, Amount(rows=9, length=9)) == (plain, "")


@pytest.mark.parametrize(("length", "pooling"), [(10, "Last"), (100, "Max")])
def test_long_rows_are_pooled_in_both_directions(length: int, pooling: str) -> None:
    plain, _ = chosen_by(PLAIN, Amount(rows=400, length=length))
    assert plain["task"]["pooling"]["_target_"].endswith(pooling)
    assert plain["model"]["bidirectional"] == (pooling == "Max")


def test_without_auto_only_what_is_right_by_itself_is_left() -> None:
    assert without_auto(PLAIN) == {
        "data": {"path": None},
        "trainer": {"accelerator": AUTO},
        "callbacks": {"early_stopping": {}},
        "task": {},
        "model": {},
    }


def test_a_training_says_and_saves_what_was_chosen(train: Train, capfd: pytest.CaptureFixture[str]) -> None:
    given = ("task=sentiment", "+data.generate.sizes={train:80,val:20,test:20}", "model.hidden_size=4")
    run = train(*given, "trainer.max_epochs=1", "~callbacks.progress", "trainer.enable_progress_bar=false")
    out = capfd.readouterr().out
    assert "chosen by the data: data.batch_size=8, callbacks.early_stopping.patience=40" in out.replace("\n", " ")
    config = (run / "config.yaml").read_text()
    assert "batch_size: 8" in config
    assert "max_epochs: 1" in config
    assert "head_dropout: 0.5" in config
    train(*given, "trainer.max_epochs=2", "resume=true", "~callbacks.progress", "trainer.enable_progress_bar=false")


def test_seeds_share_their_data(train: Train) -> None:
    brief = ("task=sine", "trainer.max_epochs=1", "trainer.limit_train_batches=2", "model.hidden_size=4")
    runs = [train(*brief, f"seed={seed}", "~callbacks.progress", folder=f"run{seed}") for seed in (1, 2)]
    digests = {(run / "data.json").read_text() for run in runs}
    assert len(digests) == 1
    results = {(run / "metrics.json").read_text().partition('"test/loss"')[2][:20] for run in runs}
    assert len(results) == 2
