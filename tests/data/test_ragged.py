"""Rows of unequal length come back as they were, from memory and from disk."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from seqmodels.data import ragged as module
from seqmodels.data.ragged import Ragged

Row = st.lists(st.integers(0, 60_000), max_size=6)
SHAPES = [(), (3,), (1, 2, 2)]


def kept(rows: Ragged, way: str, folder: Path) -> Ragged:
    """The same rows in memory, or saved and loaded."""
    if way == "memory":
        return rows
    rows.save(folder, "rows")
    return Ragged.load(folder, "rows")


@pytest.mark.parametrize("way", ["memory", "disk"])
@given(rows=st.lists(Row, min_size=1, max_size=5), data=st.data())
def test_rows_are_padded_as_torch_pads_them(
    way: str, tmp_path: Path, rows: list[list[int]], data: st.DataObject
) -> None:
    ragged = kept(Ragged.of(rows), way, tmp_path)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1))
    expected = pad_sequence([torch.tensor(rows[i], dtype=torch.long) for i in chosen], batch_first=True)
    for indices in (chosen, torch.tensor(chosen)):
        padded = ragged.padded(indices)
        assert padded.dtype == torch.long
        assert padded.tolist() == expected.tolist()
    assert [ragged[i].tolist() for i in range(len(rows))] == rows
    assert ragged.lengths.tolist() == list(map(len, rows))


@pytest.mark.parametrize("way", ["memory", "disk"])
@pytest.mark.parametrize("shape", SHAPES)
def test_steps_have_any_shape(way: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    rows = [torch.randn(length, *shape) for length in (2, 5, 1)]
    padded = kept(Ragged.of(rows), way, tmp_path).padded([2, 1, 0])
    assert padded.dtype == torch.float32
    torch.testing.assert_close(padded, pad_sequence([rows[2], rows[1], rows[0]], batch_first=True))


def test_no_rows_and_empty_rows() -> None:
    assert Ragged.of([[1], [2]]).padded([]).shape == (0, 0)
    assert Ragged.of([[], []]).padded([0, 1]).shape == (2, 0)
    assert Ragged.of([[], [3]]).padded([0, 1]).tolist() == [[0], [3]]


@given(rows=st.lists(Row, max_size=5))
def test_what_is_written_row_by_row_is_what_is_saved(tmp_path: Path, rows: list[list[int]]) -> None:
    Ragged.write(tmp_path, "rows", iter(rows), np.int32)
    read = Ragged.load(tmp_path, "rows")
    assert [read[i].tolist() for i in range(len(rows))] == rows
    assert len(read) == len(rows)


def test_a_padded_batch_is_no_window_on_the_rows() -> None:
    rows = Ragged.of([[1, 2], [3, 4]])
    batch: Tensor = rows.padded([0, 1])
    batch.zero_()
    assert rows[1].tolist() == [3, 4]


def test_pages_of_a_file_are_given_back_and_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RESIDENT_ROWS", 1)
    rows = kept(Ragged.of([[1, 2], [3, 4], [5]]), "disk", tmp_path)
    assert [rows.padded([0, 1, 2]).tolist() for _ in range(3)] == 3 * [[[1, 2], [3, 4], [5, 0]]]
