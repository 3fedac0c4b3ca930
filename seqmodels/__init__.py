"""Recurrent sequence models whose code is their equations.

`RNN`, `LSTM`, `GRU` and their cells replace torch.nn's, with lengths instead of packing. `seqmodels.cells` holds the
documented recurrences, `seqmodels.layers` runs any of them over time, `load` opens a finished training run.

A name is imported when it is first used, as `__init__.pyi` says: `import seqmodels` alone does not load torch.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
