"""Learning-rate schedules over the steps of a whole training: a linear rise, then a way down."""

import math
from collections.abc import Callable

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def cosine(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.02, end: float = 0.02) -> LambdaLR:
    """Down along half a cosine.

    Args:
        optimizer: its learning rate is the highest.
        total_steps: steps in the whole training.
        warmup: share of the steps that rise.
        end: last rate as a share of the highest.

    Raises:
        ValueError: a share is not from 0 to 1.

    Source:
        I. Loshchilov and F. Hutter, "SGDR", ICLR 2017, one period without restart.
    """
    return _rise_and_fall(optimizer, total_steps, warmup, end, lambda part: 0.5 * (1 + math.cos(math.pi * part)))


def linear(optimizer: Optimizer, total_steps: int, *, warmup: float = 0.02, end: float = 0.0) -> LambdaLR:
    """Down along a straight line.

    Args:
        optimizer: its learning rate is the highest.
        total_steps: steps in the whole training.
        warmup: share of the steps that rise.
        end: last rate as a share of the highest.

    Raises:
        ValueError: a share is not from 0 to 1.
    """
    return _rise_and_fall(optimizer, total_steps, warmup, end, lambda part: 1 - part)


def constant(optimizer: Optimizer, total_steps: int) -> LambdaLR:  # noqa: ARG001
    """The same rate throughout.

    Args:
        optimizer: its learning rate stays.
        total_steps: steps in the whole training; of no consequence.
    """
    return LambdaLR(optimizer, lambda _: 1.0)


def _rise_and_fall(
    optimizer: Optimizer, total_steps: int, warmup: float, end: float, fall: Callable[[float], float]
) -> LambdaLR:
    for name, share in {"warmup": warmup, "end": end}.items():
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be from 0 to 1, got {share}")
    rising = max(1, round(warmup * total_steps))
    falling = max(1, total_steps - rising)

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return end + (1 - end) * fall(min(1.0, (step - rising) / falling))

    return LambdaLR(optimizer, factor)
