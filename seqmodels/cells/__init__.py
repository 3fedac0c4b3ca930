"""Cells: one documented recurrence per file."""

from seqmodels.cells.base import Cell
from seqmodels.cells.cho_gru import ChoGRUCell
from seqmodels.cells.gru import GRUCell, GRUState
from seqmodels.cells.lstm import LSTMCell, LSTMState
from seqmodels.cells.rnn import RNNCell, RNNState

__all__ = [
    "Cell",
    "ChoGRUCell",
    "GRUCell",
    "GRUState",
    "LSTMCell",
    "LSTMState",
    "RNNCell",
    "RNNState",
]
