"""Which steps are looked at and which are predicted, and the batches of them."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch.utils.data import Dataset

from seqmodels.data.base import Split, in_time
from seqmodels.data.series.series_input import SeriesInput
from seqmodels.data.series.table import Floats, Pages, Table
from seqmodels.types import Batch


def splits_in_time(rows: range, held_out: Sequence[float]) -> dict[Split, range]:
    """Cut the rows of one series: first what is trained on, then validation, then test.

    Args:
        rows: to cut.
        held_out: for validation and for test, two fractions or two whole numbers of rows. With none for test, the
            validation split is also the test split.

    Raises:
        ValueError: `held_out` is neither.

    Example:
        >>> splits_in_time(range(10, 20), (2, 1))
        {'train': range(10, 17), 'val': range(17, 19), 'test': range(19, 20)}
    """
    if not all(isinstance(size, int) for size in held_out):
        return {split: rows[steps.start : steps.stop] for split, steps in in_time(len(rows), held_out).items()}
    counts = [int(size) for size in held_out]
    if len(counts) != 2 or counts[0] < 1 or counts[1] < 0:
        raise ValueError(f"held_out must be two numbers of steps, for val (not 0) and test, got {list(held_out)}")
    end = max(len(rows) - sum(counts), 0)
    val = rows[end : end + counts[0]]
    return {"train": rows[:end], "val": val, "test": rows[end + counts[0] :] if counts[1] else val}


class Origins:
    """The steps from which predictions are made, by index: each is the first step that is not seen any more.

    Args:
        ranges: of such steps, one for each series.

    Example:
        >>> Origins([range(3, 5), range(9, 10)])[[0, 2]].tolist()
        [3, 9]
    """

    def __init__(self, ranges: Sequence[range]) -> None:
        self.ranges = [steps for steps in ranges if steps]
        self._ends = np.array(list(accumulate(map(len, self.ranges))), dtype=np.int64)
        self._shifts = np.array([steps.stop for steps in self.ranges], dtype=np.int64) - self._ends

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, indices: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
        places = np.asarray(indices, dtype=np.int64)
        shifts: NDArray[np.int64] = self._shifts[np.searchsorted(self._ends, places, side="right")]
        return places + shifts


class Windows(Dataset[Batch]):
    """The windows in front of some origins, and the values that followed; only the batch asked for is copied.

    Args:
        table: all series.
        origins: where predictions are made.
        reader: what of a window is read.
        predicted: how many of the columns are predicted, the first ones.
        horizons: steps ahead of the last one seen.
    """

    def __init__(self, table: Table, origins: Origins, reader: SeriesInput, predicted: int, horizons: range) -> None:
        self.origins, self._reader = origins, reader
        self._values = table.values
        self._pages = Pages(table.values, table.times)
        self._windows = sliding_window_view(table.values, reader.window, axis=0)
        times = table.times if reader.cycles else None
        self._times = None if times is None else sliding_window_view(times, reader.window)
        self._ahead = np.array(horizons) - 1
        self._mean, self._std = np.asarray(reader.mean)[:predicted], np.asarray(reader.std)[:predicted]

    def __len__(self) -> int:
        return len(self.origins)

    def __getitem__(self, indices: list[int]) -> Batch:
        origins = self.origins[indices]
        starts = origins - self._reader.window
        seen: Floats = np.swapaxes(self._windows[starts], 1, 2)
        inputs = self._reader.features(seen, None if self._times is None else self._times[starts])
        came = self._values[origins[:, np.newaxis] + self._ahead, : len(self._mean)]
        targets = torch.as_tensor((came - self._mean) / self._std, dtype=torch.float32).flatten(1)
        self._pages.release(len(origins))
        return Batch(inputs, targets, torch.full((len(origins),), self._reader.window))
