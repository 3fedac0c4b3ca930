"""A cell over time."""

import pytest
import torch

from seqmodels.cells import GRUCell
from seqmodels.layers import (
    Recurrent,
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
