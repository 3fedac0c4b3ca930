"""Several steps ahead, several series, other inputs, the calendar: no forecast knows more than its day did."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.series import energy
from seqmodels.data.series.calendar import calendar
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.series.table import Table
from seqmodels.types import Batch

Floats = NDArray[np.float64]


def load(table: Table | Floats, **arguments: Any) -> SeriesData:
    data = SeriesData(generate=lambda _: table, **arguments)
    data.setup()
    return data


def every(data: SeriesData, split: Split) -> Batch:
    return data.examples[split][list(range(len(data.origins[split])))]  # type: ignore[return-value]


def panel(lengths: tuple[int, ...], columns: int = 2, seed: int = 0) -> Table:
    """Each series at a level of its own."""
    random = np.random.default_rng(seed)
    values = np.concatenate([random.normal(10.0 * i, 1.0 + i, (length, columns)) for i, length in enumerate(lengths)])
    names = tuple(f"series {i}" for i in range(len(lengths)))
    return Table(tuple("ab"[:columns]), values, None, names, tuple(np.cumsum(lengths).tolist()))


@given(
    lengths=st.lists(st.integers(40, 70), min_size=1, max_size=3),
    window=st.integers(1, 8),
    first=st.integers(1, 4),
    more=st.integers(0, 3),
)
def test_windows_and_targets_are_the_steps_they_say(lengths: list[int], window: int, first: int, more: int) -> None:
    table = panel(tuple(lengths))
    last = first + more
    data = load(table, window=window, horizon=[first, last], held_out=(0.2, 0.2))
    mean, std = np.array(data.spec.mean), np.array(data.spec.std)
    for split in SPLITS:
        expected = []
        for rows in table.series:
            held = int(np.ceil(round(0.2 * len(rows), 6)))
            cuts = [rows.start, rows.stop - 2 * held, rows.stop - held, rows.stop]
            start, stop = cuts[SPLITS.index(split)], cuts[SPLITS.index(split) + 1]
            for origin in range(rows.start, rows.stop):
                targets = range(origin + first - 1, origin + last)
                if origin - window >= rows.start and targets[0] >= start and targets[-1] < stop:
                    expected.append((table.values[origin - window : origin], table.values[list(targets)].ravel()))
        batch = every(data, split)
        assert len(batch.inputs) == len(expected)
        shown = batch.inputs.numpy() * std + mean
        came = batch.targets.numpy() * np.tile(std, more + 1) + np.tile(mean, more + 1)
        np.testing.assert_allclose(shown, np.stack([seen for seen, _ in expected]), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(came, np.stack([target for _, target in expected]), rtol=1e-4, atol=1e-4)


@given(place=st.floats(0, 0.999), split=st.sampled_from(SPLITS), to=st.floats(-1e6, 1e6), seed=st.integers(0, 99))
def test_a_forecast_knows_nothing_from_its_origin_on(place: float, split: Split, to: float, seed: int) -> None:
    table = panel((60, 50), seed=seed)
    arguments: dict[str, Any] = {"window": 6, "horizon": [1, 3]}
    before = load(table, **arguments)
    index = int(place * len(before.origins[split]))
    origin = int(before.origins[split][[index]][0])
    changed = table.values.copy()
    (rows,) = (rows for rows in table.series if origin in rows)
    changed[origin : rows.stop] = to
    after = load(Table(table.columns, changed, None, table.names, table.ends), **arguments)
    if split != "train":  # what it is standardised by, and what was trained on
        assert before.spec == after.spec
        for one, other in zip(every(before, "train")[:2], every(after, "train")[:2], strict=True):
            assert torch.equal(one, other)
    assert len(before.origins[split]) == len(after.origins[split])
    mean, std = np.array(before.spec.mean), np.array(before.spec.std)
    mean_after, std_after = np.array(after.spec.mean), np.array(after.spec.std)
    shown = before.examples[split][[index]].inputs.numpy() * std + mean  # type: ignore[union-attr]
    shown_after = after.examples[split][[index]].inputs.numpy() * std_after + mean_after  # type: ignore[union-attr]
    np.testing.assert_allclose(shown, shown_after, rtol=1e-3, atol=1e-5 * abs(to) + 1e-4)


def test_a_back_test_with_a_rolling_origin_knows_no_later_step() -> None:
    values = panel((100,)).values
    changed = values.copy()
    changed[60:] += 1000
    for steps in (50, 60):
        before, after = load(values, window=5, steps=steps), load(changed, window=5, steps=steps)
        assert before.spec == after.spec
        assert before.baseline() == after.baseline()
        for split in SPLITS:
            assert torch.equal(every(before, split).targets, every(after, split).targets)
            assert torch.equal(every(before, split).inputs, every(after, split).inputs)
    assert load(values, window=5, steps=90).spec != load(changed, window=5, steps=90).spec


def test_splits_are_cut_by_numbers_of_steps() -> None:
    data = load(np.arange(100.0)[:, np.newaxis], window=5, steps=90, held_out=[20, 10])
    assert data.describe()["steps"] == "60 train, 20 val, 10 test"
    mean, std = data.spec.mean[0], data.spec.std[0]
    assert (every(data, "test").targets[[0, -1], 0] * std + mean).tolist() == pytest.approx([80, 89], rel=1e-5)
    assert load(np.arange(100.0)[:, np.newaxis], window=5, held_out=[20, 0]).describe()["steps"].endswith("test is val")
    with pytest.raises(ValueError, match=r"two numbers of steps, for val \(not 0\) and test, got \[0, 10\]"):
        load(np.zeros((99, 1)), window=5, held_out=[0, 10])


def test_the_answers_are_named_by_column_and_step() -> None:
    data = load(panel((60,)), window=5, horizon=[2, 3])
    assert data.spec.answers == ("a +2", "b +2", "a +3", "b +3")
    assert data.spec.output_size == 4
    apart = load(panel((60,)), window=6, horizon=[2, 3], network={"per_column": True, "patch": 3}).spec
    assert (apart.input_size, apart.output_size, apart.answers) == (3, 2, data.spec.answers)
    assert data.describe()["prediction"] == "2 to 3 ahead, from a window of 5 steps"


@pytest.mark.parametrize("season", [1, 4, 7])
def test_the_baseline_is_the_better_of_persistence_and_a_season_ago(season: int) -> None:
    random = np.random.default_rng(0)
    values = np.tile(random.normal(0, 5, (7, 2)), (20, 1)) + random.normal(0, 0.1, (140, 2))
    data = load(values, window=5, horizon=[1, 9], season=season, held_out=[28, 28])
    scores = {}
    for name, length in (("persistence", 1), ("seasonal", season)):
        errors = []
        for origin in range(112, 140 - 9 + 1):
            for h in range(1, 10):
                step = origin + h - 1
                seen = step
                while seen >= origin:
                    seen -= length
                errors.append(values[step] - values[seen])
        scores[name] = float(np.mean(np.square(errors)))
    baseline = data.baseline()
    assert baseline["mse"] == pytest.approx(min(scores.values()))
    assert baseline["mse_persistence"] == pytest.approx(scores["persistence"])
    assert baseline["mse_seasonal"] == pytest.approx(scores["seasonal"])
    std = values[:84].std(0)
    assert (scores["seasonal"] < scores["persistence"]) == (season == 7)
    assert baseline["loss"] == pytest.approx(baseline["mse"] / np.mean(std**2), rel=0.3)


def test_the_baseline_is_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = load(energy(0, steps=24 * 60), window=24, horizon=[1, 24], season=24)
    whole = data.baseline()
    monkeypatch.setattr("seqmodels.data.series.baselines.PIECE", 60)
    assert data.baseline() == pytest.approx(whole)


@pytest.mark.parametrize("season", [0, 70])
def test_a_season_that_is_none_is_refused(season: int) -> None:
    with pytest.raises(ValueError, match=f"season must be from 1 to 69 steps, which fit into training, got {season}"):
        load(panel((100,)), window=5, season=season)


def test_a_short_series_of_several_is_named() -> None:
    with pytest.raises(ValueError, match=r"series 'series 1': 12 steps make splits of \[8, 2, 2\]"):
        load(panel((60, 12)), window=10)


CSV = "day,shop,sold,price\n" + "".join(
    f"2024-01-{day:02d},{shop},{day * factor},{day % 3}\n"
    for day in range(1, 31)
    for shop, factor in (("x", 1), ("y", 10))
)


def test_a_file_with_several_series_other_inputs_and_times(tmp_path: Path) -> None:
    path = tmp_path / "shops.csv"
    path.write_text(CSV)
    roles = {"inputs": ["price"], "time": "day", "series": "shop"}
    data = SeriesData(path=path, column="sold", roles=roles, window=4, held_out=[5, 5])
    data.setup()
    assert data.describe()["series"] == "2, cut in time one by one"
    assert data.spec.columns == ("sold", "price", "week sine", "week cosine", "year sine", "year cosine")
    assert data.spec.output_size == 1
    sold = np.concatenate([np.arange(1, 21), 10 * np.arange(1, 21)])
    assert data.spec.mean == pytest.approx([sold.mean()])
    batch = every(data, "val")
    assert len(batch.inputs) == 10
    days = 86_400.0 * (19_723 + np.arange(16, 20))  # 2024-01-17 to 20
    np.testing.assert_allclose(batch.inputs[0, :, 2:], calendar(days, ("week", "year")), atol=1e-6)
    shown = batch.inputs[5, :, 0] * sold.std() + sold.mean()
    np.testing.assert_allclose(shown, [170, 180, 190, 200], rtol=1e-5)


def test_a_bad_row_stops_or_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "bad.csv"
    lines = [f"2024-01-{day:02d},{day}" for day in range(1, 31)]
    lines[3], lines[8] = "2024-01-04,NA", "yesterday,9"
    path.write_text("day,x\n" + "\n".join(lines) + "\n")
    arguments: dict[str, Any] = {"path": path, "column": "x", "roles": {"time": "day"}, "window": 3}
    with pytest.raises(ValueError, match=r"bad\.csv:5: column 'x': expected a finite number, got 'NA'"):
        SeriesData(**arguments).setup()
    data = SeriesData(**arguments, on_error="skip")
    data.setup()
    assert data.describe()["skipped"].startswith("2 skipped, the first: ")
    assert data.describe()["steps"] == "18 train, 5 val, 5 test"


def real(name: str) -> Path:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("SEQMODELS_DATA is not set")
    return Path(os.environ["SEQMODELS_DATA"]) / name


def test_etth1_is_cut_as_in_the_literature() -> None:
    path = real("etth1/ETTh1.csv")
    columns = ["HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT"]
    arguments: dict[str, Any] = {"steps": 14400, "held_out": [2880, 2880], "season": 24, "horizon": [1, 96]}
    data = SeriesData(path=path, column=columns, window=336, **arguments)
    data.setup()
    assert [len(data.origins[split]) for split in SPLITS] == [8640 - 336 - 95, 2785, 2785]
    assert data.baseline()["loss"] == pytest.approx(0.512, abs=0.001)  # published for the repetition of yesterday


def test_stocks_are_five_series() -> None:
    data = SeriesData(path=real("timeseries/stocks.csv"), column="price", roles={"series": "symbol"}, window=12)
    data.setup()
    assert data._table.names == ("MSFT", "AMZN", "IBM", "GOOG", "AAPL")
    assert sum(data._lengths.values()) == 560
