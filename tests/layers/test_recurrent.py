"""A cell over time."""

import re

import pytest
import torch
from torch import nn

from seqmodels.cells import GRUCell
from seqmodels.layers import (
    Recurrent,
    recurrent_stack,
    scan,
)

pytestmark = pytest.mark.usefixtures("_double")
LENGTHS = torch.tensor([5, 0, 3, 1])


def test_recurrent_is_the_scan_of_its_cell(build_cell):
    layer, x = Recurrent(build_cell(2, 3)), torch.randn(4, 5, 2)
    torch.testing.assert_close(layer(x, lengths=LENGTHS), scan(layer.cell, x, lengths=LENGTHS))
    assert (layer.input_size, layer.output_size) == (2, layer.cell.output_size)


def test_recurrent_summary_is_the_final_output(build_cell):
    layer, x = Recurrent(build_cell(2, 3)), torch.randn(4, 5, 2)
    y, last = layer(x, lengths=LENGTHS)
    torch.testing.assert_close(layer.summary(y, LENGTHS), last.h, rtol=0, atol=0)


def test_lengths_change_the_choice():
    layer, x = Recurrent(GRUCell(2, 3)), torch.randn(4, 5, 2)
    with torch.no_grad():
        assert layer.explain_engine(x)[0].engine == "vendor"
        assert layer.explain_engine(x, lengths=LENGTHS)[0].engine == "fused"


class Unsized(GRUCell):
    """A cell that forgets its sizes."""

    def __init__(self):
        super().__init__(2, 3)
        del self.hidden_size, self.input_size


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (GRUCell, "expected a cell, such as GRUCell(input_size, hidden_size), got the class GRUCell"),
        (nn.GRUCell(2, 3), "expected a cell, derived from seqmodels.cells.Cell, got GRUCell"),
        ("gru", "expected a cell, derived from seqmodels.cells.Cell, got str"),
        (
            Unsized(),
            "expected a cell with input_size, hidden_size and output_size, "
            "got Unsized without input_size and hidden_size: set them in its constructor",
        ),
    ],
)
def test_what_is_no_cell_is_named(cell, message):
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Recurrent(cell)


@pytest.mark.usefixtures("_unannotated")
@pytest.mark.parametrize(("cell", "given"), [("lstm", "'lstm'"), (GRUCell(2, 3), "a GRUCell"), (None, "a NoneType")])
def test_what_builds_no_cell_is_named(cell, given):
    message = f"expected a class of cells, such as seqmodels.cells.LSTMCell, got {given}"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        recurrent_stack(cell, 2, 3)
