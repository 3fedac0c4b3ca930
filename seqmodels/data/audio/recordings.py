"""What all data sets of recordings share: splits, features that are computed once, batches of similar length."""

import json
from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Subset

from seqmodels.data.audio.formats import Format, Recording, by_kind
from seqmodels.data.audio.sound import LogMel
from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source, is_archive, locate
from seqmodels.data.orders import Order, by_length, from_short_to_long
from seqmodels.data.prepared import prepared
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.rows import Rows
from seqmodels.data.splits import check_filled, cut, format_of, origins_of, sources_of
from seqmodels.types import Batch

FORMAT_NUMBER = 2
Generate = Callable[[int], Mapping[Split, Iterable[Recording]]]


class Features(NamedTuple):
    """The features of some recordings, their texts and places, and what `RowErrors` says of those left out."""

    steps: Ragged
    texts: list[str]
    places: list[str]
    skipped: str

    def save(self, folder: Path) -> None:
        """Write everything into a folder."""
        self.steps.save(folder, "steps")
        (folder / "texts.json").write_text(json.dumps([self.texts, self.places, self.skipped]))

    @classmethod
    def load(cls, folder: Path) -> "Features":
        """What `save` has written; the steps are memory-mapped."""
        return cls(Ragged.load(folder, "steps"), *json.loads((folder / "texts.json").read_text()))


class RecordedSplit(NamedTuple):
    """Some rows of some features, and where they come from."""

    features: Features
    rows: list[int]
    origin: str

    @property
    def texts(self) -> list[str]:
        """Those of the rows."""
        return [self.features.texts[row] for row in self.rows]

    @property
    def lengths(self) -> Tensor:
        """Steps of each row."""
        return self.features.steps.lengths[self.rows]

    def sequences(self) -> Iterator[Tensor]:
        """The features of each row, one after another."""
        return (self.features.steps[row] for row in self.rows)

    def dataset(self, targets: Tensor | Ragged) -> Subset[Batch]:
        """The rows, with their share of the targets of all features."""
        return Subset(Rows(self.features.steps, targets), self.rows)


class RecordedData(SequenceData, ABC):
    """Recordings and what is known of them. A reader of answers implements `load`, which calls `read_splits` first.

    A split (`train`, `val`, `test`) without a file of its own is a tenth of the training recordings, with their shares
    of the labels. So a single file is cut into 80, 10 and 10 %. The features of files are computed once and kept in
    `$SEQMODELS_CACHE/prepared`, unless the format is a function of somebody else, which may change unseen.

    Attributes:
        splits: the recordings of each split; set by `read_splits`.

    Args:
        path: a folder, archive or table as `files.locate` takes it, or a mapping of splits to such; None to `generate`.
        generate: from a seed, the recordings of each split; used where there is no `path`.
        format: reads a path: a function like those of `audio_formats`, or a mapping of splits to such functions; None
            to tell the format by the name of the file.
        features: what is computed of a sound; None for those of `LogMel` as it is.
        on_error: what becomes of a recording that cannot be read: "stop" or "skip".
        batch_size: recordings of a batch.
        seed: of the generated recordings, of the cut, of the order of the batches.
    """

    splits: dict[Split, RecordedSplit]

    def __init__(
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None,
        generate: Generate | None = None,
        format: Format | Mapping[Split, Format] | None = None,
        features: LogMel | None = None,
        on_error: OnError = "stop",
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of recordings or a function that generates them, got neither")
        self.path, self.generate = path, generate
        self.errors = RowErrors(on_error)
        self.format: Format | Mapping[Split, Format] = format or by_kind
        self.features = features or LogMel()

    def read_splits(self) -> None:
        """Read or generate the recordings, compute their features, cut off the splits that are missing.

        Raises:
            ValueError: a split has no recordings; there is no file for training.
        """
        self.splits = self._generated() if self.path is None else self._read()
        self.check_splits()

    def check_splits(self) -> None:
        """Refuse a split without recordings.

        Raises:
            ValueError: there is one.
        """
        rows = {split: recorded.rows for split, recorded in self.splits.items()}
        origins = {split: recorded.origin for split, recorded in self.splits.items()}
        check_filled("recordings", rows, origins, self.errors)

    def order(self, split: Split) -> Order:
        """Recordings of similar length together; in random order to train, from short to long else."""
        arrange = by_length if split == "train" else from_short_to_long
        return arrange(self.splits[split].lengths, self.batch_size)

    def describe(self) -> dict[str, str]:
        """Origin, number and length of the recordings, what is computed of them, and what was left out."""
        counts = ", ".join(f"{len(self.splits[split].rows):,} {split}" for split in SPLITS)
        seconds = torch.cat([recorded.lengths for recorded in self.splits.values()]) * self.features.seconds
        unread = {recorded.features.skipped for recorded in self.splits.values()}
        skipped = "; ".join(sorted({*unread, self.errors.describe()} - {""}))
        return {
            "data": self.splits["train"].origin,
            "recordings": counts,
            "length": f"{float(seconds.median()):.2f} s in the median, {float(seconds.max()):.2f} s at most",
            "features": self.features.describe(),
            **({"skipped": skipped} if skipped else {}),
        }

    def _generated(self) -> dict[Split, RecordedSplit]:
        assert self.generate is not None
        errors, origin = RowErrors(self.errors.on_error), generated_by(self.generate)
        made = {split: self._computed(sounds, errors) for split, sounds in self.generate(self.seed).items()}
        return {split: RecordedSplit(features, _every(features), origin) for split, features in made.items()}

    def _read(self) -> dict[Split, RecordedSplit]:
        assert self.path is not None
        paths = {split: locate(source) for split, source in sources_of(self.path).items()}
        features = {split: self._features(path, format_of(split, self.format)) for split, path in paths.items()}
        rows = {split: _every(each) for split, each in features.items()}
        train, origins = features["train"], origins_of(paths)
        cut(rows, key=lambda row: row, label=lambda row: self.stratum(train.texts[row]), seed=self.seed)
        return {split: RecordedSplit(features.get(split, train), rows[split], origins[split]) for split in SPLITS}

    def _features(self, path: Path, format: Format) -> Features:
        """Computed now or earlier."""
        reader, inner = settings(format), innermost(format)
        if not all(settings(function)["name"].startswith("seqmodels.") for function in (format, inner)):
            return self._read_features(path, format)
        files = [path] if path.is_file() else []
        if not is_archive(path):
            sounds = (recording.sound for recording in inner(path, RowErrors("skip")))
            files += sorted({sound for sound in sounds if isinstance(sound, Path)})
        key = {
            "recordings": FORMAT_NUMBER,
            "format": reader,
            "features": self.features.recipe(),
            "on_error": self.errors.on_error,
        }
        return Features.load(prepared(key, files, lambda folder: self._read_features(path, format).save(folder)))

    def _read_features(self, path: Path, format: Format) -> Features:
        errors = RowErrors(self.errors.on_error)
        return self._computed(format(path, errors), errors)

    def _computed(self, recordings: Iterable[Recording], errors: RowErrors) -> Features:
        rows, texts, places = [], [], []
        for recording in recordings:
            with errors.at(recording.place):
                rows.append(self.features.read(recording.open()))
                texts.append(recording.text)
                places.append(recording.place)
        return Features(Ragged.of(rows), texts, places, errors.describe())

    def stratum(self, text: str) -> str:
        """Each split of a cut file gets the same share of rows with an equal stratum: with an equal label."""
        return text


def innermost(format: Format) -> Format:
    """Of a format that reads with another one, as `audio_formats.joined` does, that other one."""
    while isinstance(format, partial) and "of" in format.keywords:
        format = format.keywords["of"]
    return format


def settings(function: Any) -> dict[str, Any]:
    """The name of a function and what is set of its arguments, as plain values."""
    if isinstance(function, partial):
        keywords = {name: settings(value) if callable(value) else value for name, value in function.keywords.items()}
        return {**settings(function.func), "keywords": keywords}
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return {"name": f"{getattr(function, '__module__', '')}.{name}"}


def _every(features: Features) -> list[int]:
    return list(range(len(features.texts)))
