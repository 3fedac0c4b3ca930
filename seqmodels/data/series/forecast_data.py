"""Numeric series: a window of steps in, the values some steps ahead out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source, locate
from seqmodels.data.orders import Order, in_order
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.series.baselines import Question, baselines, better
from seqmodels.data.series.calendar import cycles_of
from seqmodels.data.series.csv_columns import Roles, read_table
from seqmodels.data.series.scattered import scattered
from seqmodels.data.series.series_input import SeriesInput
from seqmodels.data.series.table import PIECE, Floats, Table, mean_and_std
from seqmodels.data.series.windows import Origins, Windows, splits_in_time
from seqmodels.types import DataSpec


class SeriesData(SequenceData):
    """One or several numeric series, held out in time: training first, then validation, then test.

    A window is (window, columns); its target holds the predicted columns at every step of the horizon, step by step,
    in one row. Targets lie in the split they belong to; the first windows of validation and test reach back into the
    split before, as a forecast made on that day would, but never into another series. All values are standardised by
    mean and standard deviation of the training split (a constant column is only centred).

    Args:
        path: a CSV file whose first row names the columns; None to `generate`.
        column: name or names of the columns to predict; they are read too. None for the only numeric one.
        roles: `inputs`, columns that are read but not predicted; `time`, the column that says when each step was, from
            which the place in the day, the week and the year is read; `series`, the column that says which of several
            series a row belongs to.
        generate: makes an array (time, columns) or a `Table` from a seed; used where there is no `path`.
        window: steps a prediction may look at.
        horizon: how many steps ahead the target lies; two numbers for all steps from the first to the second.
        season: steps after which the series is likely to repeat itself, for the baseline; None for none.
        steps: of each series, the first so many are used; None for all. Moved on from run to run, it is a back-test
            with a rolling origin: no run knows of any later step.
        held_out: fractions of the steps, at the end, for validation and for test, or two whole numbers of steps. With
            none for test, the validation split is tested on.
        network: `per_column`, whether the network reads and predicts each column by itself, all of them alike;
            `patch`, how many steps it reads at once. Other than false and 1, they need the `Forecasting` mapping.
        on_error: whether a bad row of the file stops everything, or is left out.
        batch_size: windows of a batch.
        seed: of the generated series and the order of the training windows.

    Raises:
        ValueError: a size is not positive, or there is neither a file nor a generator. On loading: the file
            or the generated array is not one of finite numbers, or too short.

    Example:
        >>> from seqmodels.data.generated.series import sine
        >>> data = SeriesData(generate=sine, window=20, horizon=[1, 3])
        >>> data.setup()
        >>> batch = next(iter(data.train_dataloader()))
        >>> batch.inputs.shape, batch.targets.shape
        (torch.Size([32, 20, 1]), torch.Size([32, 3]))
    """

    def __init__(  # noqa: PLR0913 (each is a key that a person changes in a YAML file)
        self,
        *,
        path: Source | None = None,
        column: str | Sequence[str] | None = None,
        roles: Mapping[str, Any] | None = None,
        generate: Callable[[int], Floats | Table] | None = None,
        window: int = 50,
        horizon: int | Sequence[int] = 1,
        season: int | None = None,
        steps: int | None = None,
        held_out: Sequence[float] = (0.15, 0.15),
        network: Mapping[str, Any] | None = None,
        on_error: OnError = "stop",
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("a series needs a path or a generator, got neither")
        self.horizons = _horizons(horizon)
        if min(window, self.horizons[0]) < 1:
            raise ValueError(f"window and horizon must be at least 1, got {window} and {horizon}")
        self.path, self.column, self.roles, self.generate = path, column, Roles(**(roles or {})), generate
        self.window, self.season, self.steps, self.held_out = window, season, steps, held_out
        self.patch, self.per_column = _network(**(network or {}))
        if self.patch < 1 or window % self.patch:
            raise ValueError(f"window must be a multiple of patch, got {window} and {self.patch}")
        self.errors = RowErrors(on_error)

    def load(self) -> None:
        """Read or generate the series, cut it in time and find what it is standardised by."""
        self._origin, self._table, predicted = self._read()
        splits = [splits_in_time(rows[: self.steps], self.held_out) for rows in self._table.series]
        self._lengths = {split: sum(len(own[split]) for own in splits) for split in SPLITS}
        self._check_length(splits)
        train = [own["train"] for own in splits]
        mean, std = mean_and_std(self._table.values, train)
        times = self._table.times
        cycles = () if times is None else cycles_of(np.array(times[train[0].start : train[0].stop][:PIECE]))
        reader = SeriesInput(
            columns=self._table.columns,
            mean=tuple(mean.tolist()),
            std=tuple(std.tolist()),
            window=self.window,
            patch=self.patch,
            cycles=cycles,
            time=self.roles.time or (None if times is None else "time"),
            series=self.roles.series,
        )
        self.origins = {split: Origins([self._origins(own, split) for own in splits]) for split in SPLITS}
        self.examples = {
            split: Windows(self._table, self.origins[split], reader, predicted, self.horizons) for split in SPLITS
        }
        self.spec = self._spec(reader, predicted)

    def order(self, split: Split) -> Order:
        """Training windows in random order, the others in time."""
        draw = scattered if split == "train" else in_order
        return draw(len(self.origins[split]), self.batch_size)

    def baseline(self) -> dict[str, float]:
        """The test errors of repeating the last value seen, or that of a season ago if that is better.

        `mse`, `mae` and `r2` are in original units, `loss` is the squared error of standardised values. With a
        season, `mse_persistence` and `mse_seasonal` tell both.
        """
        question = Question(self._table.values, self.origins["test"], self.horizons, np.asarray(self.spec.std))
        return better(baselines(question, self.season))

    def describe(self) -> dict[str, str]:
        """Where the series comes from, its columns, its length by split, and what is predicted from what."""
        counts = {split: f"{length:,} {split}" for split, length in self._lengths.items()}
        if self.held_out[1] == 0:
            counts["test"] = "test is val"
        series = len(self._table.ends)
        ahead = " to ".join(str(step) for step in dict.fromkeys((self.horizons[0], self.horizons[-1])))
        lines = {
            "data": self._origin,
            "about": self._about(),
            "series": f"{series:,}, cut in time one by one" if series > 1 else "",
            "columns": ", ".join(self.spec.columns),
            "steps": ", ".join(counts.values()),
            "prediction": f"{ahead} ahead, from a window of {self.window} steps",
            "season": "" if self.season is None else f"{self.season} steps",
            "skipped": self.errors.describe(),
        }
        return {name: line for name, line in lines.items() if line}

    def _about(self) -> str:
        """What a generator says of itself."""
        if self.path is not None:
            return ""
        return (getattr(self.generate, "func", self.generate).__doc__ or "").strip().split("\n")[0]

    def _read(self) -> tuple[str, Table, int]:
        if self.path is not None:
            path = locate(self.path)
            table = read_table(path, self.column, self.roles, self.errors)
            return str(path), table, 1 if self.column is None or isinstance(self.column, str) else len(self.column)
        assert self.generate is not None
        name = generated_by(self.generate)
        if self.column is not None:
            raise ValueError(f"{name}: a generated series has no columns to choose from, got column {self.column!r}")
        made = self.generate(self.seed)
        values = made.values if isinstance(made, Table) else np.asarray(made, dtype=np.float64)
        if values.ndim != 2 or not np.isfinite(values).all():
            raise ValueError(f"{name}: expected finite numbers of shape (time, columns), got shape {values.shape}")
        width = values.shape[1]
        columns = ("value",) if width == 1 else tuple(f"value {i}" for i in range(width))
        return name, made if isinstance(made, Table) else Table(columns, values), width

    def _origins(self, splits: Mapping[Split, range], split: Split) -> range:
        """From the first step whose window and targets are there, to the last whose targets lie in the split."""
        first, last = self.horizons[0], self.horizons[-1]
        earliest = max(splits[split].start - first + 1, splits["train"].start + self.window)
        return range(earliest, splits[split].stop - last + 1)

    def _check_length(self, splits: Sequence[Mapping[Split, range]]) -> None:
        # Two targets are the fewest that have a variance, without which there is no R².
        needed, held = self.window + self.horizons[-1], len(self.horizons) + 1
        for name, own in zip(self._table.names, splits, strict=True):
            lengths = [len(own[split]) for split in SPLITS]
            if lengths[0] < needed or min(lengths[1:]) < held:
                where = f"{self._origin}: series {name!r}" if name else self._origin
                steps = own["test"].stop - own["train"].start
                raise ValueError(
                    f"{where}: {steps} steps make splits of {lengths}, expected at least {needed} to train on "
                    f"(window {self.window}, horizon {self.horizons[-1]}) and {held} held out in each"
                )
            longest = lengths[0] - self.horizons[-1]
            if self.season is not None and not 1 <= self.season <= longest:
                raise ValueError(
                    f"season must be from 1 to {longest} steps, which fit into training, got {self.season}"
                )

    def _spec(self, reader: SeriesInput, predicted: int) -> DataSpec:
        names, features = reader.columns[:predicted], reader.features_names()
        single = len(self.horizons) == 1
        at_once, read = (1, len(features) - predicted + 1) if self.per_column else (predicted, len(features))
        return DataSpec(
            inputs="values",
            input_size=read * self.patch,
            output_size=len(self.horizons) * at_once,
            mean=tuple(reader.mean[:predicted]),
            std=tuple(reader.std[:predicted]),
            columns=features,
            answers=tuple(names) if single else tuple(f"{name} +{h}" for h in self.horizons for name in names),
            raw=reader.recipe(),
        )


def _horizons(horizon: int | Sequence[int]) -> range:
    if isinstance(horizon, int):
        return range(horizon, horizon + 1)
    if len(horizon) != 2 or horizon[0] > horizon[1]:
        raise ValueError(f"horizon must be a number of steps, or the first and the last of several, got {horizon}")
    return range(horizon[0], horizon[1] + 1)


def _network(per_column: bool = False, patch: int = 1) -> tuple[int, bool]:
    return patch, per_column
