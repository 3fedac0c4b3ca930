"""The most probable token, again and again."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from seqmodels.decoding.base import Decoded, Step, check_start, log_probabilities


@torch.no_grad()
def greedy(
    step: Step,
    start: Int[Tensor, "batch time"],
    state: Any,
    *,
    end: int,
    max_length: int,
    forbidden: Sequence[int] = (),
) -> Decoded:
    """At every step the most probable token, until the end.

    A row is the same alone and in any batch.

    Args:
        step: the model.
        start: what each row begins with; at least one token, read first and not returned.
        state: the model's state in front of it.
        end: the token behind which nothing is written.
        max_length: tokens at most; the end counts.
        forbidden: tokens that are never written.

    Raises:
        ValueError: an empty start, `max_length` below 1, or scores that are NaN.

    Example:
        >>> def count_down(tokens, state):  # sure of the predecessor
        ...     return 50.0 * torch.nn.functional.one_hot((tokens - 1).clamp(min=0), 9), state
        >>> greedy(count_down, torch.tensor([[4], [8]]), None, end=1, max_length=5).tokens
        tensor([[3, 2, 1, 0, 0],
                [7, 6, 5, 4, 3]])
    """
    check_start(start, max_length)
    last = start
    running = torch.ones_like(start[:, 0], dtype=torch.bool)
    columns, gains, counted = [], [], []
    for _ in range(max_length):
        scores, state = step(last, state)
        gain, token = log_probabilities(scores, forbidden).max(-1)
        columns.append(token * running)
        gains.append(gain * running)
        counted.append(running)
        running = running & (token != end)
        if not running.any():
            break
        last = columns[-1].unsqueeze(1)
    return Decoded(torch.stack(columns, 1), torch.stack(counted, 1).sum(1), torch.stack(gains, 1).sum(1))
