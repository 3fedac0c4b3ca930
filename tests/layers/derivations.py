"""What the tests of the engine `derived` compare, and cells whose step is given."""

import torch

from seqmodels.cells import Cell, RNNState
from seqmodels.layers.engines import derived
from seqmodels.layers.scan import scan
from seqmodels.types import map_state


class Plain(Cell[RNNState]):
    """A cell whose step is given."""

    def __init__(self, input_size, hidden_size, equation=lambda cell, a, h: (a + h @ cell.weight_hh).tanh()):
        super().__init__()
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, hidden_size
        shapes = {"weight_ih": (input_size, hidden_size), "weight_hh": (hidden_size, hidden_size)}
        self.allocate(shapes, None, None)
        self.equation = equation

    def project(self, x):
        return x @ self.weight_ih

    def step(self, drive_t, state):
        h = self.equation(self, drive_t, state.h)
        return h, RNNState(h)

    def initial_state(self, like):
        return RNNState(like.new_zeros(like.shape[0], self.hidden_size))


def outcomes(cell, x, state, lengths, gradients):
    """Results and gradients of the engine and of the loop."""
    lengths = None if lengths is None else torch.tensor(lengths)
    inputs = [t for t in (x, *(state or ()), *cell.parameters()) if t.requires_grad]
    results = [derived.run(cell, x, state, lengths), scan(cell, x, state, lengths=lengths)]
    return results, [gradients(result, inputs) for result in results]


def example(build, batch=4, time=5, **kind):
    cell = build(2, 3).to(**kind)
    x = torch.randn(batch, time, 2, requires_grad=True, **kind)
    return cell, x, map_state(lambda part: torch.randn_like(part).requires_grad_(), cell.initial_state(x))
