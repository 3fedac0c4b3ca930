"""Drawing a sequence, token by token, from any model that can take one step."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

Step = Callable[[Tensor, Any], tuple[Tensor, Any]]
"""Tokens (batch, time) and a state, to scores of the next token at every step (batch, time, tokens) and a state."""


@torch.no_grad()
def sample(
    step: Step,
    prompt: Int[Tensor, "batch time"],
    length: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    forbidden: Sequence[int] = (),
    generator: Generator | None = None,
) -> Int[Tensor, "batch length"]:
    """Continue each prompt by `length` tokens.

    Args:
        step: the model.
        prompt: at least one token per row; it is read first and not returned.
        length: number of tokens to draw.
        temperature: scores are divided by it; 0 takes the most probable token.
        top_k: draw from the k most probable tokens only.
        top_p: draw from the most probable tokens that together reach this probability
            (A. Holtzman et al., "The curious case of neural text degeneration", ICLR 2020).
        forbidden: tokens that are never drawn.
        generator: source of randomness; torch's own if None.

    Raises:
        ValueError: an empty prompt, or an argument out of range.
    """
    if prompt.shape[1] == 0:
        raise ValueError("the prompt must hold at least one token, got none")
    if length < 0:
        raise ValueError(f"length must be at least 0, got {length}")
    scores, state = step(prompt, None)
    drawn: list[Tensor] = []
    while len(drawn) < length:
        last = scores[:, -1].index_fill(
            -1, torch.tensor(list(forbidden), dtype=torch.long, device=scores.device), -torch.inf
        )
        probabilities = next_token_probabilities(last, temperature=temperature, top_k=top_k, top_p=top_p)
        drawn.append(torch.multinomial(probabilities, 1, generator=generator))
        if len(drawn) < length:
            scores, state = step(drawn[-1], state)
    return torch.cat(drawn, dim=1) if drawn else prompt[:, :0]


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
