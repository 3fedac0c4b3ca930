# ruff: noqa: ARG005 (equations share one signature)
"""Which equations are derived, and why others cannot be."""

from functools import partial

import pytest
import torch
from torch import nn

from seqmodels.cells import GRUState, LSTMState
from seqmodels.layers.engines import derived
from seqmodels.layers.engines.derived import sequence
from seqmodels.types import map_state
from tests.layers.derivations import Plain, example, outcomes

pytestmark = pytest.mark.usefixtures("_double")

EQUATIONS = {
    "joined": lambda cell, a, h: torch.cat([a, h], dim=1).tanh()[:, ::2] @ cell.weight_hh,
    "normalised": lambda cell, a, h: (a + h @ cell.weight_hh).softmax(-1) - h.mean(-1, keepdim=True),
    "transposed": lambda cell, a, h: (cell.weight_hh @ h.t() + a.t()).tanh().t(),
    "of rank three": lambda cell, a, h: torch.einsum("bi,ij,bj->bj", h, cell.weight_hh, a).tanh(),
    "clamped": lambda cell, a, h: torch.where(a > 0, h.clamp(-0.1, 0.1), a) @ cell.weight_hh,
    "detached": lambda cell, a, h: a + h.detach() @ cell.weight_hh,
    "unchanged": lambda cell, a, h: h,
    "two products": lambda cell, a, h: (a + (h @ cell.weight_hh).relu() @ cell.weight_hh.sigmoid()).sin(),
    "in place": lambda cell, a, h: (a + h @ cell.weight_hh).add_(h).tanh_(),
    "side by side": lambda cell, a, h: torch.cat([h * a, a, h.sin(), a * h], 1)[:, 2:5] @ cell.weight_hh,
    "read again": lambda cell, a, h: a.sigmoid() * h + torch.cat([a.sigmoid(), h], 1)[:, 1:4] @ cell.weight_hh,
    "without state": lambda cell, a, h: a.tanh() @ cell.weight_hh,
}


@pytest.mark.parametrize("equation", EQUATIONS.values(), ids=EQUATIONS)
@pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3]], ids=str)
def test_is_the_loop_for_any_equation(equation, lengths, gradients):
    cell, x, state = example(partial(Plain, equation=equation))
    cell = Plain(2, 4, equation) if "joined" in EQUATIONS and equation is EQUATIONS["joined"] else cell
    state = map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))
    assert derived.obstacle(cell, x) is None
    for pair in outcomes(cell, x, state, lengths, gradients):
        torch.testing.assert_close(*pair, rtol=1e-10, atol=1e-10)


class Two(Plain):
    """A cell with two states."""

    def step(self, drive_t, state):
        h, c = self.equation(self, drive_t, state.h, state.c)
        return h, LSTMState(h, c)

    def initial_state(self, like):
        return LSTMState(*like.new_zeros(2, like.shape[0], self.hidden_size))


def one_state_twice(cell, a, h, c):
    new = (a + h @ cell.weight_hh + c).tanh()
    return new, new


def two_halves(cell, a, h, c):
    both = torch.cat([a, h @ cell.weight_hh], 1) * torch.cat([c, h], 1).sigmoid()
    return both.chunk(2, 1)


TWO_STATES = {
    "exchanged": lambda cell, a, h, c: (c + a, h),
    "one state twice": one_state_twice,
    "two halves": two_halves,
    "one of them kept": lambda cell, a, h, c: ((a + h @ cell.weight_hh).tanh() * c, c),
    "views": lambda cell, a, h, c: ((a * c + h).view(-1, 3), (h * a).t().t()),
}


@pytest.mark.parametrize("equation", TWO_STATES.values(), ids=TWO_STATES)
@pytest.mark.parametrize("lengths", [None, [2, 5, 0, 3]], ids=str)
@pytest.mark.parametrize("chunk", [10, 10**6])
def test_states_may_share_memory(equation, lengths, chunk, gradients, monkeypatch):
    monkeypatch.setattr(sequence, "CHUNK", chunk)
    cell, x, state = example(partial(Two, equation=equation))
    assert derived.obstacle(cell, x) is None
    for pair in outcomes(cell, x, state, lengths, gradients):
        torch.testing.assert_close(*pair, rtol=1e-10, atol=1e-10)


def in_place(cell, a, h):
    cell.weight_hh.detach().add_(1)
    return a + h


def by_value(cell, a, h):
    return a if h.sum() > 0 else a + h


ELSEWHERE = torch.ones(3, dtype=torch.float64)
UNDERIVABLE = {
    "statistics of the batch": (lambda cell, a, h: a + h - h.mean(0), "its rows may not be independent"),
    "a share of the batch": (lambda cell, a, h: (a + h) / h.shape[0], "its rows may not be independent"),
    "dropout": (lambda cell, a, h: nn.functional.dropout(a + h), "it draws random numbers"),
    "control flow on values": (by_value, "its control flow or its shapes depend on values"),
    "in place": (in_place, "it works in place"),
    "a tensor from elsewhere": (lambda cell, a, h: a + h * ELSEWHERE, "neither a parameter nor a buffer"),
    "another kind of state": (lambda cell, a, h: (a + h).float(), "not of the kind of the state before"),
}


@pytest.mark.parametrize(("equation", "reason"), UNDERIVABLE.values(), ids=UNDERIVABLE)
def test_says_what_cannot_be_derived(equation, reason):
    obstacle = derived.obstacle(Plain(2, 3, equation), torch.randn(4, 5, 2))
    assert obstacle is not None
    assert reason in obstacle
    assert "\n" not in obstacle


def test_a_state_that_counts_is_for_the_loop():
    class Counting(Plain):
        def initial_state(self, like):
            return GRUState(torch.zeros(like.shape[0], 1, dtype=torch.int64))

    message = "nothing can be derived from Counting: its state is not made of floating point tensors"
    assert derived.obstacle(Counting(2, 3), torch.randn(4, 5, 2)) == message
