"""Numeric series: a window of steps in, the values some steps ahead out."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.base import SequenceData, Split, in_time
from seqmodels.data.batches import Order, in_order, shuffled
from seqmodels.data.csv_columns import read_columns
from seqmodels.data.files import Source, locate
from seqmodels.data.floors import persistence
from seqmodels.types import Batch, DataSpec

Floats = NDArray[np.float64]


class Windows(Dataset[Batch]):
    """The windows in front of some steps, and the values at those steps; only the batch asked for is copied.

    Args:
        values: the whole series.
        targets: the steps to predict.
        window: steps of a window.
        horizon: steps from the last of a window to its target.
    """

    def __init__(self, values: Float[Tensor, "time columns"], targets: range, window: int, horizon: int) -> None:
        self._values = values
        self._windows = values.unfold(0, window, 1).transpose(1, 2)
        self._targets = torch.arange(targets.start, targets.stop)
        self._reach = window + horizon - 1

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, indices: list[int]) -> Batch:
        targets = self._targets[indices]
        windows = self._windows[targets - self._reach].contiguous()
        return Batch(windows, self._values[targets], torch.full((len(targets),), windows.shape[1]))


class SeriesData(SequenceData):
    """One or several numeric series, held out in time: training first, then validation, then test.

    A window is (window, columns), its target (columns,): every column `horizon` steps after the window's last
    step. Targets lie in the part they belong to; the first windows of validation and test reach back into the
    part before, as a forecast made on that day would. All values are standardised by mean and standard
    deviation of the training part (a constant column is only centred).

    Args:
        path: a CSV file whose first row names the columns; None to `generate`.
        column: name or names of the columns to read and predict; None for the only numeric one.
        generate: makes an array (time, columns) from a seed; used where there is no `path`.
        window: steps a prediction may look at.
        horizon: how many steps ahead the target lies.
        held_out: fractions of the steps, at the end, for validation and for test. With none for test, the
            validation part is tested on.
        batch_size: windows of a batch.
        seed: of the generated series and the order of the training windows.

    Raises:
        ValueError: a size is not positive, or there is neither a file nor a generator. On loading: the file
            or the generated array is not one of finite numbers, or too short.

    Example:
        >>> from seqmodels.data.generated.series import sine
        >>> data = SeriesData(generate=sine, window=20)
        >>> data.setup()
        >>> next(iter(data.train_dataloader())).inputs.shape
        torch.Size([32, 20, 1])
    """

    def __init__(
        self,
        *,
        path: Source | None = None,
        column: str | Sequence[str] | None = None,
        generate: Callable[[int], Floats] | None = None,
        window: int = 50,
        horizon: int = 1,
        held_out: Sequence[float] = (0.15, 0.15),
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("a series needs a path or a generator, got neither")
        if min(window, horizon) < 1:
            raise ValueError(f"window and horizon must be at least 1, got {window} and {horizon}")
        self.path, self.column, self.generate = path, column, generate
        self.window, self.horizon, self.held_out = window, horizon, held_out

    def load(self) -> None:
        """Read or generate the series, cut it in time and standardise it."""
        self._origin, columns, self._values = self._read()
        self._parts = in_time(len(self._values), self.held_out)
        self._check_length()
        train = self._values[: len(self._parts["train"])]
        mean = train.mean(axis=0)
        std = np.where(np.ptp(train, axis=0) > 0, train.std(axis=0), 1.0)
        standardised = torch.as_tensor((self._values - mean) / std, dtype=torch.float32)
        self.examples = {
            split: Windows(standardised, self._targets(split), self.window, self.horizon) for split in self._parts
        }
        self.spec = DataSpec(
            inputs="values",
            input_size=len(columns),
            output_size=len(columns),
            mean=tuple(mean.tolist()),
            std=tuple(std.tolist()),
            columns=columns,
        )

    def order(self, split: Split) -> Order:
        """Training windows in random order, the others in time."""
        draw = shuffled if split == "train" else in_order
        return draw(len(self._targets(split)), self.batch_size)

    def floor(self) -> dict[str, float]:
        """The test errors of repeating the last value seen: `mse` and `mae` in original units, and `r2`."""
        targets = np.array(self._targets("test"))
        return persistence(self._values[targets - self.horizon], self._values[targets])

    def describe(self) -> dict[str, str]:
        """Where the series comes from, its columns, its length by part, and what is predicted from what."""
        counts = {split: f"{len(part):,} {split}" for split, part in self._parts.items()}
        if self.held_out[1] == 0:
            counts["test"] = "test is val"
        return {
            "data": self._origin,
            "columns": ", ".join(self.spec.columns),
            "steps": ", ".join(counts.values()),
            "prediction": f"{self.horizon} ahead, from a window of {self.window} steps",
        }

    def _read(self) -> tuple[str, tuple[str, ...], Floats]:
        if self.path is not None:
            path = locate(self.path)
            return str(path), *read_columns(path, self.column)
        assert self.generate is not None
        function = getattr(self.generate, "func", self.generate)
        name = f"{getattr(function, '__name__', type(function).__name__)} (generated)"
        if self.column is not None:
            raise ValueError(f"{name}: a generated series has no columns to choose from, got column {self.column!r}")
        values = np.asarray(self.generate(self.seed), dtype=np.float64)
        if values.ndim != 2 or not np.isfinite(values).all():
            raise ValueError(f"{name}: expected finite numbers of shape (time, columns), got shape {values.shape}")
        single = values.shape[1] == 1
        return name, ("value",) if single else tuple(f"value {i}" for i in range(values.shape[1])), values

    def _targets(self, split: Split) -> range:
        part = self._parts[split]
        return range(max(part.start, self.window + self.horizon - 1), part.stop)

    def _check_length(self) -> None:
        # Two steps are the fewest that have a variance, without which there is no R².
        lengths = [len(part) for part in self._parts.values()]
        needed = self.window + self.horizon
        if lengths[0] < needed or min(lengths[1:]) < 2:
            raise ValueError(
                f"{self._origin}: {len(self._values)} steps make parts of {lengths}, expected at least "
                f"{needed} to train on (window {self.window}, horizon {self.horizon}) and 2 held out in each"
            )
