"""JAX's `lax.scan` over the same equations and the same weights: a contender from another house."""

from importlib import import_module, util
from typing import Any

import numpy
import torch
from torch import Tensor

from seqmodels.benchmark.contenders import cotangent
from seqmodels.benchmark.peers import torch_layer
from seqmodels.benchmark.problems import Problem


def obstacle(problem: Problem) -> str | None:
    """Why JAX does not compete; None if it does."""
    if util.find_spec("jax") is None:
        return "JAX is not installed"
    if not problem.is_plain or problem.dtype != "float32" or problem.device != "cpu":
        return "the lax.scan here is one layer in one direction over full float32 rows on the CPU"
    return None


def lax_scan(problem: Problem) -> "LaxScan":
    """JAX's contender.

    Raises:
        ValueError: it cannot run here.
    """
    reason = obstacle(problem)
    if reason:
        raise ValueError(f"lax.scan cannot run here: {reason}")
    return LaxScan(problem)


class LaxScan:
    """One compiled call: the forward pass or, in training, that and the gradients of everything.

    Args:
        problem: to be solved.
    """

    def __init__(self, problem: Problem) -> None:
        jax: Any = import_module("jax")

        self.training = problem.training
        with jax.default_device(jax.devices("cpu")[0]):
            named = torch_layer(problem).named_parameters()
            parameters = {name: jax.numpy.asarray(p.detach().numpy()) for name, p in named}
            self.leaves = {"x": jax.numpy.asarray(problem.input().detach().numpy()), **parameters}
            outputs = jax.eval_shape(_forward(problem.cell), self.leaves)
            shapes = [torch.empty(output.shape) for output in outputs]
            self.cotangents = tuple(jax.numpy.asarray(cotangent(output).numpy()) for output in shapes)
        self.forward = jax.jit(_forward(problem.cell))
        self.forward_backward = jax.jit(_forward_backward(problem.cell))
        self.wait = jax.block_until_ready

    def __call__(self) -> Any:
        """Solve it, and wait until it is done."""
        if not self.training:
            return self.wait(self.forward(self.leaves))
        return self.wait(self.forward_backward(self.leaves, self.cotangents))

    def results(self) -> dict[str, Tensor]:
        """Outputs, states and gradients, as torch's tensors."""
        outputs, gradients = self() if self.training else (self(), {})
        named = {f"output {place}": output for place, output in enumerate(outputs)}
        named |= {f"gradient of {name}": gradients[name] for name in self.leaves if name in gradients}
        return {name: torch.from_numpy(numpy.array(array)) for name, array in named.items()}

    def release(self) -> None:
        """Nothing is held between calls."""


def _forward_backward(cell: str) -> Any:
    jax: Any = import_module("jax")

    def both(leaves: dict[str, Any], cotangents: tuple[Any, ...]) -> Any:
        outputs, pull_back = jax.vjp(_forward(cell), leaves)
        (gradients,) = pull_back(cotangents)
        return outputs, gradients

    return both


def _forward(cell: str) -> Any:
    """From x and the parameters of torch.nn's layer to its outputs and final states; the input product hoisted."""
    jax: Any = import_module("jax")

    step = {"rnn": _rnn, "lstm": _lstm, "gru": _gru}[cell]

    def forward(leaves: dict[str, Any]) -> tuple[Any, ...]:
        x, W_h, b_h = leaves["x"], leaves["weight_hh_l0"], leaves["bias_hh_l0"]
        drive = x @ leaves["weight_ih_l0"].T + leaves["bias_ih_l0"]
        zero = jax.numpy.zeros((x.shape[1], W_h.shape[1]), x.dtype)
        start = (zero, zero) if cell == "lstm" else (zero,)

        def one(state: tuple[Any, ...], drive_t: Any) -> tuple[tuple[Any, ...], Any]:
            after = step(jax, drive_t, state[0] @ W_h.T + b_h, state)
            return after, after[0]

        last, y = jax.lax.scan(one, start, drive)
        return y, *(part[None] for part in last)

    return forward


def _rnn(jax: Any, drive_t: Any, product: Any, _: tuple[Any, ...]) -> tuple[Any, ...]:
    return (jax.numpy.tanh(drive_t + product),)


def _lstm(jax: Any, drive_t: Any, product: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    i, f, g, o = jax.numpy.split(drive_t + product, 4, axis=-1)
    i, f, g, o = jax.nn.sigmoid(i), jax.nn.sigmoid(f), jax.numpy.tanh(g), jax.nn.sigmoid(o)
    c = f * state[1] + i * g
    return o * jax.numpy.tanh(c), c


def _gru(jax: Any, drive_t: Any, product: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
    x_r, x_z, x_n = jax.numpy.split(drive_t, 3, axis=-1)
    h_r, h_z, h_n = jax.numpy.split(product, 3, axis=-1)
    r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
    n = jax.numpy.tanh(x_n + r * h_n)
    return ((1 - z) * n + z * state[0],)
