"""Several sequences side by side, for the most probable whole."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmodels.decoding.base import Decoded, Step, check_start, log_probabilities
from seqmodels.types import map_state


class Hypotheses(NamedTuple):
    """Some sequences for each row; those that do not exist rank -inf."""

    ranks: Float[Tensor, "batch beams"]
    scores: Float[Tensor, "batch beams"]
    lengths: Int[Tensor, "batch beams"]
    tokens: Int[Tensor, "batch beams max_length"]


@torch.no_grad()
def beam(  # noqa: PLR0913 (each is one number of the search)
    step: Step,
    start: Int[Tensor, "batch time"],
    state: Any,
    *,
    end: int,
    max_length: int,
    num_beams: int,
    length_penalty: float = 0.0,
    num_best: int = 1,
    forbidden: Sequence[int] = (),
) -> Decoded:
    """Keep the most probable beginnings of each row, and return the best sequences that were found.

    A beginning that ends leaves its place in the beam empty: a beam of one is greedy search. A row stops when none of
    its beginnings can still become better than the worst of its `num_best`. Beginnings without an end at `max_length`
    count like the others. A row is the same alone and in any batch.

    Args:
        step: the model.
        start: what each row begins with; at least one token, read first and not returned.
        state: the model's state in front of it; behind it, tensors with the batch first.
        end: the token behind which nothing is written.
        max_length: tokens at most; the end counts.
        num_beams: beginnings to keep.
        length_penalty: alpha; sequences are compared by log p / ((5 + length) / 6)^alpha. 0 compares probabilities,
            which favours short sequences; 0.6 to 0.7 was found to be best in the source.
        num_best: sequences to return for each row. Their `scores` are log p, without the penalty.
        forbidden: tokens that are never written.

    Raises:
        ValueError: an empty start, an argument out of range, or scores that are NaN.

    Source:
        Y. Wu et al., "Google's neural machine translation system", arXiv:1609.08144, 2016, section 7, equation 14;
        without its coverage penalty.

    Example:
        >>> def model(tokens, state):  # 2 is likelier than 3, but what comes behind it is less sure
        ...     table = torch.tensor([[0, 0, 0.6, 0.4], [0, 1, 0, 0], [0, 0.5, 0.3, 0.2], [0, 0.9, 0, 0.1]])
        ...     return table[tokens].log(), tokens
        >>> found = beam(model, torch.tensor([[0]]), None, end=1, max_length=4, num_beams=3, num_best=2)
        >>> found.tokens
        tensor([[[3, 1],
                 [2, 1]]])
        >>> found.scores.exp()
        tensor([[0.3600, 0.3000]])
    """
    check_start(start, max_length)
    _check(num_beams, num_best, length_penalty)
    live, kept = _beginnings(start, max_length, 1), _beginnings(start, max_length, num_best)
    live.scores.zero_()
    places, last = torch.full_like(start[:, :1], num_beams), start
    for length in range(1, max_length + 1):
        scores, state = step(last, state)
        gains = log_probabilities(scores, forbidden).unflatten(0, live.scores.shape)
        live, parents = _grown(live, gains, places, num_beams)
        finished = (live.tokens[..., length - 1] == end) | (length == max_length)
        penalised = live.scores / ((5 + length) / 6) ** length_penalty
        kept = _best(kept, live._replace(ranks=penalised.masked_fill(~finished, -torch.inf)))
        places = places - (finished & live.scores.isfinite()).sum(1, keepdim=True)
        within_reach = live.scores.masked_fill(finished, -torch.inf) / ((5 + max_length) / 6) ** length_penalty
        if (within_reach.amax(1) <= kept.ranks[:, -1]).all():
            break
        live = live._replace(scores=live.scores.masked_fill(finished, -torch.inf))
        state = map_state(lambda tensor, rows=parents: tensor.index_select(0, rows), state)
        last = live.tokens[..., length - 1].reshape(-1, 1)
    return _decoded(kept)


def _check(num_beams: int, num_best: int, length_penalty: float) -> None:
    if not 1 <= num_best <= num_beams:
        raise ValueError(f"num_best must lie between 1 and num_beams, got {num_best} of {num_beams}")
    if length_penalty < 0:
        raise ValueError(f"length_penalty must be at least 0, got {length_penalty}")


def _beginnings(start: Tensor, max_length: int, count: int) -> Hypotheses:
    """Empty sequences that do not exist."""
    nothing = torch.full((len(start), count), -torch.inf, device=start.device)
    lengths = torch.zeros_like(nothing, dtype=torch.long)
    return Hypotheses(nothing, nothing.clone(), lengths, start.new_zeros(len(start), count, max_length))


def _grown(live: Hypotheses, gains: Tensor, places: Tensor, num_beams: int) -> tuple[Hypotheses, Tensor]:
    """The best beginnings with one token more, as many as there are places, and the row of the state of each."""
    _, beams, vocabulary = gains.shape
    scores, index = (live.scores.unsqueeze(-1) + gains).flatten(1).topk(min(num_beams, beams * vocabulary))
    scores = scores.masked_fill(torch.arange(scores.shape[1], device=scores.device) >= places, -torch.inf)
    parent, token = index.div(vocabulary, rounding_mode="floor"), index % vocabulary
    grown = _take(live, parent)
    tokens = grown.tokens.scatter(-1, grown.lengths.unsqueeze(-1), token.unsqueeze(-1))
    rows = torch.arange(len(parent), device=parent.device).unsqueeze(1) * beams + parent
    return Hypotheses(scores, scores, grown.lengths + 1, tokens), rows.flatten()


def _best(kept: Hypotheses, new: Hypotheses) -> Hypotheses:
    """As many as were kept; of equals the earlier ones."""
    together = map_state(lambda old, more: torch.cat([old, more], dim=1), kept, new)
    order = together.ranks.sort(dim=1, descending=True, stable=True).indices
    return _take(together, order[:, : kept.ranks.shape[1]])


def _take(hypotheses: Hypotheses, index: Tensor) -> Hypotheses:
    return map_state(lambda t: t.take_along_dim(index.view(*index.shape, *[1] * (t.ndim - 2)), dim=1), hypotheses)


def _decoded(kept: Hypotheses) -> Decoded:
    exists = kept.ranks > -torch.inf
    lengths = kept.lengths * exists
    longest = max(lengths.flatten().tolist(), default=0)
    scores = kept.scores.masked_fill(~exists, -torch.inf)
    return Decoded((kept.tokens * exists.unsqueeze(-1))[..., :longest], lengths, scores)
