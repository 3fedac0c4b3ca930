"""Drawing a sequence, token by token, from any model that can take one step."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from seqmodels.decoding.base import Step, log_probabilities


@torch.no_grad()
def sample(  # noqa: PLR0913 (each is one number of the draw)
    step: Step,
    prompt: Int[Tensor, "batch time"],
    length: int,
    *,
    state: Any = None,
    end: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    forbidden: Sequence[int] = (),
    generator: Generator | None = None,
) -> Int[Tensor, "batch drawn"]:
    """Continue each prompt by `length` tokens.

    Each row draws from random numbers of its own: with one seed, the first rows are the same whatever rows come
    behind them, and on every device.

    Args:
        step: the model.
        prompt: at least one token per row; it is read first and not returned.
        length: number of tokens to draw.
        state: the model's state in front of the prompt.
        end: a row that drew it is finished: it gets 0 from there on. When all rows are, nothing more is drawn.
        temperature: scores are divided by it; 0 takes the most probable token.
        top_k: draw from the k most probable tokens only.
        top_p: draw from the most probable tokens that together reach this probability
            (A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020).
        forbidden: tokens that are never drawn.
        generator: source of randomness; torch's own if None.

    Raises:
        ValueError: an empty prompt, an argument out of range, or scores that are NaN.

    Example:
        >>> def count(tokens, state):  # sure of the successor
        ...     return 50.0 * torch.nn.functional.one_hot((tokens + 1) % 10, 10), state
        >>> sample(count, torch.tensor([[2], [5]]), 9, end=8)
        tensor([[3, 4, 5, 6, 7, 8],
                [6, 7, 8, 0, 0, 0]])
    """
    if prompt.shape[1] == 0:
        raise ValueError("the prompt must hold at least one token, got none")
    if length < 0:
        raise ValueError(f"length must be at least 0, got {length}")
    numbers = uniform(len(prompt), (length,), generator).to(prompt.device)
    running = torch.ones_like(prompt[:, :1], dtype=torch.bool)
    last, drawn = prompt, [prompt[:, :0]]
    for u in numbers.unbind(1):
        scores, state = step(last, state)
        probabilities = next_token_probabilities(
            log_probabilities(scores, forbidden), temperature=temperature, top_k=top_k, top_p=top_p
        )
        last = _token(probabilities, u.unsqueeze(1)) * running
        drawn.append(last)
        if end is not None:
            running = running & (last != end)
            if not running.any():
                break
    return torch.cat(drawn, dim=1)


def uniform(rows: int, shape: tuple[int, ...], generator: Generator | None) -> Float[Tensor, "rows *shape"]:
    """Numbers in [0, 1): a row's depend neither on the number of rows nor on its own length, the first of `shape`."""
    device = None if generator is None else generator.device
    numbers = torch.empty(rows, *shape)
    for row, seed in zip(numbers, torch.randint(2**63 - 1, (rows,), generator=generator, device=device), strict=True):
        row.uniform_(generator=Generator().manual_seed(int(seed)))
    return numbers


def _token(probabilities: Float[Tensor, "batch tokens"], uniform: Float[Tensor, "batch 1"]) -> Int[Tensor, "batch 1"]:
    """The token at which the cumulated probability passes the uniform number: never one of probability 0."""
    # A sum that is cumulated in parallel may grow by a rounding error where the probability is 0.
    cumulated = probabilities.cumsum(-1) * (probabilities > 0)
    passed = cumulated > uniform * cumulated.amax(-1, keepdim=True)
    return passed.byte().argmax(-1, keepdim=True)


def next_token_probabilities(
    scores: Float[Tensor, "batch tokens"],
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
) -> Float[Tensor, "batch tokens"]:
    """The distribution a token is drawn from: see `sample` for the arguments.

    Raises:
        ValueError: a negative temperature, `top_k` below 1 or `top_p` outside (0, 1].

    Example:
        >>> next_token_probabilities(torch.tensor([[0.0, 2.0, 1.0]]), temperature=0)
        tensor([[0., 1., 0.]])
    """
    if temperature < 0:
        raise ValueError(f"temperature must be at least 0, got {temperature}")
    if top_k is not None and top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p must lie in (0, 1], got {top_p}")
    if temperature == 0:
        top_k, temperature = 1, 1.0
    ranked, order = (scores / temperature).softmax(-1).sort(dim=-1, descending=True, stable=True)
    if top_k is not None:
        ranked[:, top_k:] = 0
    if top_p is not None:
        ranked[ranked.cumsum(-1) - ranked >= top_p] = 0
    kept = torch.zeros_like(ranked).scatter(-1, order, ranked)
    return kept / kept.sum(-1, keepdim=True)
