"""What runs before, within and after the two loops over time, cut out of a trace."""

import math
from collections.abc import Callable, Iterable

from torch.fx import Node

from seqmodels.layers.engines.derived.folding import Forms, shape
from seqmodels.layers.engines.derived.operations import joined
from seqmodels.layers.engines.derived.products import apply, dependents, improve_products, multiply
from seqmodels.layers.engines.derived.reverse import reverse_step
from seqmodels.layers.engines.derived.sections import Draft, extract, is_tensor
from seqmodels.layers.engines.derived.trace import Trace, aten

DEAR = {
    multiply,
    apply,
    aten.mm.default,
    aten.addmm.default,
    aten.bmm.default,
    aten.baddbmm.default,
    aten.tanh.default,
    aten.sigmoid.default,
}
"""Operations whose results are kept for the backward pass; all others are done again."""


class Program:
    """The sections of a trace.

    Attributes:
        constants: functions of the parameters alone that the way forward reads; once per call.
        constants_back: those that the way back reads.
        ahead: what the step makes of the drive alone; all steps at once.
        step: the rest of the step; in the loop.
        plain_step: the same where no gradient is asked for.
        factors: all that the backward pass needs and no incoming gradient enters; many steps at once.
        reverse: from the gradients of the state after to those of the state before; in the reversed loop.
        collect: the gradients of drive and parameters; many steps at once.
        kept: those outputs of `ahead` that the backward pass reads.
        pieces: gradients that lie side by side in another one, and where they begin.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        improve_products(trace)
        self.forms = Forms(trace)
        seeds = [trace.d_output, *trace.d_after]
        self.rows = dependents(trace.graph, [trace.batch, trace.x, *trace.state, *seeds])
        self.moving = dependents(trace.graph, [*trace.state, *seeds])

        back = reverse_step(trace, self.forms, self.is_factor)
        self.pieces = _pieces(n for n in back.made if n in self.forms)
        collect = self._collect({*back.made, *self.pieces})
        factors = self._factors([*back.inputs, *collect.inputs])
        reads = dict.fromkeys([*factors.inputs, *back.inputs, *collect.inputs])
        read = [n for n in reads if n not in factors.wanted]
        dear = [n for n in read if n.target in DEAR and n in self.moving and n not in self.forms]
        step, plain_step = self._step(dear), self._step([])
        ahead = self._made_for(
            [*step.inputs, *read], lambda n: n in self.rows and n not in self.moving and is_tensor(n)
        )
        constants = self._made_for([*ahead.inputs, *step.inputs, *plain_step.inputs], self.is_constant)
        constants_back = self._made_for(list(reads), self.is_constant)

        self.factors, self.collect = factors.close(factors.wanted), collect.close(collect.wanted)
        self.ahead, self.constants = ahead.close(ahead.wanted), constants.close(constants.wanted)
        self.constants_back = constants_back.close(constants_back.wanted)
        self.kept = [n for n in self.ahead.outputs if n in read]
        after, stores = trace.after, list(dict.fromkeys([trace.output, *trace.after]))
        spent = self.ahead.fresh.difference(read)
        dear = [n for n in dear if n not in stores]
        self.step = step.close_step(after, stores=stores, kept=dear, spent=spent)
        self.plain_step = plain_step.close_step(after, stores=stores, spent=self.ahead.fresh)
        stored = (self.pieces[n][0] if n in self.pieces else n for n in collect.inputs if n in self.forms)
        self.reverse = back.close_step(
            trace.d_state,
            carried=trace.d_after,
            kept=[n for n in dict.fromkeys(stored) if n is not trace.d_output],
            spent=self.factors.fresh.difference(collect.inputs),
        )

        self.width = max(1, *(math.prod(shape(n)[1:]) for n in (*self.factors.outputs, trace.x) if n.meta["rows"]))

    def is_constant(self, node: Node) -> bool:
        """Whether a node is a tensor that depends on parameters alone."""
        return is_tensor(node) and node not in self.rows

    def is_factor(self, node: Node) -> bool:
        """Whether a node is a tensor that no incoming gradient enters, constant or with one row for each row."""
        return is_tensor(node) and node not in self.forms and (node not in self.rows or node.meta["rows"])

    def _collect(self, kept: set[Node]) -> Draft:
        trace = self.trace
        outputs = [n for n in (trace.d_x, *trace.d_constants.values()) if n is not None]
        kept = {n for n in kept if n.meta.get("rows")} | {trace.batch, trace.d_output}
        return extract(outputs, lambda n: n in kept or (is_tensor(n) and n not in self.forms))

    def _factors(self, read: list[Node]) -> Draft:
        trace = self.trace
        given = {trace.batch, trace.x, *trace.state, *trace.after, trace.output}

        def stored(node: Node) -> bool:
            return node in given or self.is_constant(node) or (node.target in DEAR and self.is_factor(node))

        return extract(dict.fromkeys(n for n in read if n not in self.forms and not stored(n)), stored)

    def _step(self, dear: list[Node]) -> Draft:
        trace = self.trace
        return extract(
            [trace.output, *trace.after, *dear],
            lambda n: n in trace.state or n is trace.batch or (n not in self.moving and self.is_factor(n)),
            leading=[trace.batch, *trace.state],
        )

    def _made_for(self, nodes: list[Node], kind: Callable[[Node], bool]) -> Draft:
        """What computes those of a kind."""
        wanted = dict.fromkeys(n for n in nodes if n.op != "placeholder" and kind(n))
        return extract(wanted, lambda n: n.op == "placeholder" or (self.is_constant(n) and not kind(n)))


def _pieces(gradients: Iterable[Node]) -> dict[Node, tuple[Node, int]]:
    """What was joined along the features, each with the whole and the place in it."""
    pieces: dict[Node, tuple[Node, int]] = {}
    for whole in gradients:
        if whole.target is not aten.cat.default or joined(whole)[1] not in (1, -1) or not whole.meta["rows"]:
            continue
        start = 0
        for piece in joined(whole)[0]:
            pieces.setdefault(piece, (whole, start))
            start += shape(piece)[1]
    return pieces
