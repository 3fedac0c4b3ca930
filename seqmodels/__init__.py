"""Recurrent sequence models whose code is their equations.

`RNN`, `LSTM`, `GRU` and their cells replace torch.nn's, with lengths instead of packing. `seqmodels.cells` holds the
documented recurrences, `seqmodels.layers` runs any of them over time, `load` opens a finished training run.

A name is imported when it is first used: `import seqmodels` alone does not load torch.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seqmodels import cells, layers
    from seqmodels.freed_memory import keep_freed_memory
    from seqmodels.layers.bidirectional import Bidirectional
    from seqmodels.layers.drop_in import GRU, LSTM, RNN
    from seqmodels.layers.drop_in_cells import GRUCell, LSTMCell, RNNCell
    from seqmodels.layers.recurrent import Recurrent
    from seqmodels.layers.scan import scan
    from seqmodels.layers.stack import Stack, recurrent_stack
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
    "cells",
    "keep_freed_memory",
    "layers",
    "load",
    "recurrent_stack",
    "scan",
]

_HOMES = {
    "GRU": "layers.drop_in",
    "LSTM": "layers.drop_in",
    "RNN": "layers.drop_in",
    "Bidirectional": "layers.bidirectional",
    "GRUCell": "layers.drop_in_cells",
    "LSTMCell": "layers.drop_in_cells",
    "RNNCell": "layers.drop_in_cells",
    "Recurrent": "layers.recurrent",
    "Stack": "layers.stack",
    "keep_freed_memory": "freed_memory",
    "load": "runs",
    "recurrent_stack": "layers.stack",
    "scan": "layers.scan",
}
"""Modules that define the public names."""


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in ("cells", "layers"):
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
