"""What the tools need that record a model for elsewhere: torch.jit, torch.fx, ONNX."""

from typing import Any

import torch
from torch import nn
from torch.fx import Proxy


def is_recorded_by_jit() -> bool:
    """Return whether `torch.jit.trace` records the operators, as the older ONNX exporter does."""
    return not torch.compiler.is_compiling() and torch._C._is_tracing()


def is_recorded_for_elsewhere() -> bool:
    """Return whether what is recorded has to run where only torch's own operators are known: TorchScript, ONNX."""
    if torch.compiler.is_compiling():
        return torch.compiler.is_exporting() and _is_for_onnx()
    return torch._C._is_tracing()


def _is_for_onnx() -> bool:
    return torch.onnx.is_in_onnx_export()


# What torch.compiler.assume_constant_result sets; that function imports torch._dynamo, which takes two seconds. Without
# it torch.compiler takes the answer to be no.
_is_for_onnx._dynamo_marked_constant = True  # type: ignore[attr-defined]


def call_as_leaf(module: nn.Module, x: Proxy, *args: Any, **kwargs: Any) -> Any:
    """Record a call of `module` in the graph of `torch.fx`, which looks into any module that is not torch.nn's own.

    Options that are None are left out: the graph calls torch.nn's layer as well, if that takes the module's place.
    """
    tracer: Any = x.tracer
    given = {name: value for name, value in kwargs.items() if value is not None}
    positional = (x, *(arg for arg in args if arg is not None))
    return tracer.create_proxy("call_module", tracer.path_of_module(module), positional, given)
