"""Which file is for which split, how each is read, and what is refused: a split without rows, a class nobody learnt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqmodels.data.base import SPLITS
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.splits import check_filled, classes_of, cut, format_of, read_files, shares_of, sizes_of, sources_of


def numbers(path: Path, errors: RowErrors) -> Iterator[int]:
    for line, text in enumerate(path.read_text().split(), start=1):
        with errors.at(f"{path}:{line}"):
            yield int(text)


def negative(path: Path, errors: RowErrors) -> Iterator[int]:
    return (-number for number in numbers(path, errors))


def test_each_file_is_read_in_its_format(tmp_path: Path) -> None:
    for name, text in (("a", "1 2"), ("b", "3 x 4")):
        (tmp_path / name).write_text(text)
    path, errors = {"train": tmp_path / "a", "val": None, "test": tmp_path / "b"}, RowErrors("skip")
    origins, rows = read_files(path, {"train": numbers, "test": negative}, errors)
    assert rows == {"train": [1, 2], "test": [-3, -4]}
    assert origins == {
        "train": str(tmp_path / "a"),
        "val": f"the val split of {tmp_path / 'a'}",
        "test": str(tmp_path / "b"),
    }
    assert errors.skipped == 1
    assert read_files(tmp_path / "a", numbers, errors)[1] == {"train": [1, 2]}


def test_a_file_without_a_format_is_refused() -> None:
    assert format_of("val", numbers) is numbers
    with pytest.raises(ValueError, match="expected a format for the val file, got only one for train, test"):
        format_of("val", {"train": numbers, "test": negative})


@pytest.mark.parametrize("path", [{"val": "a"}, {"train": None}, {"train": "a", "dev": "b"}])
def test_other_splits_are_refused(path: Any) -> None:
    with pytest.raises(ValueError, match=r"expected a file for train and possibly val and test, got \{"):
        sources_of(path)


def test_an_empty_split_is_named_with_what_was_skipped() -> None:
    origins, errors = dict.fromkeys(SPLITS, "a.csv"), RowErrors("skip")
    check_filled("rows", dict.fromkeys(SPLITS, (1,)), origins, errors)
    with pytest.raises(ValueError, match=r"^a.csv: expected rows, got none$"):
        check_filled("rows", {"train": [1], "val": [1], "test": []}, origins, errors)
    with errors.at("a.csv:7"):
        raise ValueError("no number")
    with pytest.raises(ValueError, match=r"got none \(1 skipped, the first: a.csv:7: no number\)$"):
        check_filled("rows", dict.fromkeys(SPLITS, ()), origins, errors)


def test_classes_are_those_of_training() -> None:
    origins = {"train": "a.csv", "val": "the val split of a.csv", "test": "b.csv"}
    assert classes_of({"train": ["y", "x", "y"], "val": ["y"], "test": []}, origins) == ("x", "y")
    with pytest.raises(ValueError, match=r"^a.csv: expected at least two classes, got only 'x'$"):
        classes_of({"train": ["x", "x"]}, origins)
    with pytest.raises(ValueError, match=r"^b.csv: 'z' is no training label, those are: x, y$"):
        classes_of({"train": "xy", "val": "x", "test": "xz"}, origins)


@pytest.mark.parametrize("held_out", [(), (0.1,), (0.1, 0.0), (0.5, 0.5), (0.1, 0.1, 0.1), (float("nan"), 0.1)])
def test_other_shares_are_refused(held_out: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"held_out must be two fractions above 0, .*, got \("):
        shares_of(held_out)
    assert shares_of([0.1, 0.2]) == (0.1, 0.2)


def test_missing_splits_are_shares_of_all_rows() -> None:
    splits: dict[Any, list[int]] = {"train": list(range(200))}
    cut(splits, key=lambda row: row, label=lambda row: row % 2, seed=0, held_out=(0.1, 0.3))
    assert [len(splits[split]) for split in SPLITS] == [120, 20, 60]
    assert sorted(row for split in splits.values() for row in split) == list(range(200))
    assert [sum(row % 2 for row in splits[split]) for split in SPLITS] == [60, 10, 30]


def test_too_few_generated_examples() -> None:
    with pytest.raises(ValueError, match=r"count must be at least 8, .*, got 7"):
        sizes_of(7)
