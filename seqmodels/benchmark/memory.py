"""Peak memory of a call, from the allocator's own record."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import torch
from torch.autograd.profiler import profile


def peak_bytes(run: Callable[[], Any], device: str = "cpu") -> int:
    """The most that `run` holds at once, above what is held when it starts.

    On a CPU every allocation and release is counted, those inside custom operators and in the backward pass too;
    scratch memory that a library takes behind torch's allocator is not.

    Example:
        >>> peak_bytes(lambda: torch.ones(1000, dtype=torch.float64))
        8000
    """
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        return torch.cuda.max_memory_allocated() - before
    with profile(profile_memory=True) as record:
        run()
    events = record.kineto_results.events()
    memory = sorted(
        (event.start_ns(), place, event.nbytes()) for place, event in enumerate(events) if event.name() == "[memory]"
    )
    return max(accumulate(nbytes for _, _, nbytes in memory), default=0)
