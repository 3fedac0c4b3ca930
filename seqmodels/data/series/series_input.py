"""What a model of series is shown: standardised values, what else is known, and the calendar."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seqmodels.data.files import open_text
from seqmodels.data.raw import RawInput
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.series.calendar import calendar, calendar_names, parse_time
from seqmodels.data.series.csv_columns import Roles, read_table
from seqmodels.data.series.table import Floats, Table

NAMED = (str, PathLike, Mapping)


@dataclass(frozen=True)
class SeriesInput(RawInput):
    """Reads the last steps of one series, in its own units.

    An item is a list of numbers (of rows of numbers where there are several columns); a mapping from the names of the
    columns to their values; or a CSV file that has these columns.

    Args:
        columns: names of the columns read, the predicted ones first.
        mean: of each over the training split.
        std: standard deviation of each over the training split.
        window: the most steps a prediction looks at, the last ones.
        patch: steps that are read at once; a shorter item is cut to a multiple of them.
        cycles: what of the calendar is read beside the columns.
        time: name of the column that says when each step was.
        series: name of the column that says which series a row of a file belongs to.

    Example:
        >>> reader = SeriesInput(columns=("amount",), mean=(10.0,), std=(2.0,), window=2)
        >>> reader.read([8.0, 10.0, 12.0])
        tensor([[0.],
                [1.]])
    """

    columns: Sequence[str]
    mean: Sequence[float]
    std: Sequence[float]
    window: int
    patch: int = 1
    cycles: Sequence[str] = ()
    time: str | None = None
    series: str | None = None

    def read(self, item: Any) -> Float[Tensor, "time features"]:
        """The standardised steps.

        Raises:
            ValueError: there are too few steps, or they do not hold the columns as finite numbers.
        """
        table = self._table(item)
        if len(table.ends) != 1:
            raise ValueError(f"expected one series, got {len(table.ends)}: {', '.join(table.names[:5])}")
        if self.cycles and table.times is None:
            raise ValueError(
                f"this model reads the time of each step, too: give columns or a CSV file with {self.time!r}"
            )
        count = min(len(table.values), self.window) // self.patch * self.patch
        if count == 0:
            raise ValueError(f"a series must hold at least {_steps(self.patch)}, got {len(table.values) or 'none'}")
        times = None if table.times is None else table.times[-count:]
        return self.features(table.values[-count:], times)

    def features(self, values: Floats, times: Floats | None) -> Float[Tensor, "*rows time features"]:
        """What the model reads of some steps.

        Args:
            values: (..., time, columns), in their own units.
            times: (..., time), seconds since 1970; not needed without cycles.
        """
        standardised = (values - np.asarray(self.mean)) / np.asarray(self.std)
        if self.cycles and times is not None:
            standardised = np.concatenate([standardised, calendar(times, self.cycles)], axis=-1)
        return torch.as_tensor(standardised, dtype=torch.float32)

    def features_names(self) -> tuple[str, ...]:
        """Names of the features of a step."""
        return (*self.columns, *calendar_names(self.cycles))

    def items(self, file: Path) -> list[Any]:
        """The series of a CSV file with these columns; or rows of numbers, one per step, of a file without names."""
        if not _named(file):
            lines = [line for line in open_text(file) if line.strip()]
            return [[[float(cell) for cell in line.split(",")] for line in lines]]
        table = self._file(file)
        dated = {} if table.times is None or self.time is None else {self.time: table.times}
        return [
            {
                **{name: table.values[rows.start : rows.stop, i] for i, name in enumerate(self.columns)},
                **{name: times[rows.start : rows.stop] for name, times in dated.items()},
            }
            for rows in table.series
        ]

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "series.csv"

    def given(self, words: list[str]) -> list[Any]:
        """CSV files; or the steps of one series, each a number or several with commas between them."""
        if any(Path(word).is_file() for word in words):
            return [item for word in words for item in self.items(Path(word))]
        return [[[float(cell) for cell in word.split(",")] for word in words]]

    def several(self, inputs: Any) -> list[Any]:
        """One item or a list of items, as a list of items.

        Raises:
            ValueError: an item is empty.
        """
        if isinstance(inputs, NAMED):
            return [inputs]
        if _depth(inputs) == (1 if len(self.columns) == 1 else 2) and not isinstance(inputs[0], NAMED):
            return [inputs]
        return list(inputs)

    def _table(self, item: Any) -> Table:
        if isinstance(item, (str, PathLike)):
            return self._file(Path(item))
        if isinstance(item, Mapping):
            return self._mapping(item)
        values = self._numbers(item)
        if values.size == 0:
            raise ValueError("a series must hold at least one step, got none")
        values = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
        self._check(values)
        return Table(tuple(self.columns), values)

    def _file(self, path: Path) -> Table:
        return read_table(path, tuple(self.columns), Roles(time=self.time, series=self.series), RowErrors())

    def _mapping(self, item: Mapping[str, Any]) -> Table:
        missing = [name for name in (*self.columns, *([self.time] if self.time else [])) if name not in item]
        if missing:
            raise ValueError(f"expected columns {', '.join(self.columns)}, got none named {', '.join(missing)}")
        values = self._numbers([item[name] for name in self.columns]).T
        self._check(values)
        moments = item[self.time] if self.time else None
        times = None if moments is None else np.array([_moment(moment) for moment in moments])
        if times is not None and len(times) != len(values):
            raise ValueError(f"expected a time for each of {len(values)} steps, got {len(times)}")
        return Table(tuple(self.columns), values, times)

    def _numbers(self, item: Any) -> Floats:
        try:
            return np.asarray(item, dtype=np.float64)
        except (TypeError, ValueError) as error:
            shown = repr(item)[:60]
            raise ValueError(f"expected finite numbers, {len(self.columns)} per step, got {shown}") from error

    def _check(self, values: Floats) -> None:
        if values.ndim != 2 or values.shape[1] != len(self.columns) or not np.isfinite(values).all():
            raise ValueError(
                f"expected finite numbers, {len(self.columns)} per step, "
                f"got {np.isfinite(values).sum()} of {values.size} finite, in shape {values.shape}"
            )


def _moment(moment: Any) -> float:
    return parse_time(moment) if isinstance(moment, str) else float(moment)


def _named(file: Path) -> bool:
    first = next(iter(open_text(file)), "")
    try:
        return not [float(cell) for cell in first.split(",")]
    except ValueError:
        return True


def _steps(count: int) -> str:
    return "one step" if count == 1 else f"{count} steps"


def _depth(values: Any) -> int:
    """How deep numbers are nested; an empty list is an error."""
    nested = isinstance(values, Sequence | Tensor | np.ndarray) and not isinstance(values, str)
    if not nested or getattr(values, "ndim", 1) == 0:
        return 0
    if len(values) == 0:
        raise ValueError("a series must hold at least one step, got none")
    return 1 + _depth(values[0])
