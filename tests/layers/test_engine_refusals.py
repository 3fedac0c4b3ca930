"""What an engine cannot run it refuses in one line."""

import re

import pytest
import torch

from seqmodels.cells import ChoGRUCell, GRUCell, LSTMCell, MinGRUCell, RNNCell
from seqmodels.layers import Recurrent
from seqmodels.layers.engines import choose, run
from tests.layers.executions import CELLS, RUNS, every_pair, example, widest

pytestmark = [
    pytest.mark.usefixtures("_compiled"),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]


@pytest.mark.parametrize("engine", RUNS)
@pytest.mark.parametrize("name", CELLS)
def test_runs_these_cells_and_refuses_the_others(engine, name):
    cell, x, _ = example(name, widest(engine))
    if name in RUNS[engine]:
        assert choose(cell, x, engine) == (engine, "asked for")
    else:
        with pytest.raises(ValueError, match=f'^engine="{engine}" cannot run here: '):
            run(cell, x, None, None, engine)


REFUSED = {
    "vendor, another cell": (ChoGRUCell(2, 3), "vendor", "torch has no kernel for ChoGRUCell"),
    "vendor, another nonlinearity": (
        RNNCell(2, 3, nonlinearity=torch.sin),
        "vendor",
        "torch has a kernel for tanh and relu only",
    ),
    "fused, another cell": (MinGRUCell(2, 3), "fused", "there is no hand-written derivative for MinGRUCell"),
    "fused, another nonlinearity": (
        RNNCell(2, 3, nonlinearity=torch.sin),
        "fused",
        "there is a hand-written derivative for tanh and relu only",
    ),
    "parallel": (GRUCell(2, 3), "parallel", "GRUCell is not a LinearCell"),
    "native, another cell": (ChoGRUCell(2, 3), "native", "there is no compiled kernel for ChoGRUCell"),
    "native, a projection": (
        LSTMCell(2, 3, proj_size=1),
        "native",
        "there is no compiled kernel for LSTMCell with a projection",
    ),
    "native, another type": (
        GRUCell(2, 3).double(),
        "native",
        "the compiled kernels take float32 on a CPU, got torch.float64 on cpu",
    ),
    "native, not built": (
        GRUCell(2, 3),
        "native",
        "the kernels have not been compiled: seqmodels build-native",
    ),
}


@pytest.mark.parametrize(("cell", "by", "reason"), REFUSED.values(), ids=REFUSED)
def test_says_why_it_refuses(cell, by, reason):
    message = f'engine="{by}" cannot run here: {reason}'
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        run(cell, torch.randn(4, 5, 2, dtype=cell.weight_ih.dtype), None, None, by)


@pytest.mark.usefixtures("_unannotated")
def test_refuses_an_unknown_engine():
    message = "engine must be one of auto, loop, fused, vendor, parallel, derived, native, got 'cudnn'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        choose(LSTMCell(2, 3), torch.randn(4, 5, 2), "cudnn")
    with pytest.raises(ValueError, match=f"^{message}$"):
        Recurrent(LSTMCell(2, 3), "cudnn")


@every_pair
@pytest.mark.usefixtures("_unannotated")
def test_refuses_what_does_not_fit(engine, name):
    cell, x, _ = example(name, widest(engine))
    for lengths in ([6, 1, 1, 1], [3, -1, 1, 1]):
        with pytest.raises(
            ValueError, match=f"^lengths must lie between 0 and 5, got {min(lengths)} to {max(lengths)}$"
        ):
            run(cell, x, None, torch.tensor(lengths), engine)
    with pytest.raises(ValueError, match=r"^expected one integer length for each of 4 rows"):
        run(cell, x, None, torch.tensor([1, 2]), engine)
    if engine != "derived":  # which has tried to trace the cell over this input before
        with pytest.raises(ValueError, match=r"^expected an input of shape \(batch, time, 2\), got \(4, 5, 3\)$"):
            run(cell, torch.randn(4, 5, 3, dtype=x.dtype), None, None, engine)
