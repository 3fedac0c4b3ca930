"""Windows end where they should and nothing held out is learnt from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.series import random_walk, sine
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.series.series_input import SeriesInput
from seqmodels.types import Batch, DataSpec

Floats = NDArray[np.float64]


def make_data(values: Floats, **arguments: Any) -> SeriesData:
    data = SeriesData(generate=lambda _: values, **arguments)
    data.setup()
    return data


def all_of(data: SeriesData, split: Split) -> Batch:
    """The whole split, in the order of its loader."""
    batches = list(data.loader(split))
    return Batch(*(torch.cat(parts) for parts in zip(*(batch[:3] for batch in batches), strict=True)))


def noise(steps: int, columns: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(5.0, 3.0, (steps, columns))


@given(
    steps=st.integers(40, 90),
    columns=st.integers(1, 3),
    window=st.integers(1, 9),
    horizon=st.integers(1, 5),
    batch_size=st.integers(1, 40),
)
def test_every_window_and_target(steps: int, columns: int, window: int, horizon: int, batch_size: int) -> None:
    values = noise(steps, columns)
    arguments = {"window": window, "horizon": horizon, "batch_size": batch_size, "held_out": (0.2, 0.1)}
    data = make_data(values, **arguments)
    num_val, num_test = int(np.ceil(round(steps * 0.2, 6))), int(np.ceil(round(steps * 0.1, 6)))
    ends = {"train": steps - num_val - num_test, "val": steps - num_test, "test": steps}
    mean, std = values[: ends["train"]].mean(0), values[: ends["train"]].std(0)
    start = window + horizon - 1
    for split in SPLITS:
        batch = all_of(data, split)
        expected = [(values[t - horizon - window + 1 : t - horizon + 1], values[t]) for t in range(start, ends[split])]
        if split == "train":
            order = batch.targets[:, 0].argsort()
            batch = Batch(*(part[order] for part in batch[:3]))
            expected.sort(key=lambda pair: pair[1][0])
        inputs, targets = (np.stack(part) for part in zip(*expected, strict=True))
        np.testing.assert_allclose(batch.inputs.numpy() * std + mean, inputs, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(batch.targets.numpy() * std + mean, targets, rtol=1e-4, atol=1e-4)
        assert batch.lengths.tolist() == [window] * len(expected)
        start = ends[split]


@given(seed=st.integers(0, 1000), scale=st.floats(2, 1e6))
def test_nothing_of_the_held_out_splits_is_learnt_from(seed: int, scale: float) -> None:
    values = noise(100, 2, seed)
    changed = values.copy()
    changed[70:] = changed[70:] * scale + 1
    before, after = make_data(values, window=5), make_data(changed, window=5)
    assert before.spec == after.spec
    for part, part_after in zip(all_of(before, "train"), all_of(after, "train"), strict=True):
        assert part is part_after is None or torch.equal(part, part_after)
    assert not torch.equal(all_of(before, "test").targets, all_of(after, "test").targets)


@given(seed=st.integers(0, 1000))
def test_nothing_of_the_test_split_is_seen_in_validation(seed: int) -> None:
    values = noise(100, 1, seed)
    changed = values.copy()
    changed[85:] += 1
    before, after = make_data(values, window=5), make_data(changed, window=5)
    for part, part_after in zip(all_of(before, "val")[:3], all_of(after, "val")[:3], strict=True):
        assert torch.equal(part, part_after)


def test_windows_share_the_memory_of_the_series() -> None:
    values = noise(1000, 1)
    data = make_data(values, window=100)
    for windows in data.examples.values():
        assert np.shares_memory(values, windows._windows)  # type: ignore[attr-defined]


def test_the_spec_tells_what_a_model_is_built_from() -> None:
    values = noise(100, 2)
    spec = make_data(values, window=5).spec
    assert spec.mean == pytest.approx(values[:70].mean(0).tolist())
    assert spec.std == pytest.approx(values[:70].std(0).tolist())
    columns = ("value 0", "value 1")
    assert spec == DataSpec(
        inputs="values",
        input_size=2,
        output_size=2,
        mean=spec.mean,
        std=spec.std,
        columns=columns,
        answers=columns,
        raw=SeriesInput(columns, spec.mean, spec.std, window=5).recipe(),
    )


def test_the_training_split_is_standardised_and_a_constant_is_only_centred() -> None:
    values = np.concatenate([noise(400, 1), np.full((400, 1), 0.1)], axis=1)
    data = make_data(values, window=1)
    targets = all_of(data, "train").targets
    assert data.spec.std[1] == 1.0
    assert targets[:, 0].std() == pytest.approx(1, abs=0.02)
    assert targets[:, 0].mean() == pytest.approx(0, abs=0.02)
    assert targets[:, 1].abs().max() < 1e-6


def test_the_held_out_splits_are_read_in_time_and_the_training_split_is_not() -> None:
    data = make_data(np.arange(100.0)[:, np.newaxis], window=5, batch_size=7)
    for split in SPLITS:
        targets = all_of(data, split).targets.flatten()
        assert torch.equal(targets, targets.sort().values) == (split != "train")


def test_without_a_test_split_the_validation_split_is_tested_on() -> None:
    data = make_data(noise(100, 1), window=5, held_out=(0.2, 0.0))
    assert torch.equal(all_of(data, "val").targets, all_of(data, "test").targets)
    assert data.describe()["steps"] == "80 train, 20 val, test is val"


@pytest.mark.parametrize("horizon", [1, 4])
def test_the_baseline_repeats_the_last_value_in_original_units(horizon: int) -> None:
    values = noise(200, 2) * [1, 100]
    baseline = make_data(values, window=5, horizon=horizon).baseline()
    errors = values[170:] - values[170 - horizon : 200 - horizon]
    variance = ((values[170:] - values[170:].mean(0)) ** 2).sum(0)
    assert baseline == pytest.approx(
        {
            "mse": (errors**2).mean(),
            "mae": np.abs(errors).mean(),
            "r2": (1 - (errors**2).sum(0) / variance).mean(),
            "loss": ((errors / values[:140].std(0)) ** 2).mean(),
        },
        rel=1e-6,
    )


def test_the_description_says_where_from_and_how_much() -> None:
    data = SeriesData(generate=sine, window=20, horizon=3)
    data.setup()
    assert data.describe() == {
        "data": "sine (generated)",
        "about": "A sine wave that starts anywhere in its period; without noise it can be predicted exactly.",
        "columns": "value",
        "steps": "1,400 train, 300 val, 300 test",
        "prediction": "3 ahead, from a window of 20 steps",
    }


def test_the_baseline_of_a_random_walk_is_the_variance_of_its_steps() -> None:
    walk = random_walk(0, steps=5000, step_size=2.0)
    assert make_data(walk).baseline()["mse"] == pytest.approx(4, rel=0.15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": None}, "a series needs a path or a generator, got neither"),
        ({"window": 0}, "window and horizon must be at least 1, got 0 and 1"),
        ({"horizon": 0}, "window and horizon must be at least 1, got 50 and 0"),
        ({"horizon": [0, 3]}, r"window and horizon must be at least 1, got 50 and \[0, 3\]"),
        ({"horizon": [3, 1]}, r"horizon must be a number of steps, or the first and the last of several, got \[3, 1\]"),
        ({"horizon": [3]}, r"horizon must be a number of steps, or the first and the last of several, got \[3\]"),
        ({"network": {"patch": 7}}, "window must be a multiple of patch, got 50 and 7"),
        ({"on_error": "mend"}, "on_error must be 'stop' or 'skip', got 'mend'"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeriesData(**{"generate": sine, **arguments})


@pytest.mark.parametrize(
    ("generate", "column", "message"),
    [
        (sine, "x", r"sine \(generated\): a generated series has no columns to choose from, got column 'x'"),
        (
            lambda _: np.zeros(9),
            None,
            r"expected finite numbers of shape \(time, columns\), got shape \(9,\)",
        ),
        (lambda _: np.full((99, 1), np.nan), None, r"expected finite numbers of shape"),
    ],
)
def test_a_bad_generator_is_refused(generate: Callable[[int], Floats], column: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SeriesData(generate=generate, column=column).setup()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        SeriesData(path="nowhere.csv").setup()


def test_a_series_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("day,x,y\n" + "".join(f"2020-{i},{i},{-i}\n" for i in range(100)))
    data = SeriesData(path=path, column=["y", "x"], window=5)
    data.setup()
    assert data.spec.columns == ("y", "x")
    assert data.spec.mean == pytest.approx((-34.5, 34.5))
    assert data.describe()["data"] == str(path)


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        (
            14,
            r"14 steps make splits of \[8, 3, 3\], expected at least 11 to train on \(window 10, horizon 1\)",
        ),
        (18, None),
        (0, r"splits of \[0, 0, 0\]"),
        (2, r"splits of \[0, 1, 1\]"),
    ],
)
def test_a_short_series_is_refused_in_one_line(steps: int, message: str | None) -> None:
    if message is None:
        data = make_data(noise(steps, 1), window=10)
        assert [len(list(data.loader(split))) for split in SPLITS] == [1, 1, 1]
        return
    with pytest.raises(ValueError, match=message) as error:
        make_data(noise(steps, 1), window=10)
    assert "\n" not in str(error.value)


def test_a_held_out_split_of_one_step_is_refused() -> None:
    with pytest.raises(ValueError, match=r"splits of \[97, 2, 1\], .* and 2 held out in each"):
        make_data(noise(100, 1), window=10, held_out=(0.02, 0.01))
