"""The adding problem: two numbers of a long sequence are marked, their sum is asked for."""

import numpy as np
import torch

from seqmodels.data.base import SPLITS
from seqmodels.data.ragged import Ragged
from seqmodels.data.rows import Rows
from seqmodels.data.splits import sizes_of
from seqmodels.data.synthetic import Numbers, Problem
from seqmodels.types import DataSpec


def adding(seed: int, *, steps: int = 50, count: int = 24_000) -> Problem:
    """Make sequences of uniform numbers from 0 to 1, each with a mark beside it that is 1 twice and else 0.

    One number of the first half is marked and one of the second. The baseline is that of answering 1 to everything: its
    mean squared error is 1/6 in expectation, the variance of the sum of two such numbers.

    Args:
        seed: of the numbers and the marks.
        steps: length of every sequence.
        count: number of sequences; an eighth of them for validation, an eighth for test.

    Raises:
        ValueError: there are fewer than two steps.

    Source: S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997, section 5.4;
        in the form of Q. V. Le, N. Jaitly and G. E. Hinton, "A simple way to initialize recurrent networks of
        rectified linear units", 2015, section 4.1.

    Example:
        >>> problem = adding(0, steps=4, count=8)
        >>> problem.rows["train"][[0]].inputs[0, :, 1].sum()
        tensor(2.)
    """
    if steps < 2:
        raise ValueError(f"two numbers to add need at least 2 steps, got {steps}")
    random = np.random.default_rng(seed)
    drawn = {split: _drawn(random, steps, size) for split, size in sizes_of(count).items()}
    sums = {split: (values[..., 0] * values[..., 1]).sum(1) for split, values in drawn.items()}
    mean, std = 1.0, (1 / 6) ** 0.5
    rows = {
        split: Rows(Ragged.of(drawn[split].astype(np.float32)), _standardised(sums[split], mean, std))
        for split in SPLITS
    }
    errors = sums["test"] - 1
    baseline = {"mse": float((errors**2).mean()), "mae": float(np.abs(errors).mean())}
    spec = DataSpec(
        inputs="values",
        input_size=2,
        output_size=1,
        mean=(mean,),
        std=(std,),
        columns=("number", "mark"),
        answers=("sum",),
        raw=Numbers(2).recipe(),
    )
    return Problem(spec, rows, baseline, {"steps": str(steps), "prediction": "the sum of the two marked numbers"})


def _drawn(random: np.random.Generator, steps: int, count: int) -> np.ndarray:
    values = np.zeros((count, steps, 2))
    values[..., 0] = random.random((count, steps))
    rows, half = np.arange(count), steps // 2
    values[rows, random.integers(half, size=count), 1] = 1
    values[rows, random.integers(half, steps, size=count), 1] = 1
    return values


def _standardised(sums: np.ndarray, mean: float, std: float) -> torch.Tensor:
    return torch.from_numpy((sums - mean) / std).float().unsqueeze(1)
