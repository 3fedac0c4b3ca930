"""A trained model reads the same of a person's numbers as it did of the training file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqmodels.assembly import instantiate
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.series.series_input import SeriesInput

ONE = SeriesInput(columns=("x",), mean=(10.0,), std=(2.0,), window=3)
TWO = SeriesInput(columns=("x", "y"), mean=(10.0, 0.0), std=(2.0, 1.0), window=4, patch=2)
DATED = SeriesInput(columns=("x",), mean=(0.0,), std=(1.0,), window=4, cycles=("week",), time="day", series="shop")
ROWS = [(shop, f"2024-01-{day:02d}", day * factor) for shop, factor in (("a", 1), ("b", 10)) for day in range(1, 31)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sales.csv"
    path.write_text("shop,day,x\n" + "".join(f"{shop},{day},{x}\n" for shop, day, x in ROWS))
    return path


@pytest.mark.parametrize("item", [[10, 12, 14], (10, 12, 14), [[10], [12], [14]], torch.tensor([10, 12, 14.0])])
def test_numbers_are_standardised(item: Any) -> None:
    assert ONE.read(item).tolist() == [[0.0], [1.0], [2.0]]
    assert len(ONE.several(item)) == (3 if isinstance(item, list) and item[0] == [10] else 1)


def test_one_item_or_several() -> None:
    assert ONE.several([1.0, 2.0]) == [[1.0, 2.0]]
    assert ONE.several([[1.0, 2.0], [3.0]]) == [[1.0, 2.0], [3.0]]
    assert ONE.several([[[1.0], [2.0]]]) == [[[1.0], [2.0]]]
    assert TWO.several([[1.0, 2.0]]) == [[[1.0, 2.0]]]
    assert TWO.several([[[1.0, 2.0]], [[3.0, 4.0]]]) == [[[1.0, 2.0]], [[3.0, 4.0]]]
    assert ONE.several("a.csv") == ["a.csv"]
    assert ONE.several(["a.csv", "b.csv"]) == ["a.csv", "b.csv"]
    assert ONE.several({"x": [1.0]}) == [{"x": [1.0]}]
    assert ONE.several([{"x": [1.0]}]) == [{"x": [1.0]}]
    with pytest.raises(ValueError, match="a series must hold at least one step, got none"):
        ONE.several([])


def test_the_last_steps_are_read_in_whole_patches() -> None:
    assert ONE.read([0, 0, 10, 12, 14]).tolist() == [[0.0], [1.0], [2.0]]
    assert TWO.read([[0, 0], [10, 1], [12, 2]]).tolist() == [[0.0, 1.0], [1.0, 2.0]]
    with pytest.raises(ValueError, match="a series must hold at least 2 steps, got 1"):
        TWO.read([[10, 1]])


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ([], "at least one step, got none"),
        ([[1, 2], [3, 4]], r"expected finite numbers, 1 per step, got 4 of 4 finite, in shape \(2, 2\)"),
        ([1, float("nan")], r"expected finite numbers, 1 per step, got 1 of 2 finite, in shape \(2, 1\)"),
        ({"y": [1]}, "expected columns x, got none named x"),
        ([[1, 2], [3]], "expected finite numbers, 1 per step"),
        (["1", "dear"], "expected finite numbers, 1 per step"),
    ],
)
def test_what_cannot_be_read(item: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        ONE.read(item)
    assert "\n" not in str(error.value)


def test_a_file_and_a_mapping_bring_their_times(file: Path) -> None:
    with pytest.raises(ValueError, match="expected one series, got 2: a, b"):
        DATED.read(str(file))
    first, second = DATED.items(file)
    assert second["x"].tolist() == [10.0 * day for day in range(1, 31)]
    written = {"x": [10.0 * day for day in range(1, 31)], "day": [f"2024-01-{day:02d}" for day in range(1, 31)]}
    assert torch.equal(DATED.read(second), DATED.read(written))
    assert torch.equal(DATED.read(first)[:, 1:], DATED.read(second)[:, 1:])
    with pytest.raises(ValueError, match="reads the time of each step, too: give columns or a CSV file with 'day'"):
        DATED.read([1.0, 2.0])
    with pytest.raises(ValueError, match="expected columns x, got none named day"):
        DATED.read({"x": [1.0]})
    with pytest.raises(ValueError, match="expected a time for each of 2 steps, got 1"):
        DATED.read({"x": [1.0, 2.0], "day": ["2024-01-01"]})


def test_a_file_without_names_holds_one_series_row_by_row(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("1,2\n3,4\n")
    assert TWO.items(tmp_path / "rows.csv") == [[[1.0, 2.0], [3.0, 4.0]]]


def test_prediction_reads_what_training_read(file: Path) -> None:
    roles = {"time": "day", "series": "shop"}
    data = SeriesData(path=file, column="x", roles=roles, window=4, held_out=[5, 5])
    data.setup()
    reader = instantiate(data.spec.raw)
    assert reader == SeriesInput(**{k: v for k, v in data.spec.raw.items() if k != "_target_"})
    rows = {name: np.array(reader.items(file)[1][name])[:-1] for name in ("x", "day")}
    last = data.examples["test"][[len(data.origins["test"]) - 1]]  # type: ignore[arg-type]
    torch.testing.assert_close(reader.read(rows), last.inputs[0])
