"""Recurrent sequence models whose code is their equations.

`RNN`, `LSTM`, `GRU` and their cells replace torch.nn's, with lengths instead of packing. `seqmodels.cells` holds the
documented recurrences, `seqmodels.layers` runs any of them over time, `load` opens a finished training run.
"""

from typing import TYPE_CHECKING, Any

from seqmodels.freed_memory import keep_freed_memory
from seqmodels.layers.bidirectional import Bidirectional
from seqmodels.layers.drop_in import GRU, LSTM, RNN
from seqmodels.layers.drop_in_cells import GRUCell, LSTMCell, RNNCell
from seqmodels.layers.recurrent import Recurrent
from seqmodels.layers.scan import scan
from seqmodels.layers.stack import Stack, recurrent_stack

if TYPE_CHECKING:
    from seqmodels.runs import load

__version__ = "0.1.0"

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "Bidirectional",
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "Recurrent",
    "Stack",
    "keep_freed_memory",
    "load",
    "recurrent_stack",
    "scan",
]


def __getattr__(name: str) -> Any:
    # Loading a run needs Lightning; a project that imports a layer should not wait for it.
    if name == "load":
        from seqmodels.runs import load  # noqa: PLC0415

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
