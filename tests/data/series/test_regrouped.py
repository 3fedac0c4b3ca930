"""Rows move to those of their series, piece by piece."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.series.regrouped import regroup


@given(series=st.lists(st.integers(0, 3), min_size=1, max_size=40), size=st.integers(1, 9))
def test_each_series_keeps_its_order(tmp_path: Path, series: list[int], size: int) -> None:
    numbers = np.array(series, dtype=np.int32)
    values = np.arange(2.0 * len(series)).reshape(-1, 2)
    numbers.tofile(tmp_path / "series")
    values.tofile(tmp_path / "values")
    values[:, 0].tofile(tmp_path / "times")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seqmodels.data.series.table.PIECE", size)
        regroup(tmp_path, {"values": 2, "times": 1}, np.bincount(numbers).tolist())
    expected = values[np.argsort(numbers, kind="stable")]
    np.testing.assert_array_equal(np.fromfile(tmp_path / "values").reshape(-1, 2), expected)
    np.testing.assert_array_equal(np.fromfile(tmp_path / "times"), expected[:, 0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["times", "values"]
