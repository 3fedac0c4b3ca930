"""Columns are found by name or by being the only numbers; what is wrong with a file is said in one line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from seqmodels.data.csv_columns import read_columns


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
