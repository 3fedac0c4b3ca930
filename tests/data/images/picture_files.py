"""Pictures that the tests write, and tell again in batches."""

from pathlib import Path

import numpy as np
from PIL import Image

from seqmodels.data.base import Split
from seqmodels.data.images.image_data import ImageData
from seqmodels.types import Batch


def squares(folder: Path, labels: str = "ab", count: int = 20, size: int = 6) -> Path:
    """Pictures of one grey each, which their name tells."""
    for number in range(count):
        path = folder / labels[number % len(labels)] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((size, size), number, np.uint8)).save(path)
    return folder


def grey_of(data: ImageData, batch: Batch) -> list[int]:
    pictures = batch.inputs * data.picture.std + data.picture.mean
    return (255 * pictures.flatten(1).mean(1)).round().int().tolist()


def greys(data: ImageData, split: Split) -> list[int]:
    """Of each row of a split, the grey of its picture."""
    return [grey for batch in data.loader(split) for grey in grey_of(data, batch)]
