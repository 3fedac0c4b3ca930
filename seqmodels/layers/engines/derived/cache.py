"""Programs, derived once for each kind of cell and input, and checked against the loop before they are used."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from seqmodels.cells import Cell
from seqmodels.layers.engines.derived.binding import call_scan, named_constants
from seqmodels.layers.engines.derived.function import Unrolled
from seqmodels.layers.engines.derived.program import Program
from seqmodels.layers.engines.derived.trace import Trace, UnderivableError
from seqmodels.layers.engines.packing import Packing

LIMIT = 64
_programs: dict[Any, Program | UnderivableError] = {}
_OF_EVERY_MODULE = vars(nn.Module()).keys() - {"training"}


def program_of(cell: Cell[Any], x: Tensor, state: Any) -> Program:
    """The program of a cell for an input (batch, time, features) and a state like these.

    Raises:
        UnderivableError: there is none, or it does not compute what the loop computes.
    """
    key = _key(cell, x, state)
    if key not in _programs:
        if len(_programs) == LIMIT:
            del _programs[next(iter(_programs))]
        try:
            _programs[key] = _derive(cell, x, state)
        except UnderivableError as reason:
            _programs[key] = reason
    program = _programs[key]
    if isinstance(program, UnderivableError):
        raise UnderivableError(str(program))
    return program


def _key(cell: Cell[Any], x: Tensor, state: Any) -> Any:
    """All that a trace depends on: code, settings, shapes; not the values of parameters."""
    settings = tuple(
        (name, type(module), _frozen({k: v for k, v in vars(module).items() if k not in _OF_EVERY_MODULE}))
        for name, module in cell.named_modules()
    )
    parts, structure = pytree.tree_flatten(state)
    if not parts or not all(isinstance(part, Tensor) and part.is_floating_point() for part in parts):
        raise UnderivableError("its state is not made of floating point tensors")
    constants = tuple((name, *_kind(c), c.requires_grad) for name, c in named_constants(cell).items())
    code = (type(cell).project, type(cell).step)
    return code, settings, constants, _kind(x[0]), x.requires_grad, str(structure), tuple(_kind(p[0]) for p in parts)


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.dtype, tensor.device


def _frozen(value: Any) -> Any:
    """A value that can be a key, equal only to values of the same type."""
    if isinstance(value, dict):
        return tuple((key, _frozen(part)) for key, part in value.items())
    if isinstance(value, list | tuple):
        return (type(value), *map(_frozen, value))
    if getattr(type(value), "__hash__", None) is None:
        raise UnderivableError(f"a {type(value).__name__} among its settings may change unseen")
    return type(value), value


@torch.inference_mode(False)
@torch.enable_grad()
def _derive(cell: Cell[Any], x: Tensor, state: Any) -> Program:
    try:
        trace = Trace.of(cell, x[:, 0].detach().requires_grad_(x.requires_grad), state)
    except (RuntimeError, TypeError, AttributeError, LookupError) as error:
        raise UnderivableError(f"its trace fails: {str(error).splitlines()[0]}") from error
    program = Program(trace)
    derived, expected = _trial(cell, program, x, state)
    tolerance = torch.finfo(x.dtype).eps ** 0.5
    for a, b in zip(derived, expected, strict=True):
        if not (a - b).norm() <= tolerance * (1 + b.norm()):
            raise UnderivableError("its results differ from the loop's: its rows may not be independent")
    return program


def _trial(cell: Cell[Any], program: Program, x: Tensor, state: Any) -> tuple[list[Tensor], list[Tensor]]:
    """Results and gradients of the program and of the loop on a few small numbers."""
    generator = torch.Generator(x.device).manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=x.dtype, device=x.device)

    lengths = torch.tensor([2, 3, 1])
    sample = draw(3, 3, x.shape[2]).requires_grad_(x.requires_grad)
    parts, structure = pytree.tree_flatten(state)
    before = [draw(3, *part.shape[1:]).to(part.dtype).requires_grad_() for part in parts]
    constants = {
        name: (c.detach() + 0.1 * draw(*c.shape).to(c.dtype)).requires_grad_(c.requires_grad)
        if c.is_floating_point()
        else c.detach()
        for name, c in named_constants(cell).items()
    }
    start = pytree.tree_unflatten(before, structure)
    wanted = [t for t in (sample, *before, *constants.values()) if t.requires_grad]
    outcomes = [
        unroll(program, cell, sample, start, list(constants.values()), lengths),
        call_scan(cell, constants, sample, start, lengths),
    ]
    results = [pytree.tree_leaves(outcome) for outcome in outcomes]
    weights = [draw(*t.shape).to(t.dtype) for t in results[0]]
    return tuple(  # type: ignore[return-value]
        [*(t.detach() for t in r), *torch.autograd.grad(r, wanted, weights, allow_unused=True, materialize_grads=True)]
        for r in results
    )


def unroll(
    program: Program, cell: Cell[Any], x: Tensor, state: Any, constants: list[Tensor], lengths: Tensor | None
) -> tuple[Tensor, Any]:
    """Outputs and final state by a program."""
    packing = Packing.of(x, lengths)
    parts, structure = pytree.tree_flatten(packing.sort(state))
    y, *final = Unrolled.apply(program, cell, packing.rows, structure, packing.pack(x), *parts, *constants)
    return packing.unpack(y), packing.unsort(pytree.tree_unflatten(final, structure))
