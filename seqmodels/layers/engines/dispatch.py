"""What torch does between the call of an operation and its kernel."""

import torch

without_autograd = torch._C._AutoDispatchBelowAutograd
"""Within it, operations go past autograd to their kernels, as in the kernel of a custom operator.

Where no gradient is recorded anyway, the way through autograd is a fifth of the cost of a small operation.
"""
