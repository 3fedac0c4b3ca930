"""Tiny models of a few tokens whose scores depend on everything read so far."""

import torch
from torch import Generator, Tensor

from seqmodels.decoding import Step

END = 1


def remembering(seed: int, vocabulary: int, sharpness: float = 2.0) -> Step:
    """Scores that are a fixed random function of the row's own state, which all tokens change."""
    generator = Generator().manual_seed(seed)
    table = torch.randn(7, vocabulary, vocabulary, generator=generator, dtype=torch.float64) * sharpness

    def step(tokens: Tensor, state: tuple[Tensor]) -> tuple[Tensor, tuple[Tensor]]:
        (position,) = state
        scores = []
        for token in tokens.unbind(1):
            scores.append(table[position, token])
            position = (3 * position + token + 1) % 7
        return torch.stack(scores, 1), (position,)

    return step


def beginning(rows: list[int]) -> tuple[Tensor, tuple[Tensor]]:
    """A start and a state for each row, both from its number."""
    numbers = torch.tensor(rows, dtype=torch.long)
    return torch.zeros(len(rows), 1, dtype=torch.long), (numbers % 7,)


def spelt(step: Step, row: int, sequences: list[list[int]], forbidden: tuple[int, ...] = ()) -> list[float]:
    """Log-probabilities of sequences of one length, read in one go."""
    tokens = torch.tensor(sequences)
    start, state = beginning([row] * len(tokens))
    scores, _ = step(torch.cat([start, tokens[:, :-1]], 1), state)
    scores[..., list(forbidden)] = -torch.inf
    return scores.log_softmax(-1).gather(2, tokens.unsqueeze(2)).sum((1, 2)).tolist()
