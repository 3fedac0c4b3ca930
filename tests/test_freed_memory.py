"""Freed memory is kept on request, and what would spare the system does so no more."""

import platform
import subprocess
import sys

import pytest
import torch
from torch import nn

from seqmodels import LSTM, freed_memory

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")

COUNTED = """
import resource, torch
from seqmodels import keep_freed_memory
from seqmodels.freed_memory import is_kept

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(2**25).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def often():  # at least: what else is allocated in between may lie in the way once
    return min(pages() for _ in range(5))

mapped = often()
assert not is_kept()
keep_freed_memory()
assert is_kept()
print(mapped, often())
"""


@glibc
def test_freed_memory_is_mapped_once_and_not_in_each_step() -> None:
    # Where the system has put the heap in front of something else, it cannot grow: then another process is asked.
    for _ in range(4):
        counted = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True).stdout
        mapped, kept = map(int, counted.split())
        assert mapped > 30
        if kept < mapped / 10:
            return
    raise AssertionError(f"{kept} of {mapped} pages were mapped anew in each of four processes")


def test_a_long_lstm_is_cut_only_where_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(nn.LSTM, "forward", lambda *given: (calls.append(0), given[2]))
    layer, x = LSTM(2, 300), torch.zeros(4000, 1, 2)
    layer(x)
    assert calls == []
    freed_memory._kept.set()
    layer(x)  # which torch's layer does best, in one call
    assert calls == [0]
