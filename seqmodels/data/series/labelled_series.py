"""Series and their classes, from files or generated: steps of numbers in, the class of the whole out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source
from seqmodels.data.orders import Order, by_length, in_order
from seqmodels.data.ragged import Ragged
from seqmodels.data.raw import RawInput
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.rows import Rows
from seqmodels.data.series.formats import Floats, LabelledSeries, SeriesFormat, read_series, series_files
from seqmodels.data.splits import check_filled, classes_of, cut, read_files
from seqmodels.types import DataSpec

Series = list[LabelledSeries]


@dataclass(frozen=True)
class SeriesSteps(RawInput):
    """The steps of a series: a CSV file with named columns, or an array (time, columns).

    Args:
        columns: names of the columns.
        mean: of each over the training split.
        std: standard deviation of each over the training split.

    Example:
        >>> SeriesSteps(("x", "y"), mean=(1.0, 0.0), std=(2.0, 1.0)).read([[3, 1], [1, 0]])
        tensor([[1., 1.],
                [0., 0.]])
    """

    columns: Sequence[str]
    mean: Sequence[float]
    std: Sequence[float]

    def read(self, item: Any) -> Float[Tensor, "time columns"]:
        """The standardised steps.

        Raises:
            ValueError: they have other columns, are none, or not finite.
        """
        values = self._file(Path(item)) if isinstance(item, str | Path) else np.asarray(item, dtype=np.float64)
        if values.ndim != 2 or values.shape[1] != len(self.columns) or not len(values) or not np.isfinite(values).all():
            raise ValueError(f"expected steps of {len(self.columns)} finite numbers, got an array of {values.shape}")
        return self.standardised(values)

    def standardised(self, values: Floats) -> Float[Tensor, "time columns"]:
        """Values with mean 0 and standard deviation 1 over the training split."""
        return torch.as_tensor((values - np.asarray(self.mean)) / np.asarray(self.std), dtype=torch.float32)

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "series.csv"

    def items(self, file: Path) -> list[Any]:
        """The series itself."""
        return [file]

    def _file(self, path: Path) -> Floats:
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        try:
            values, columns = read_series(path)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if columns != tuple(self.columns):
            raise ValueError(f"{path}: expected columns {', '.join(self.columns)}, got {', '.join(columns)}")
        return values


class LabelledSeriesData(SequenceData):
    """Classification of series. The classes are the labels of the training split, in alphabetical order.

    A split without a file of its own is a tenth of the training split, with its shares of the classes; the pieces of
    one recording stay together, for they may overlap. All series have the columns of the first.

    Args:
        path: a file or folder as `files.locate` takes it, or a mapping of splits to such; None to `generate`.
        generate: makes series from a seed; used where there is no `path`.
        format: reads a file or folder: a function like those of `series_formats`, or a mapping of splits to such.
        on_error: `"stop"` at a series that cannot be read, or `"skip"` and count it.
        batch_size: series of a batch.
        seed: of the generated series, of the cut, of the order of the batches.

    Raises:
        ValueError: there is neither a path nor a generator. When loaded: a split is empty, a series has other columns,
            there is only one class, or a class is not among the training labels.
    """

    def __init__(
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None = None,
        generate: Callable[[int], Series] | None = None,
        format: SeriesFormat | Mapping[Split, SeriesFormat] = series_files,
        on_error: OnError = "stop",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of labelled series or a function that generates them, got neither")
        self.path, self.generate, self.format = path, generate, format
        self.errors = RowErrors(on_error)

    def load(self) -> None:
        """Read or generate the series, standardise them, index their classes."""
        self._origins, self._splits = self._read()
        cut(self._splits, key=lambda series: series.recording, label=lambda series: series.label, seed=self.seed)
        check_filled("series", self._splits, self._origins, self.errors)
        labels = {split: [series.label for series in each] for split, each in self._splits.items()}
        classes, columns = classes_of(labels, self._origins), self._columns()
        stacked = np.concatenate([series.values for series in self._splits["train"]])
        std = np.where(np.ptp(stacked, axis=0) > 0, stacked.std(axis=0), 1.0)
        raw = SeriesSteps(columns, tuple(stacked.mean(axis=0).tolist()), tuple(std.tolist()))
        self.rows = {
            split: Rows(
                Ragged.of(raw.standardised(series.values) for series in each),
                torch.tensor([classes.index(label) for label in labels[split]]),
            )
            for split, each in self._splits.items()
        }
        self.examples = dict(self.rows)
        self.spec = DataSpec(
            inputs="values",
            input_size=len(columns),
            output_size=len(classes),
            classes=classes,
            columns=columns,
            raw=raw.recipe(),
        )

    def order(self, split: Split) -> Order:
        """Series of similar length together in random order to train, as they come else."""
        if split == "train":
            return by_length(self.rows[split].lengths, self.batch_size)
        return in_order(len(self.rows[split]), self.batch_size)

    def baseline(self) -> dict[str, float]:
        """The accuracy of logistic regression on each column's mean, deviation, extremes and mean change."""
        train, test = self._splits["train"], self._splits["test"]
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        model.fit([_features(series) for series in train], [series.label for series in train])
        right = model.score([_features(series) for series in test], [series.label for series in test])
        return {"accuracy": float(right)}

    def describe(self) -> dict[str, str]:
        """Origin, number and length of the series, columns and classes."""
        lengths = torch.cat([self.rows[split].lengths for split in SPLITS])
        lines = {
            "data": self._origins["train"],
            "series": ", ".join(f"{len(self.rows[split]):,} {split}" for split in SPLITS),
            "length": f"{int(lengths.min())} to {int(lengths.max())} steps",
            "columns": ", ".join(self.spec.columns),
            "classes": ", ".join(self.spec.classes),
        }
        return lines | self.errors.summary()

    def _read(self) -> tuple[dict[Split, str], dict[Split, Series]]:
        if self.path is not None:
            return read_files(self.path, self.format, self.errors)
        assert self.generate is not None
        return dict.fromkeys(SPLITS, generated_by(self.generate)), {"train": self.generate(self.seed)}

    def _columns(self) -> tuple[str, ...]:
        columns = self._splits["train"][0].columns
        for series in (series for each in self._splits.values() for series in each):
            if series.columns != columns:
                told, wanted = ", ".join(series.columns), ", ".join(columns)
                raise ValueError(f"{series.place}: expected columns {wanted}, got {told}")
        return columns


def _features(series: LabelledSeries) -> Floats:
    values = series.values
    change = np.abs(np.diff(values, axis=0, prepend=values[:1])).mean(axis=0)
    return np.concatenate([values.mean(0), values.std(0), values.min(0), values.max(0), change])
