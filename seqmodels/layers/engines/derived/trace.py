"""The step of a cell, and its vector-Jacobian product, as one graph of tensor operations over any number of rows."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.fx import Graph, Node
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from seqmodels.cells import Cell
from seqmodels.layers.engines.derived.binding import call_step, named_constants

aten = torch.ops.aten
ROWS = (5, 7)  # two batches: what differs between their graphs is the number of rows


class UnderivableError(ValueError):
    """A step whose backward cannot be derived; the message says why in one clause."""


@dataclass(frozen=True)
class Trace:
    """A step and its vector-Jacobian product.

    Attributes:
        graph: all nodes; a tensor's node has its shape for `ROWS[0]` rows in `meta["shape"]`, and in `meta["rows"]`
            whether the first dimension is the batch.
        batch: the number of rows.
        step_rows: the number of rows of each step of the loop.
        x: the input.
        state: the state before.
        constants: parameters and buffers by name.
        output: what the step puts out.
        after: the state after.
        d_output: incoming gradient of the output; without users where there is no dependence.
        d_after: incoming gradients of the state after.
        d_x: gradient of the input; None if it wants none.
        d_state: gradient of the state before.
        d_constants: gradients of the parameters that want one.
    """

    graph: Graph
    batch: Node
    step_rows: Node
    x: Node
    state: list[Node]
    constants: dict[str, Node]
    output: Node
    after: list[Node]
    d_output: Node
    d_after: list[Node]
    d_x: Node | None
    d_state: list[Node]
    d_constants: dict[str, Node | None]

    @property
    def inputs(self) -> list[Node]:
        """Input, state before, parameters and buffers."""
        return [self.x, *self.state, *self.constants.values()]

    @classmethod
    def of(cls, cell: Cell[Any], x: Tensor, state: Any) -> "Trace":
        """The trace of `cell.project` and `cell.step` for an input (rows, features) and a state like these.

        Raises:
            UnderivableError: the step is not a fixed program of differentiable operations, the same for any batch.
        """
        trace, other = (_record(cell, rows, x, state) for rows in ROWS)
        for node, twin in zip_longest(trace.graph.nodes, other.graph.nodes):
            if node is None or twin is None or node.target != twin.target:
                raise UnderivableError("its operations depend on the number of rows")
            with trace.graph.inserting_before(node):
                arguments = zip_longest(*(pytree.tree_leaves((n.args, n.kwargs)) for n in (node, twin)))
                leaves = [_symbolic(trace, *pair) for pair in arguments]
            structure = pytree.tree_structure((node.args, node.kwargs))
            node.args, node.kwargs = pytree.tree_unflatten(leaves, structure)
            shapes = [n.meta.get("shape", ()) for n in (node, twin)]
            node.meta["rows"] = tuple(shape[:1] for shape in shapes) == ((ROWS[0],), (ROWS[1],))
        _separate_gradients(trace.graph)
        return trace


class _Recorder(TorchDispatchMode):
    """Writes down every operation below autograd."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # else the first trace imports the compiler, which takes a second

    def __init__(self) -> None:
        super().__init__()
        self.graph = Graph()
        self.nodes: dict[int, Node] = {}
        self.kept: list[Tensor] = []

    def placeholder(self, name: str, tensor: Tensor) -> Node:
        return self.name(tensor, self.graph.placeholder(name))

    def name(self, tensor: Tensor, node: Node) -> Node:
        self.kept.append(tensor)
        self.nodes[id(tensor)] = node
        node.meta.setdefault("shape", tuple(tensor.shape))
        node.meta.setdefault("dtype", tensor.dtype)
        return node

    def node(self, tensor: Tensor) -> Node:
        if id(tensor) not in self.nodes:
            raise UnderivableError("it reads a tensor that is neither a parameter nor a buffer")
        return self.nodes[id(tensor)]

    def __torch_dispatch__(
        self, func: OpOverload, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if torch.Tag.data_dependent_output in func.tags or torch.Tag.dynamic_output_shape in func.tags:
            raise UnderivableError("its control flow or its shapes depend on values")
        if torch.Tag.nondeterministic_seeded in func.tags:
            raise UnderivableError("it draws random numbers")
        arguments = pytree.tree_map_only(Tensor, self.node, (args, kwargs or {}))
        result = func(*args, **(kwargs or {}))
        if func is aten.detach.default:
            self.name(result, self.node(args[0]))
            return result
        if func._schema.is_mutable:
            func = _out_of_place(func, arguments[0][0])
        node = self.graph.call_function(func, *arguments)
        if isinstance(result, Tensor):
            self.name(result, node)
        else:
            for i, part in enumerate(result):
                if isinstance(part, Tensor):
                    self.name(part, self.graph.call_function(operator.getitem, (node, i)))
        return result


def _out_of_place(func: OpOverload, changed: Node) -> OpOverload:
    """What an operation in place does, as an operation that leaves its argument as it was."""
    packet = getattr(aten, func.overloadpacket.__name__.removesuffix("_"), None)
    function = getattr(packet, func._overloadname, None)
    if changed.op == "placeholder" or not isinstance(function, OpOverload) or function is func:
        raise UnderivableError(f"it works in place ({func})")
    return function


@torch.inference_mode(False)
@torch.enable_grad()
def _record(cell: Cell[Any], rows: int, x: Tensor, state: Any) -> Trace:
    """The trace for a given number of rows."""
    recorder = _Recorder()
    batch, step_rows = recorder.graph.placeholder("batch"), recorder.graph.placeholder("step_rows")
    constants = {n: c.detach().clone().requires_grad_(c.requires_grad) for n, c in named_constants(cell).items()}
    sample = _sample(rows, x).requires_grad_(x.requires_grad)
    parts, structure = pytree.tree_flatten(state)
    before = [_sample(rows, part).requires_grad_() for part in parts]
    constant_nodes = {n: recorder.placeholder(n.replace(".", "_"), c) for n, c in constants.items()}
    x_node = recorder.placeholder("x", sample)
    state_nodes = [recorder.placeholder(f"state_{k}", part) for k, part in enumerate(before)]
    with recorder:
        y, final = call_step(cell, constants, sample, pytree.tree_unflatten(before, structure))
    after, structure_after = pytree.tree_flatten(final)
    if structure_after != structure or [_kind(a) for a in after] != [_kind(b) for b in before]:
        raise UnderivableError("the state after is not of the kind of the state before")
    if y.shape[:1] != (rows,):
        raise UnderivableError("its output is not one row for each row of the state")
    seeds = [t.detach().clone() for t in (y, *after)]
    d_nodes = [recorder.placeholder(f"d_{k}", seed) for k, seed in enumerate(seeds)]
    learnt = {name: c for name, c in constants.items() if c.requires_grad}
    wanted = [*before, *learnt.values(), *([sample] if x.requires_grad else [])]
    with recorder:
        found = _gradients([y, *after], wanted, seeds)
        found[: len(before)] = [torch.zeros_like(b) if d is None else d for d, b in zip(found, before, strict=False)]
    gradients = [None if g is None else recorder.node(g) for g in found]
    return Trace(
        recorder.graph,
        batch,
        step_rows,
        x_node,
        state_nodes,
        constant_nodes,
        recorder.node(y),
        [recorder.node(a) for a in after],
        d_nodes[0],
        d_nodes[1:],
        gradients[-1] if x.requires_grad else None,
        gradients[: len(before)],  # type: ignore[arg-type]
        dict(zip(learnt, gradients[len(before) :], strict=False)),
    )


def _gradients(outputs: list[Tensor], inputs: list[Tensor], seeds: list[Tensor]) -> list[Tensor | None]:
    pairs = [(output, seed) for output, seed in zip(outputs, seeds, strict=True) if output.requires_grad]
    if not pairs:
        return [None] * len(inputs)
    return list(torch.autograd.grad([o for o, _ in pairs], inputs, [s for _, s in pairs], allow_unused=True))


def _sample(rows: int, like: Tensor) -> Tensor:
    return torch.zeros(rows, *like.shape[1:], dtype=like.dtype, device=like.device)


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tensor.shape, tensor.dtype, tensor.device


def _symbolic(trace: Trace, value: Any, twin: Any) -> Any:
    """A number that differs between the two traces, as a multiple of the number of rows."""
    if isinstance(value, Node) or value == twin or value is twin:
        return value
    if not isinstance(value, int) or value * ROWS[1] != twin * ROWS[0] or value % ROWS[0]:
        raise UnderivableError("its numbers depend on the number of rows")
    times = value // ROWS[0]
    return trace.batch if times == 1 else trace.graph.call_function(operator.mul, (trace.batch, times))


def _separate_gradients(graph: Graph) -> None:
    """Let operations with an output mask compute the gradient of their input apart from those of their weights."""
    for node in list(graph.nodes):
        schema = getattr(node.target, "_schema", None)
        names: Sequence[str] = [a.name for a in schema.arguments] if schema else ()
        if "output_mask" not in names:
            continue
        place = names.index("output_mask")
        for wanted in (lambda i: i == 0, lambda i: i > 0):
            with graph.inserting_after(node):
                mask = [bool(m) and wanted(i) for i, m in enumerate(node.args[place])]
                half = graph.call_function(
                    node.target, (*node.args[:place], mask, *node.args[place + 1 :]), node.kwargs
                )
            half.meta = dict(node.meta)
            for part in list(node.users):
                if wanted(part.args[1]):
                    part.args = (half, part.args[1])
