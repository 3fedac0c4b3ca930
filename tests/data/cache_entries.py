"""Data sets of each kind that is cached, and what tests do with the entries."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seqmodels.data import prepared as module
from seqmodels.data.base import SPLITS, SequenceData
from seqmodels.data.images.labelled_images import LabelledImagesData
from seqmodels.data.series.forecast_data import SeriesData
from seqmodels.data.text.corpus import CorpusData
from seqmodels.data.text.labelled_text import LabelledTextData
from seqmodels.types import Batch
from tests.data.audio.labelled_sounds import labelled
from tests.data.images.picture_files import squares
from tests.data.text.corpora import random_text
from tests.sound_files import folder as sound_folder

Load = Callable[[], SequenceData]


def forget() -> None:
    """Let this process use no entry any more, as if it were another one."""
    for handle in module._in_use.values():
        os.close(handle)
    module._in_use.clear()


def entries(cache: Path) -> list[Path]:
    return sorted((cache / "prepared").iterdir())


def labelled_text(folder: Path) -> Load:
    path = folder / "reviews.csv"
    words = ("good", "fine", "bad", "poor")
    path.write_text("text,label\n" + "".join(f"a {words[i % 4]} film {i},{i % 4 // 2}\n" for i in range(60)) + "x\n")
    return lambda: LabelledTextData(path=path, on_error="skip")


def corpus(folder: Path) -> Load:
    path = folder / "text.txt"
    path.write_text(random_text(3000))
    return lambda: CorpusData(path=path, steps=10, batch_size=4)


def csv_columns(folder: Path) -> Load:
    path = folder / "shops.csv"
    rows = (f"2024-01-{day:02d},{shop},{day * day % 7}\n" for day in range(1, 31) for shop in "ab")
    path.write_text("day,shop,sold\n" + "".join(rows))
    return lambda: SeriesData(path=path, column="sold", window=3, roles={"time": "day", "series": "shop"})


def pictures(folder: Path) -> Load:
    squares(folder / "pictures", count=12)
    return lambda: LabelledImagesData(path=folder / "pictures")


def sounds(folder: Path) -> Load:
    sound_folder(folder / "sounds", count=5)
    return lambda: labelled(path=folder / "sounds")


KINDS = {each.__name__: each for each in (labelled_text, corpus, csv_columns, pictures, sounds)}


def held(data: SequenceData) -> list[Any]:
    """All batches of a data set and what it says of itself, to be compared."""
    data.setup()
    batches: list[Batch] = [batch for split in SPLITS for batch in data.loader(split)]
    plain = [[None if tensor is None else tensor.tolist() for tensor in batch] for batch in batches]
    sampled = [data.store.sample(split) for split in ("train", "test")] if isinstance(data, LabelledTextData) else []
    return [plain, data.spec, data.describe(), sampled]
