"""Connectionist temporal classification: from scores at every step to the shorter sequence they spell.

An alignment names a token or the blank at every step. It spells what is left when repetitions are merged and blanks
dropped (A. Graves et al., "Connectionist temporal classification", ICML 2006, section 3.1).
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqmodels.decoding.base import Decoded, checked
from seqmodels.types import valid_steps


@torch.no_grad()
def ctc_greedy(
    scores: Float[Tensor, "batch time vocabulary"], lengths: Int[Tensor, " batch"], *, blank: int = 0
) -> Decoded:
    """What the most probable alignment spells; its score is that of this one alignment.

    Args:
        scores: of each token at each step, before the softmax. Nothing is read past a row's length.
        lengths: steps of each row.
        blank: the token that stands for nothing.

    Raises:
        ValueError: a score is NaN.

    Example:
        >>> alignment = torch.tensor([[1, 1, 0, 1, 2]])
        >>> ctc_greedy(9.0 * F.one_hot(alignment, 3), torch.tensor([5])).tokens
        tensor([[1, 1, 2]])
    """
    gains, path = _log_probabilities(scores, lengths, blank).max(-1)
    spelt = (path != blank) & (path != F.pad(path, (1, 0), value=blank)[:, :-1])
    order = (~spelt).byte().argsort(dim=1, stable=True)
    counts = spelt.sum(1)
    return Decoded((path * spelt).gather(1, order)[:, : _longest(counts)], counts, gains.sum(1))


class Prefixes(NamedTuple):
    """Different beginnings for each row.

    Attributes:
        blank: log-probability of the alignments so far that spell it and end in a blank.
        token: likewise of those that end in its last token.
        last: its last token; the blank for the empty one.
        lengths: number of tokens.
        tokens: padded with 0.
    """

    blank: Float[Tensor, "batch beams"]
    token: Float[Tensor, "batch beams"]
    last: Int[Tensor, "batch beams"]
    lengths: Int[Tensor, "batch beams"]
    tokens: Int[Tensor, "batch beams time"]

    @property
    def total(self) -> Float[Tensor, "batch beams"]:
        """Log-probability of all alignments so far that spell it."""
        return torch.logaddexp(self.blank, self.token)


@torch.no_grad()
def ctc_beam(
    scores: Float[Tensor, "batch time vocabulary"],
    lengths: Int[Tensor, " batch"],
    *,
    num_beams: int,
    num_best: int = 1,
    blank: int = 0,
) -> Decoded:
    """Prefix beam search: the most probable sequences, each by the sum over the alignments that spell it.

    Exact if the beam is wide enough to hold every prefix. A row is the same alone and in any batch.

    Args:
        scores: of each token at each step, before the softmax. Nothing is read past a row's length.
        lengths: steps of each row.
        num_beams: prefixes to keep.
        num_best: sequences to return for each row.
        blank: the token that stands for nothing.

    Raises:
        ValueError: `num_best` is not between 1 and `num_beams`, or a score is NaN.

    Source:
        A. Hannun et al., "First-pass large vocabulary continuous speech recognition using bi-directional recurrent
        DNNs", arXiv:1408.2873, 2014, algorithm 1; without its language model.

    Example:
        >>> likely = torch.tensor([[[0.6, 0.4], [0.6, 0.4]]]).log()  # two blanks: 0.36; one token somehow: 0.64
        >>> ctc_greedy(likely, torch.tensor([2])).lengths, ctc_beam(likely, torch.tensor([2]), num_beams=2).tokens
        (tensor([0]), tensor([[[1]]]))
    """
    if not 1 <= num_best <= num_beams:
        raise ValueError(f"num_best must lie between 1 and num_beams, got {num_best} of {num_beams}")
    log_p = _log_probabilities(scores, lengths, blank)
    prefixes = _empty(log_p, num_beams, blank)
    for t in range(log_p.shape[1]):
        prefixes = _step(prefixes, log_p[:, t], lengths > t, blank)
    total = prefixes.total[:, :num_best]
    exists = total > -torch.inf
    counts = prefixes.lengths[:, :num_best] * exists
    tokens = prefixes.tokens[:, :num_best] * exists.unsqueeze(-1)
    return Decoded(tokens[..., : _longest(counts)], counts, total)


def _log_probabilities(scores: Tensor, lengths: Tensor, blank: int) -> Tensor:
    """Past the end a blank is certain: it changes neither what is spelt nor its probability."""
    log_p = scores.log_softmax(-1, dtype=torch.promote_types(scores.dtype, torch.float32))
    certain = torch.full_like(log_p[:1, :1], -torch.inf)
    certain[..., blank] = 0
    return checked(torch.where(valid_steps(lengths, scores.shape[1]).unsqueeze(-1), log_p, certain))


def _longest(counts: Tensor) -> int:
    return max(counts.flatten().tolist(), default=0)


def _empty(log_p: Tensor, num_beams: int, blank: int) -> Prefixes:
    """The empty prefix, and places for others."""
    batch, time, _ = log_p.shape
    nothing = log_p.new_full((batch, num_beams), -torch.inf)
    certain = nothing.clone()
    certain[:, 0] = 0
    zeros = torch.zeros_like(nothing, dtype=torch.long)
    return Prefixes(certain, nothing, zeros + blank, zeros, zeros.unsqueeze(-1).repeat(1, 1, time))


def _step(prefixes: Prefixes, log_p: Tensor, running: Bool[Tensor, " batch"], blank: int) -> Prefixes:
    """The best prefixes one step later; rows that are not running keep theirs in order."""
    repeated = log_p.gather(1, prefixes.last)
    ends_blank = prefixes.total + log_p[:, blank].unsqueeze(1)
    ends_token = prefixes.token + repeated
    grown = prefixes.total.unsqueeze(-1) + log_p.unsqueeze(1)
    # The last token again makes the prefix longer only behind a blank.
    grown.scatter_(2, prefixes.last.unsqueeze(-1), (prefixes.blank + repeated).unsqueeze(-1))
    grown[..., blank] = -torch.inf
    row, child, parent = _families(prefixes)
    token = prefixes.last[row, child]
    ends_token[row, child] = torch.logaddexp(ends_token[row, child], grown[row, parent, token])
    grown[row, parent, token] = -torch.inf
    return _selected(prefixes._replace(blank=ends_blank, token=ends_token), grown, running)


def _families(prefixes: Prefixes) -> tuple[Tensor, Tensor, Tensor]:
    """Row, child and parent of all prefixes that are another one and a token: they can be reached in two ways."""
    lengths, alive = prefixes.lengths, prefixes.total > -torch.inf
    related = (lengths.unsqueeze(2) == lengths.unsqueeze(1) + 1) & alive.unsqueeze(2) & alive.unsqueeze(1)
    row, child, parent = related.nonzero(as_tuple=True)
    tokens = prefixes.tokens[..., : max(_longest(lengths), 1)]
    shortened = tokens.scatter(2, (lengths - 1).clamp(min=0).unsqueeze(-1), 0)
    same = (shortened[row, child] == tokens[row, parent]).all(-1)
    return row[same], child[same], parent[same]


def _selected(prefixes: Prefixes, grown: Tensor, running: Tensor) -> Prefixes:
    """The best of the prefixes as they are and of those with one token more."""
    _, beams, vocabulary = grown.shape
    totals, chosen = torch.cat([prefixes.total, grown.flatten(1)], dim=1).topk(beams)
    chosen = torch.where(running.unsqueeze(1), chosen, torch.arange(beams, device=chosen.device))
    grows, extension = chosen >= beams, chosen - beams
    parent = torch.where(grows, extension.div(vocabulary, rounding_mode="floor"), chosen)
    token = extension % vocabulary
    lengths = prefixes.lengths.gather(1, parent)
    tokens = prefixes.tokens.take_along_dim(parent.unsqueeze(-1), dim=1)
    return Prefixes(
        prefixes.blank.gather(1, parent).masked_fill(grows, -torch.inf),
        torch.where(grows, totals, prefixes.token.gather(1, parent)),
        torch.where(grows, token, prefixes.last.gather(1, parent)),
        lengths + grows,
        # Behind the end of a prefix that stays is a 0 already.
        tokens.scatter(2, lengths.unsqueeze(-1), (token * grows).unsqueeze(-1)),
    )
