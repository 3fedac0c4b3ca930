"""How parameters start."""

import math
import re
from typing import ClassVar

import pytest
import torch

from seqmodels.benchmark.user_cells import LayerNormLSTMCell, PeepholeLSTMCell
from seqmodels.cells import Cell, LSTMCell, LSTMState, init
from seqmodels.layers import Recurrent

pytestmark = pytest.mark.usefixtures("_double")


def is_orthogonal(block):
    tall = block if block.shape[0] >= block.shape[1] else block.T
    return torch.allclose(tall.T @ tall, torch.eye(tall.shape[1]))


def test_orthogonal_makes_each_gates_recurrent_block_orthogonal(build_cell):
    cell = build_cell(3, 6)
    if not hasattr(cell, "weight_hh"):
        pytest.skip("a linear recurrence has no recurrent weight")
    init.orthogonal(cell)
    blocks = cell.weight_hh.chunk(len(cell.gates))
    assert all(is_orthogonal(block) for block in blocks)
    assert all(not torch.equal(blocks[0], other) for other in blocks[1:])


def test_orthogonal_makes_each_gates_input_block_glorot_uniform(build_cell):
    cell = build_cell(3, 6)
    init.orthogonal(cell)
    limit = math.sqrt(6 / (3 + 6))
    for block in cell.weight_ih.chunk(len(cell.gates)):
        assert 0.6 * limit < block.abs().max() <= limit


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, -2.5])
def test_orthogonal_opens_the_forget_gate_and_nothing_else(build_cell, forget_bias):
    cell = build_cell(3, 6)
    init.orthogonal(cell, forget_bias=forget_bias)
    biases = [parameter for parameter in (cell.bias_ih, getattr(cell, "bias_hh", None)) if parameter is not None]
    total = sum(biases, torch.zeros(len(cell.gates) * 6))
    for gate, block in zip(cell.gates, total.chunk(len(cell.gates)), strict=True):
        expected = forget_bias if gate == "f" and biases else 0.0
        assert block.tolist() == [expected] * 6


@pytest.mark.parametrize(
    "proj_size",
    [
        3,
        4,
    ],
)
def test_orthogonal_takes_a_projection_as_one_block(proj_size):
    cell = LSTMCell(3, 6, proj_size=proj_size)
    init.orthogonal(cell)
    assert is_orthogonal(cell.weight_hr)


def test_orthogonal_leaves_the_parameters_trainable(build_cell):
    cell = build_cell(3, 6)
    before = [id(parameter) for parameter in cell.parameters()]
    init.orthogonal(cell)
    assert [id(parameter) for parameter in cell.parameters()] == before
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in cell.parameters())


def test_uniform_is_what_a_cell_is_built_with(build_cell):
    torch.manual_seed(1)
    built = build_cell(3, 6)
    init.orthogonal(other := build_cell(3, 6))
    torch.manual_seed(1)
    init.uniform(other)
    torch.testing.assert_close(other.state_dict(), built.state_dict(), rtol=0, atol=0)


class Wrapped(Cell[LSTMState]):
    """A cell around another, with a gain of its own."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        self.inner, self.gain = LSTMCell(input_size, hidden_size), torch.nn.Parameter(torch.ones(hidden_size))
        self.readout = torch.nn.Linear(hidden_size, hidden_size)

    def project(self, x):
        return self.inner.project(x)

    def step(self, drive_t, state):
        h, state = self.inner.step(drive_t, state)
        return self.gain * h, state

    def initial_state(self, like):
        return self.inner.initial_state(like)


class Named(LSTMCell):
    """A cell that says itself what its parameters are."""

    roles: ClassVar = {**LSTMCell.roles, "mixing": "recurrent", "weight_hh": "input", "weight_ih": "recurrent"}

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)
        self.mixing = torch.nn.Parameter(torch.randn(4 * hidden_size, hidden_size))


starts = pytest.mark.parametrize("start", [init.orthogonal, init.uniform])


@starts
@pytest.mark.parametrize(
    ("build", "left"),
    [
        (LayerNormLSTMCell, r"norm_\w\.(weight|bias)"),
        (PeepholeLSTMCell, r"peephole_\w"),
        (Wrapped, r"gain|readout\.(weight|bias)"),
    ],
)
def test_only_what_is_known_is_changed(start, build, left):
    cell = build(3, 6)
    before = {name: parameter.detach().clone() for name, parameter in cell.named_parameters()}
    start(cell)
    same = {name for name, parameter in cell.named_parameters() if torch.equal(parameter, before[name])}
    assert same == {name for name in before if re.fullmatch(left, name)}
    y, _ = Recurrent(cell)(torch.randn(2, 5, 3))
    assert y.abs().max() > 1e-3
    y.sum().backward()
    trained = {name for name, parameter in cell.named_parameters() if parameter.grad is not None}
    assert all(parameter.grad.any() for name, parameter in cell.named_parameters() if name in trained)


def test_orthogonal_starts_the_cells_of_a_cell():
    cell = Wrapped(3, 6)
    init.orthogonal(cell, forget_bias=2.0)
    assert all(is_orthogonal(block) for block in cell.inner.weight_hh.chunk(4))
    assert cell.inner.bias_ih[6:12].tolist() == [2.0] * 6
    assert cell.inner.bias_hh.tolist() == [0.0] * 24


def test_a_cell_says_what_its_parameters_are():
    cell = Named(3, 6)
    init.orthogonal(cell)
    assert all(is_orthogonal(block) for weight in (cell.mixing, cell.weight_ih) for block in weight.chunk(4))
    assert not any(is_orthogonal(block) for block in cell.weight_hh.chunk(4))
    assert cell.role("weight_hr") == "projection"
    assert cell.role("gain") is None
