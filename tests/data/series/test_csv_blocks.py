"""Rows read at once are those read one by one, bad ones included."""

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.series import csv_blocks
from seqmodels.data.series.csv_blocks import Blocks, Columns, Lines, lines_of

GOOD = st.tuples(
    st.sampled_from(["x", "y", " x ", "z"]),
    st.integers(1, 28).map(lambda day: f"2024-01-{day:02d}"),
    st.sampled_from(["1", " 2.5e3", "-0", "1_000", "٣"]),
    st.sampled_from(["7", "\x1c8 "]),
).map(list)
BAD = st.sampled_from([["x", "soon", "1", "1"], ["x", "2024-01-01", "nan", "1"], ["x", "2024-01-01", "1"], []])


class OneByOne(Blocks):
    """Takes no short cut."""

    def _at_once(self, rows: list[list[str]]) -> Any:
        raise ValueError(f"not {len(rows)} rows at once")


def outcome(blocks: Blocks, parts: list[Lines], errors: RowErrors) -> Any:
    """Everything that can be seen of it."""
    found = []
    for lines in parts:
        try:
            values, times, series = blocks.read(lines)
        except ValueError as error:
            return found, str(error)
        found.append((values.tolist(), times.tolist(), series.tolist()))
    return found, blocks.names, errors.skipped, errors.first


@pytest.mark.parametrize("on_error", ["stop", "skip"])
@pytest.mark.parametrize(("time", "series"), [(None, None), (1, None), (None, 0), (1, 0)])
@given(rows=st.lists(GOOD | GOOD | GOOD | BAD, max_size=20), ordered=st.booleans(), size=st.integers(1, 8))
def test_at_once_is_one_by_one(
    on_error: OnError, time: int | None, series: int | None, rows: list[list[str]], ordered: bool, size: int
) -> None:
    if ordered:
        rows = sorted(rows, key=lambda row: row[1] if len(row) == 4 else "")
    lines = list(enumerate(rows, start=2))
    parts = [lines[start : start + size] for start in range(0, len(lines), size)]
    columns = Columns(["shop", "day", "sold", "open"], [2, 3], time, series)
    outcomes = []
    for kind in (Blocks, OneByOne):
        errors = RowErrors(on_error)
        outcomes.append(outcome(kind(Path("a.csv"), columns, errors), parts, errors))
    assert outcomes[0] == outcomes[1]


def test_good_rows_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Blocks, "_one_by_one", None)
    blocks = Blocks(Path("a.csv"), Columns(["shop", "day", "sold"], [2], 1, 0), RowErrors())
    values, times, series = blocks.read([(i, ["xy"[i % 2], f"2024-01-{i:02d}", str(i)]) for i in range(2, 9)])
    np.testing.assert_array_equal(values[:, 0], np.arange(2.0, 9.0))
    np.testing.assert_array_equal(np.diff(times), 86_400)
    assert series.tolist() == [0, 1, 0, 1, 0, 1, 0]
    assert blocks.names == {"x": 0, "y": 1}


@pytest.mark.parametrize("cells", [1, 4, 6, 100])
def test_lines_come_in_blocks_without_the_blank_ones_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    monkeypatch.setattr(csv_blocks, "CELLS", cells)
    path = tmp_path / "a.csv"
    path.write_text('x,y\n1,2\n\n\n\n3,"4\n5"\n6,7\n\n\n')
    blocks = list(lines_of(path))
    assert blocks[0] == [(1, ["x", "y"])]
    rows = [(2, ["1", "2"]), (3, []), (4, []), (5, []), (7, ["3", "4\n5"]), (8, ["6", "7"])]
    assert list(chain.from_iterable(blocks[1:])) == rows


def test_what_comes_before_an_unreadable_place_is_read_first(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x\n1\n2\n\n\xff\n3\n")
    lines = lines_of(path)
    assert [next(lines), next(lines)] == [[(1, ["x"])], [(2, ["1"]), (3, ["2"])]]
    with pytest.raises(ValueError, match=r"a\.csv:5: not UTF-8 text"):
        next(lines)


@pytest.mark.parametrize("days", [[[1, 2], [4, 3]], [[1, 3], [2, 4]]], ids=["within a block", "from block to block"])
@pytest.mark.parametrize("series", [None, 0])
def test_rows_that_go_back_in_time_are_found_at_once(days: list[list[int]], series: int | None) -> None:
    blocks = Blocks(Path("a.csv"), Columns(["shop", "day", "sold"], [2], 1, series), RowErrors())
    first, second = ([["x", f"2024-01-{day:02d}", "1"] for day in part] for part in days)
    blocks._at_once(first)
    with pytest.raises(ValueError, match="not in the order of time"):
        blocks._at_once(second)
