"""How parameters start."""

import math

import pytest
import torch

from seqmodels.cells import LSTMCell, init

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
