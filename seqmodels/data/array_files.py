"""Files of arrays, written so that a full disk is an error.

`numpy.save` and `ndarray.tofile` close their stream without looking whether that worked: on a full disk the last few
kilobytes may be lost without an error.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import header_data_from_array_1_0, write_array_header_1_0
from numpy.typing import DTypeLike, NDArray


@contextmanager
def growing_array(path: Path, row_shape: Sequence[int], dtype: DTypeLike) -> Iterator[Callable[[NDArray[Any]], None]]:
    """Write a `.npy` file to which rows are appended, so that they need not be in memory together.

    Rows are written, not stored into a mapped file: on a full disk that would end the process with SIGBUS.

    Args:
        path: of the file.
        row_shape: shape of a row, the array without its first axis.
        dtype: of the array.

    Yields:
        The function that appends rows, (rows, *row_shape).

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with growing_array(Path(folder) / "a.npy", (2,), np.int8) as append:
        ...         append(np.array([[1, 2]]))
        ...         append(np.array([[3, 4], [5, 6]]))
        ...     np.load(Path(folder) / "a.npy").tolist()
        [[1, 2], [3, 4], [5, 6]]
    """
    count = 0

    def append(rows: NDArray[Any]) -> None:
        nonlocal count
        count += len(rows)
        file.write(np.ascontiguousarray(rows, dtype).data)

    header = header_data_from_array_1_0(np.empty((0, *row_shape), dtype))
    with path.open("wb") as file:
        write_array_header_1_0(file, header)
        yield append
        # The header has room for a first axis of any length, so that it can be overwritten in its place.
        file.seek(0)
        write_array_header_1_0(file, {**header, "shape": (count, *row_shape)})


def save_array(path: Path, array: NDArray[Any]) -> None:
    """Write a `.npy` file of an array with at least one axis."""
    with growing_array(path, array.shape[1:], array.dtype) as append:
        append(array)
