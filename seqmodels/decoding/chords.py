"""Drawing chords, step by step, from any model that says how probable each key is."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from seqmodels.decoding.base import Step
from seqmodels.decoding.sampling import uniform


@torch.no_grad()
def sample_chords(
    step: Step,
    prompt: Float[Tensor, "batch time keys"],
    length: int,
    *,
    state: Any = None,
    temperature: float = 1.0,
    most: int | None = None,
    generator: Generator | None = None,
) -> Float[Tensor, "batch length keys"]:
    """Continue each prompt by `length` chords: each key is struck by chance, independently of the others.

    Each row draws from random numbers of its own, as in `sample`.

    Args:
        step: what sounds at some steps (batch, time, keys) and a state, to scores of each key (logits) and a state.
        prompt: at least one step; it is read first and not returned.
        length: number of chords to draw.
        state: the model's state in front of the prompt.
        temperature: scores are divided by it; 0 strikes what has a probability above one half.
        most: of more keys than these, only the most probable are struck; None for no limit. Keys that are drawn one by
            one, and then read again, else pile up.
        generator: source of randomness; torch's own if None.

    Raises:
        ValueError: an empty prompt, a negative length or temperature, or `most` is less than 1.

    Example:
        >>> def rising(chords, state):  # sure of the next higher keys
        ...     return 100.0 * chords.roll(1, dims=-1) - 50.0, state
        >>> sample_chords(rising, torch.tensor([[[1.0, 0.0, 1.0, 0.0]]]), 2)
        tensor([[[0., 1., 0., 1.],
                 [1., 0., 1., 0.]]])
    """
    if prompt.shape[1] == 0:
        raise ValueError("the prompt must hold at least one step, got none")
    if min(length, temperature) < 0:
        raise ValueError(f"length and temperature must be at least 0, got {length} and {temperature}")
    if most is not None and most < 1:
        raise ValueError(f"most must be at least 1 key or None, got {most}")
    numbers = uniform(len(prompt), (length, prompt.shape[2]), generator).to(prompt.device)
    last, drawn = prompt, [prompt[:, :0]]
    for u in numbers.unbind(1):
        scores, state = step(last, state)
        last = _most_probable(scores[:, -1], _struck(scores[:, -1], temperature, u), most).unsqueeze(1)
        drawn.append(last)
    return torch.cat(drawn, dim=1)


def _struck(scores: Float[Tensor, "batch keys"], temperature: float, u: Float[Tensor, "batch keys"]) -> Tensor:
    struck = scores > 0 if temperature == 0 else u < (scores / temperature).sigmoid()
    return struck.to(scores)


def _most_probable(scores: Float[Tensor, "batch keys"], struck: Tensor, most: int | None) -> Tensor:
    if most is None:
        return struck
    probable = scores.masked_fill(struck == 0, -torch.inf).topk(min(most, scores.shape[-1])).indices
    return struck * torch.zeros_like(struck).scatter(-1, probable, 1.0)
