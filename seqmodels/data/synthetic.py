"""Problems that are made up, to the last number: what is asked for, the rows, and what a cheap answer reaches."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.orders import Order, in_order, shuffled
from seqmodels.data.raw import RawInput
from seqmodels.data.rows import Rows
from seqmodels.types import DataSpec


@dataclass(frozen=True)
class Numbers(RawInput):
    """Steps of a few numbers each, as they are: lists of lists, or the same written as JSON.

    Args:
        size: numbers of a step.

    Example:
        >>> Numbers(2).read("[[0.5, 1], [0.25, 0]]")
        tensor([[0.5000, 1.0000],
                [0.2500, 0.0000]])
    """

    size: int

    def example(self) -> str:
        """Return what a person could type for an item."""
        return json.dumps([[0.5] * self.size] * 3)

    def read(self, item: Any) -> Float[Tensor, "time size"]:
        """The steps.

        Raises:
            ValueError: it is not a list of steps of that many finite numbers.
        """
        try:
            steps = torch.as_tensor(json.loads(item) if isinstance(item, str) else item, dtype=torch.float32)
        except (ValueError, TypeError, RuntimeError) as error:
            raise ValueError(f"expected steps of {self.size} numbers each, got {str(item)[:60]!r}") from error
        if steps.ndim != 2 or steps.shape[1] != self.size or not len(steps) or not steps.isfinite().all():
            raise ValueError(f"expected steps of {self.size} finite numbers each, got {str(item)[:60]!r}")
        return steps


class Problem(NamedTuple):
    """What a generator makes.

    `baseline` is what a cheap answer reaches on the test split, by names of metrics; `summary` says what is asked for.
    """

    spec: DataSpec
    rows: Mapping[Split, Rows]
    baseline: dict[str, float]
    summary: dict[str, str]


class SyntheticData(SequenceData):
    """A problem that a function makes from a seed.

    Args:
        generate: makes the problem.
        batch_size: rows of a batch.
        seed: of the problem and the order of the training rows.

    Example:
        >>> from functools import partial
        >>> from seqmodels.data.generated.adding import adding
        >>> data = SyntheticData(generate=partial(adding, steps=10, count=64))
        >>> data.setup()
        >>> next(iter(data.train_dataloader())).inputs.shape
        torch.Size([32, 10, 2])
    """

    def __init__(self, *, generate: Callable[[int], Problem], batch_size: int = 32, seed: int = 0) -> None:
        super().__init__(batch_size, seed)
        self.generate = generate

    def load(self) -> None:
        """Make the problem."""
        self.problem = self.generate(self.seed)
        self.spec, self.examples = self.problem.spec, dict(self.problem.rows)

    def order(self, split: Split) -> Order:
        """Training rows in random order, the others as they come."""
        draw = shuffled if split == "train" else in_order
        return draw(len(self.problem.rows[split]), self.batch_size)

    def baseline(self) -> dict[str, float]:
        """As the generator says."""
        return self.problem.baseline

    def describe(self) -> dict[str, str]:
        """The problem, and how much of it there is."""
        counts = ", ".join(f"{len(self.problem.rows[split]):,} {split}" for split in SPLITS)
        return {"data": generated_by(self.generate), "rows": counts, **self.problem.summary}
