"""What the rooms hand to each other."""

from typing import NamedTuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqmodels.cells import GRUState, LSTMState
from seqmodels.types import DataSpec, map_state, valid_steps


class Nested(NamedTuple):
    inner: LSTMState
    mask: Tensor


def nested(value):
    return Nested(LSTMState(torch.full((2, 3), value), torch.full((2, 3), 2 * value)), torch.full((2,), 3 * value))


def test_map_state_reaches_every_tensor_and_keeps_the_structure():
    mapped = map_state(lambda tensor: tensor + 1, nested(1.0))
    assert isinstance(mapped, Nested)
    assert isinstance(mapped.inner, LSTMState)
    assert [part.flatten()[0].item() for part in (mapped.inner.h, mapped.inner.c, mapped.mask)] == [2, 3, 4]


def test_map_state_walks_several_states_together():
    mapped = map_state(lambda a, b, c: a + 10 * b + 100 * c, nested(1.0), nested(2.0), nested(3.0))
    assert mapped.mask.tolist() == [963.0, 963.0]
    assert mapped.inner.h[0, 0] == 321


def test_map_state_takes_plain_tuples_and_single_tensors():
    mapped = map_state(torch.neg, (torch.ones(1), GRUState(torch.ones(1, 2))))
    assert type(mapped) is tuple
    assert isinstance(mapped[1], GRUState)
    assert mapped[1].h.tolist() == [[-1.0, -1.0]]
    assert map_state(torch.neg, torch.ones(1)).item() == -1


def test_map_state_refuses_states_of_different_structure():
    with pytest.raises(ValueError, match="zip"):
        map_state(torch.add, (torch.ones(1), torch.ones(1)), (torch.ones(1),))


@pytest.mark.parametrize("state", [None, [torch.ones(1)], {"h": torch.ones(1)}])
def test_map_state_refuses_what_is_no_state(state):
    name = type(state).__name__
    with pytest.raises(TypeError, match=rf"^a state is a tensor or a tuple of states, not {name}$"):
        map_state(torch.neg, state)


@given(st.lists(st.integers(0, 5), max_size=4), st.integers(0, 5))
def test_valid_steps_counts_from_the_start(lengths, time):
    valid = valid_steps(torch.tensor(lengths, dtype=torch.int64), time)
    assert valid.dtype == torch.bool
    assert valid.tolist() == [[step < length for step in range(time)] for length in lengths]


def test_a_data_spec_survives_as_plain_values():
    spec = DataSpec("values", 3, 1, classes=("a", "b"), mean=(1.5,), std=(0.5,), columns=("x", "y", "z"))
    plain = spec.to_dict()
    assert all(not isinstance(value, tuple) for value in plain.values())
    assert DataSpec.from_dict(plain) == spec
