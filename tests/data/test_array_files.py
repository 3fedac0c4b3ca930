"""Arrays are written whole, or it is an error."""

from pathlib import Path

import numpy as np
import pytest

from seqmodels.data.array_files import growing_array, save_array
from tests.mounts import fill, small_disk


@pytest.mark.parametrize("array", [np.arange(7), np.zeros((0, 3), np.float32), np.arange(24.0).reshape(4, 3, 2).T])
def test_an_array_is_read_back(tmp_path: Path, array: np.ndarray) -> None:
    save_array(tmp_path / "a.npy", array)
    for mode in (None, "r"):
        found = np.load(tmp_path / "a.npy", mmap_mode=mode)  # type: ignore[call-overload]
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def test_rows_are_appended_in_the_type_of_the_array(tmp_path: Path) -> None:
    with growing_array(tmp_path / "a.npy", (), np.int16) as append:
        for row in ([1, 2], [], [3]):
            append(row)
    found = np.load(tmp_path / "a.npy")
    assert (found.dtype, found.tolist()) == (np.int16, [1, 2, 3])


@pytest.mark.parametrize("count", [1, 100, 10_000])
def test_a_full_disk_is_an_error_however_little_is_missing(tmp_path: Path, count: int) -> None:
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        with pytest.raises(OSError, match="No space left on device"):
            save_array(disk / "a.npy", np.arange(count))
