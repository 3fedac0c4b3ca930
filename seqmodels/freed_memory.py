"""Memory of freed tensors, kept by the process for the next ones."""

import ctypes
import sys
from threading import Event

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # glibc's numbers of its settings, malloc.h
_kept = Event()


def keep_freed_memory() -> None:
    """Let glibc keep the memory of freed tensors: else it maps and clears that of the large ones anew in each step.

    For the whole process, from the call on and up to 2 GiB; training by `seqmodels train` begins with it. A tensor of
    one size that is made again and again may be mapped up to eight times before its memory serves again, as glibc
    leaves the small rests of aligned blocks between them. On other systems than Linux, or with another allocator,
    nothing happens.
    """
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        _kept.set()


def is_kept() -> bool:
    """Whether the memory of freed tensors is kept."""
    return _kept.is_set()
