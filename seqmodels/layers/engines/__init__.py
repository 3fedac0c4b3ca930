"""Executions of the same equations: `loop` is the specification, the others are faster where they apply."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal, NamedTuple, TypeVar

import torch
from torch import Tensor
from torch._C._functorch import maybe_current_level
from torch.autograd import forward_ad

from seqmodels.cells import Cell, LSTMCell, RNNCell
from seqmodels.freed_memory import is_kept
from seqmodels.layers.engines import derived, fused, gemm, parallel, vendor
from seqmodels.layers.engines.gemm import by_onednn
from seqmodels.layers.engines.native import available
from seqmodels.layers.engines.native import engine as native
from seqmodels.layers.lengths import Lengths, read_lengths
from seqmodels.layers.scan import check_input, scan
from seqmodels.layers.tracing import is_recorded_by_jit, is_recorded_for_elsewhere

S = TypeVar("S")
Engine = Literal["auto", "loop", "fused", "vendor", "parallel", "derived", "native"]
ENGINES: tuple[Engine, ...] = ("auto", "loop", "fused", "vendor", "parallel", "derived", "native")
FAST: dict[Engine, ModuleType] = {
    "fused": fused,
    "vendor": vendor,
    "parallel": parallel,
    "derived": derived,
    "native": native,
}
AT_ONCE: tuple[Engine, ...] = ("fused", "native")
"""Those that find the gates of all steps at once where the outputs are known."""
REASONS: dict[Engine, str] = {
    "fused": "one operator for the whole sequence, with a derivative written by hand",
    "vendor": "torch has a kernel for exactly these equations",
    "parallel": "the recurrence is linear",
    "derived": "a derivative over the whole sequence follows from its step",
    "native": "there is a compiled kernel for exactly these equations",
}

TRANSFORMED = "under transforms of torch.func and in forward mode only single operators have derivatives"
LONG = 100
"""Steps, times rows up to four, from which `fused` makes up for its start where MKL is at home."""

RECORDED = "what is recorded for TorchScript or ONNX holds torch's own operators only"
MIXED = "under autocast only torch's kernels and the loop know which precision each product takes"


class Choice(NamedTuple):
    """The engine that runs a cell, and why."""

    engine: Engine
    reason: str


Circumstances = tuple[torch.Size, torch.dtype, bool, bool, bool, bool]
"""On a CPU: shape, type; whether gradients are recorded, oneDNN is on, kernels are compiled, freed memory is kept."""

FASTEST = {engine: Choice(engine, reason) for engine, reason in REASONS.items()}
"""What `choose` answers where it may choose."""


def choose(  # noqa: PLR0911 (a choice has its reasons)
    cell: Cell[Any], x: Tensor, engine: Engine = "auto", *, ragged: bool = False
) -> Choice:
    """Which engine runs `cell` on `x`, with or without lengths.

    Raises:
        ValueError: no engine of that name, or it cannot run this cell on this input.

    Example:
        >>> import torch
        >>> from seqmodels.cells import ChoGRUCell
        >>> choose(ChoGRUCell(3, 5), torch.randn(2, 7, 3))
        Choice(engine='fused', reason='one operator for the whole sequence, with a derivative written by hand')
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
    if engine == "loop":
        return Choice("loop", "asked for")
    if is_recorded_for_elsewhere():
        return Choice("loop" if ragged or vendor.obstacle(cell, x) else "vendor", RECORDED)
    if _is_transformed():
        if engine == "auto":
            return Choice("loop", TRANSFORMED)
        raise ValueError(f'engine="{engine}" cannot run here: {TRANSFORMED}')
    if engine != "auto":
        if obstacle := FAST[engine].obstacle(cell, x):
            raise ValueError(f'engine="{engine}" cannot run here: {obstacle}')
        return Choice(engine, "asked for")
    if _for_vendor(cell, x, ragged):
        return FASTEST["vendor"]
    obstacle = None
    for candidate in _by_speed(x):
        obstacle = FAST[candidate].obstacle(cell, x)
        if obstacle is None:
            return FASTEST[candidate]
    return Choice("loop", obstacle or MIXED)


def circumstances(x: Tensor) -> Circumstances | None:
    """The choice for a cell is the same as long as these are; None where more is to be asked."""
    if not x.is_cpu or is_recorded_by_jit() or _is_transformed() or torch._C._is_any_autocast_enabled():
        return None
    switches = torch.is_grad_enabled(), torch._C._get_mkldnn_enabled(), available(), is_kept()
    return x.shape, x.dtype, *switches


def run(
    cell: Cell[S],
    x: Tensor,
    state: S | None,
    lengths: Lengths | None,
    engine: Engine = "auto",
    outputs: Tensor | None = None,
) -> tuple[Tensor, S]:
    """`scan` by the chosen engine: the same arguments, the same results.

    `outputs` are those of the same run before: with them an engine that is `AT_ONCE` takes no steps.
    """
    check_input(cell.input_size, x)
    lengths = read_lengths(lengths, x)
    chosen = choose(cell, x, engine, ragged=lengths is not None).engine
    if chosen == "loop":
        return scan(cell, x, state, lengths=lengths)
    known = () if outputs is None or chosen not in AT_ONCE else (outputs,)
    result: tuple[Tensor, S] = FAST[chosen].run(cell, x, state, lengths, *known)
    return result


def _is_transformed() -> bool:
    """Whether a transform of torch.func, or forward-mode differentiation, is under way."""
    return maybe_current_level() is not None or forward_ad._current_level >= 0


def _by_speed(x: Tensor) -> Iterator[Engine]:
    """The engines to try where torch's kernels are not the fastest, the best first.

    Autocast mixes precisions inside of a step, which torch's kernels know how to do, and the loop by itself. What is
    exported shall run where nothing has been compiled. A derivation is not for a single step.
    """
    if torch.is_autocast_enabled(x.device.type):
        return
    yield "parallel"
    if not torch.compiler.is_exporting():
        yield "native"
    yield "fused"
    if torch.compiler.is_compiling() or x.shape[1] > 1:
        yield "derived"


def _for_vendor(cell: Cell[Any], x: Tensor, ragged: bool) -> bool:
    """Where torch's kernels are the fastest: on accelerators, the LSTM, a small short GRU without a derivative."""
    if torch.compiler.is_compiling() or vendor.obstacle(cell, x) is not None:
        return False
    if not x.is_cpu or x.size(1) == 1 or torch.is_autocast_enabled("cpu"):
        return True
    trains = torch.is_grad_enabled() and (x.requires_grad or _is_trained(cell))
    if isinstance(cell, LSTMCell):
        better = native.beats_onednn(cell, x, trains=trains, ragged=ragged)
        return not (better and native.obstacle(cell, x) is None) and vendor.lstm.takes(cell, x)
    if isinstance(cell, RNNCell) or trains or ragged:
        return False
    rows, steps, _ = x.shape
    large = by_onednn(x, rows * 3 * cell.hidden_size * max(cell.input_size, cell.hidden_size))
    long = gemm.MKL_AT_HOME and steps * min(rows, 4) >= LONG
    return not (large or long) and native.obstacle(cell, x) is not None


def _is_trained(cell: Cell[Any]) -> bool:
    """Whether a parameter wants a gradient."""
    return any(p is not None and p.requires_grad for p in cell._parameters.values())
