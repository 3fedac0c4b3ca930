"""Recurrent networks in NumPy, backpropagation through time by hand: to learn from and to test against."""

from seqmodels.reference.cho_gru import ChoGRU
from seqmodels.reference.gru import GRU
from seqmodels.reference.lstm import LSTM, LSTMState
from seqmodels.reference.recurrence import Recurrence
from seqmodels.reference.rnn import RNN
from seqmodels.reference.sine import SineNetwork, SineResult, sine_windows, train_sine

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "ChoGRU",
    "LSTMState",
    "Recurrence",
    "SineNetwork",
    "SineResult",
    "sine_windows",
    "train_sine",
]
