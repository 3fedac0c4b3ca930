"""What every search shares: a model that can take one step, and what is found with it."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""Tokens (batch, time) and a state, to scores of the next token at every step (batch, time, tokens) and a state."""


class Decoded(NamedTuple):
    """What was written, padded with 0.

    Where several sequences are kept for each row, each tensor has a dimension for them behind the batch, the best
    first. If there were fewer, the rest have length 0 and score -inf.

    Attributes:
        tokens: without the start, with the end where it was reached.
        lengths: number of tokens; the end counts.
        scores: log-probability of the tokens, the end included.
    """

    tokens: Int[Tensor, "batch *best length"]
    lengths: Int[Tensor, "batch *best"]
    scores: Float[Tensor, "batch *best"]


def log_probabilities(
    scores: Float[Tensor, "batch time tokens"], forbidden: Sequence[int] = ()
) -> Float[Tensor, "batch tokens"]:
    """Of the token behind the last step, among those that are allowed.

    Raises:
        ValueError: a score is NaN, or no token is possible.

    Example:
        >>> log_probabilities(torch.zeros(1, 3, 4), forbidden=[0, 1]).exp()
        tensor([[0.0000, 0.0000, 0.5000, 0.5000]])
    """
    last = scores[:, -1]
    if forbidden:
        last = last.index_fill(-1, torch.tensor(list(forbidden), device=last.device), -torch.inf)
    return checked(last.log_softmax(-1, dtype=torch.promote_types(last.dtype, torch.float32)))


def checked(log_probabilities: Float[Tensor, "*rows tokens"]) -> Float[Tensor, "*rows tokens"]:
    """The same log-probabilities, if they are some.

    Raises:
        ValueError: one is NaN.
    """
    if log_probabilities.isnan().any():
        raise ValueError("nothing can be written: the model's scores are NaN, or no token is possible")
    return log_probabilities


def check_start(start: Int[Tensor, "batch time"], max_length: int) -> None:
    """Whether there is something to begin with and something to write.

    Raises:
        ValueError: there is not.
    """
    if start.shape[1] == 0:
        raise ValueError("a search must begin with at least one token, got none")
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, got {max_length}")
