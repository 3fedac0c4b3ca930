"""Columns are found by name or by being the only numbers; what is wrong with a file is said in one line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqmodels.data.row_errors import RowErrors
from seqmodels.data.series import csv_blocks, csv_columns
from seqmodels.data.series.csv_columns import Roles, read_table
from seqmodels.data.series.table import Table, mean_and_std, pieces

PANEL = "shop,day,sold,open\n" + "".join(
    f"{shop},2024-01-{day:02d},{factor * day},{day % 2}\n"
    for shop, factor in (("x", 1), ("y", 10))
    for day in range(1, 10)
)


def read_columns(path: Path, column: str | Sequence[str] | None) -> tuple[tuple[str, ...], Any]:
    table = read_table(path, column, Roles(), RowErrors())
    return table.columns, table.values


def write(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows(count: int) -> str:
    return "".join(f"2020-{i},{i},{i * i}.5\n" for i in range(count))


@pytest.mark.parametrize(("column", "columns"), [("x", ("x",)), (["y", "x"], ("y", "x")), (("y",), ("y",))])
def test_columns_are_read_from_a_file(tmp_path: Path, column: str | Sequence[str], columns: tuple[str, ...]) -> None:
    names, values = read_columns(write(tmp_path, "day,x,y\n" + rows(100) + "\n\n"), column)
    numbers = np.arange(100.0)
    expected = {"x": numbers, "y": numbers**2 + 0.5}
    assert names == columns
    np.testing.assert_array_equal(values, np.stack([expected[name] for name in columns], axis=1))


def test_the_only_numeric_column_needs_no_name(tmp_path: Path) -> None:
    text = '\ufeff"Month","Sales"\r\n' + "".join(f'"1960-{i}", {i}e3\r\n' for i in range(30))
    names, values = read_columns(write(tmp_path, text), None)
    assert names == ("Sales",)
    np.testing.assert_array_equal(values[:, 0], 1000 * np.arange(30.0))


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("day,x,y\n" + rows(9), "z", r"0 columns are named 'z', there are day, x, y"),
        ("x,x\n1,2\n", "x", r"2 columns are named 'x', there are x, x"),
        ("day,x,y\n" + rows(9), None, r"2 columns are numeric, choose the column from day, x, y"),
        ("day,kind\nMonday,a\n", None, r"0 columns are numeric, choose the column from day, kind"),
        ("day,x,y\n" + rows(9), [], r"column names none, expected some of day, x, y"),
        ("x\n1\n2\nabc\n", "x", r":4: column 'x': expected a finite number, got 'abc'"),
        ("x,y\n1,2\n,3\n", "x", r":3: column 'x': expected a finite number, got ''"),
        ("x,y\n1,2\nNA,3\n", "x", r":3: column 'x': expected a finite number, got 'NA'"),
        ("x,y\n1,2\nnan,3\n", "x", r":3: column 'x': expected a finite number, got 'nan'"),
        ("x,y\n1,2\n-inf,3\n", "x", r":3: column 'x': expected a finite number, got '-inf'"),
        ("x,y\n1,2\n3\n", "x", r":3: expected 2 cells as in the first row, got 1"),
        ("x,y\n1,2\n3,4,5\n", "x", r":3: expected 2 cells as in the first row, got 3"),
        ("x\n1\n\n2\n", "x", r":3: expected 1 cells as in the first row, got 0"),
        ('x,y\n1,"2\n', "x", r":2: not a row of a CSV file: unexpected end of data"),
        ("", None, r"expected a row of column names and rows of values, got 0 rows"),
        ("x\n", None, r"expected a row of column names and rows of values, got 1 rows"),
        ("1.5,2\n3,4\n", None, r":1: expected the names of the columns, got numbers: 1.5, 2"),
    ],
)
def test_a_bad_file_is_explained_in_one_line(
    tmp_path: Path, text: str, column: str | Sequence[str] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message) as error:
        read_columns(write(tmp_path, text), column)
    assert str(error.value).startswith(str(tmp_path / "data.csv"))
    assert "\n" not in str(error.value)


def by_day(text: str) -> str:
    """The same rows, the series taking turns."""
    header, *rows = text.splitlines()
    return "\n".join([header, *sorted(rows, key=lambda row: row.split(",")[1])]) + "\n"


@pytest.mark.parametrize("text", [PANEL, by_day(PANEL)], ids=["one below the other", "taking turns"])
@pytest.mark.parametrize("large", [False, True])
def test_several_series_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, large: bool) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    if large:
        monkeypatch.setattr(csv_columns, "LARGE", 10)
    monkeypatch.setattr(csv_blocks, "CELLS", 20)
    monkeypatch.setattr("seqmodels.data.series.table.PIECE", 4)
    table = read_table(write(tmp_path, text), "sold", Roles("open", "day", "shop"), RowErrors())
    assert table.columns == ("sold", "open")
    assert table.names == ("x", "y")
    assert table.series == [range(9), range(9, 18)]
    days = np.arange(1, 10)
    np.testing.assert_array_equal(table.values[:, 0], np.concatenate([days, 10 * days]))
    assert table.times is not None
    np.testing.assert_array_equal(np.diff(table.times[:9]), 86_400)


def test_a_large_file_is_read_once_and_kept_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(csv_columns, "LARGE", 10)
    path = write(tmp_path, "x,y\n" + "".join(f"{i},{i * i}\n" for i in range(50)) + "3,\n")
    first, again = RowErrors("skip"), RowErrors("skip")
    one = read_table(path, ["y", "x"], Roles(), first)
    monkeypatch.setattr(csv_columns, "_write", None)
    other = read_table(path, ["y", "x"], Roles(), again)
    assert isinstance(other.values, np.memmap)
    np.testing.assert_array_equal(one.values, other.values)
    assert (
        first.describe()
        == again.describe()
        == (f"1 skipped, the first: {path}:52: column 'y': expected a finite number, got ''")
    )
    (about,) = (tmp_path / "cache").rglob("about.json")
    assert json.loads(about.read_text())["columns"] == ["y", "x"]


def test_what_lies_on_disk_gives_the_same_pieces_and_statistics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("seqmodels.data.series.table.PIECE", 7)
    values = np.random.default_rng(0).normal(1e6, 2.0, (60, 3))
    values[:, 2] = 5.0
    values.tofile(tmp_path / "values")
    mapped = np.memmap(tmp_path / "values", np.float64, "r").reshape(-1, 3)
    np.testing.assert_array_equal(np.concatenate(list(pieces(mapped, range(5, 33)))), values[5:33])
    for given in (values, mapped):
        mean, std = mean_and_std(given, [range(10), range(20, 60)])
        rows = np.concatenate([values[:10], values[20:]])
        np.testing.assert_allclose(mean, rows.mean(0))
        np.testing.assert_allclose(std, [*rows.std(0)[:2], 1.0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("x,2024-01-01,1,1\nx,soon,2,1\n", r":3: expected a time such as 2024-01-31 .*, got 'soon'"),
        ("x,2024-01-02,1,1\nx,2024-01-01,2,1\n", r":3: expected the rows in the order of time, got '2024-01-01'"),
        ("x,2024-01-02,1,1\ny,2024-01-01,2,shut\n", r":3: column 'open': expected a finite number, got 'shut'"),
    ],
)
def test_a_bad_row_of_several_series_is_named(tmp_path: Path, rows: str, message: str) -> None:
    path = write(tmp_path, "shop,day,sold,open\n" + rows)
    with pytest.raises(ValueError, match=message):
        read_table(path, "sold", Roles("open", "day", "shop"), RowErrors())
    kept = read_table(path, "sold", Roles("open", "day", "shop"), RowErrors("skip"))
    assert kept.values.tolist() == [[1.0, 1.0]]


def test_a_file_of_bad_rows_only_and_bad_bytes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got no row that can be read"):
        read_table(write(tmp_path, "x\na\nb\n"), "x", Roles(), RowErrors("skip"))
    (tmp_path / "latin.csv").write_bytes(b"x\n1\n\xe9\n")
    with pytest.raises(ValueError, match=r"latin\.csv:3: not UTF-8 text"):
        read_table(tmp_path / "latin.csv", "x", Roles(), RowErrors())


def test_a_table_must_fit_together() -> None:
    with pytest.raises(ValueError, match=r"expected values of 2 columns and 1 series, got shape \(3, 1\)"):
        Table(("a", "b"), np.zeros((3, 1)))
