"""The idx format of the MNIST database: arrays of bytes behind a header that tells their shape."""

import math
from pathlib import Path

import numpy as np

from seqmodels.data.files import open_bytes
from seqmodels.data.images.pictures import Pixels

BYTES = 0x08


def read_idx(path: Path, num_dimensions: int) -> Pixels:
    """The array of an idx file of unsigned bytes, plain or gzip.

    Args:
        path: of the file.
        num_dimensions: of the array that is expected: 3 for pictures, 1 for labels.

    Raises:
        ValueError: the file is no such array, or is cut off.

    Source:
        Y. LeCun, C. Cortes and C. Burges, "The MNIST database of handwritten digits", 1998: two bytes of zero, the
        type, the number of dimensions, each dimension in four bytes, the highest first, and the values.
    """
    with open_bytes(path) as file:
        content = file.read()
    expected = bytes([0, 0, BYTES, num_dimensions])
    if content[:4] != expected:
        kind = "no bytes" if not content else f"bytes {content[:4].hex(' ')}"
        raise ValueError(f"{path}: an idx file of this kind begins with bytes {expected.hex(' ')}, this with {kind}")
    start = 4 + 4 * num_dimensions
    shape = tuple(np.frombuffer(content[4:start].ljust(start - 4, b"\0"), dtype=">i4").tolist())
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{path}: expected {math.prod(shape):,} bytes for shape {shape}, got {len(content) - start:,}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
