"""Cells: one documented recurrence per file."""

from seqmodels.cells.base import Cell
from seqmodels.cells.cho_gru import ChoGRUCell
from seqmodels.cells.gru import GRUCell, GRUState
from seqmodels.cells.linear import LinearCell, LinearState
from seqmodels.cells.lstm import LSTMCell, LSTMState
from seqmodels.cells.min_gru import MinGRUCell
from seqmodels.cells.rnn import RNNCell, RNNState

__all__ = [
    "Cell",
    "ChoGRUCell",
    "GRUCell",
    "GRUState",
    "LSTMCell",
    "LSTMState",
    "LinearCell",
    "LinearState",
    "MinGRUCell",
    "RNNCell",
    "RNNState",
]
