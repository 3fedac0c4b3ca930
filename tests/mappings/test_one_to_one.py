from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqmodels.cells import Cell, GRUCell
from seqmodels.layers import ImageEmbedding, ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import OneToOne
from seqmodels.objectives import Classification
from seqmodels.types import Batch, DataSpec

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
SPEC = DataSpec("values", input_size=4, output_size=3, classes=("a", "b", "c"))


def one_to_one(cell: Callable[[int, int], Cell[Any]], **layers: Any) -> OneToOne:
    stack = recurrent_stack(cell, 4, 5, **layers)
    return OneToOne(ValueEmbedding(4), stack, Head(stack.output_size, 3), Classification(SPEC))


@pytest.mark.usefixtures("_double")
def test_it_is_one_step_of_the_cell_and_the_head(build_cell: Callable[[int, int], Cell[Any]]) -> None:
    mapping = one_to_one(build_cell)
    inputs = torch.randn(7, 1, 4)
    cell = mapping.layers.layers[0].cell  # type: ignore[union-attr, index]
    y, _ = cell(inputs[:, 0])
    expected = y @ mapping.head.linear.weight.T + mapping.head.linear.bias
    torch.testing.assert_close(mapping(inputs, torch.ones(7, dtype=torch.long)), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.usefixtures("_double")
def test_rows_do_not_depend_on_their_batch(build_cell: Callable[[int, int], Cell[Any]]) -> None:
    mapping = one_to_one(build_cell, num_layers=2, bidirectional=True).eval()
    inputs = torch.randn(5, 1, 4)
    together = mapping(inputs, torch.ones(5, dtype=torch.long))
    for row in range(5):
        alone = mapping(inputs[row : row + 1], torch.ones(1, dtype=torch.long))
        torch.testing.assert_close(together[row], alone[0], rtol=1e-12, atol=1e-12)


def test_every_row_has_an_answer_and_a_gradient(build_cell: Callable[[int, int], Cell[Any]]) -> None:
    mapping = one_to_one(build_cell)
    batch = Batch(torch.randn(6, 1, 4), torch.tensor([0, 1, 2, 0, 1, 2]), torch.ones(6, dtype=torch.long))
    output, valid = mapping.respond(batch, "train")
    assert output.shape == (6, 3)
    assert valid.tolist() == [True] * 6
    mapping.objective.loss(output, batch.targets, valid).backward()
    assert mapping.head.linear.weight.grad.any()
    assert mapping.layers.layers[0].cell.weight_ih.grad.any()  # type: ignore[union-attr, index]


def test_reads_pictures() -> None:
    spec = DataSpec("images", input_size=1, output_size=3, classes=("a", "b", "c"), shape=(1, 8, 8))
    embedding = ImageEmbedding(spec.shape, 6)
    stack = recurrent_stack(GRUCell, 6, 5)
    mapping = OneToOne(embedding, stack, Head(5, 3), Classification(spec))
    assert mapping(torch.rand(2, 1, 1, 8, 8), torch.ones(2, dtype=torch.long)).shape == (2, 3)


def test_refuses_more_than_one_step(build_cell: Callable[[int, int], Cell[Any]]) -> None:
    with pytest.raises(ValueError, match=r"^one-to-one reads a single step, got 2: use many-to-one instead$"):
        one_to_one(build_cell)(torch.randn(3, 2, 4), torch.tensor([1, 2, 1]))
