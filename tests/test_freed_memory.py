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
    torch.empty(2**24).fill_(1.0)  # above 32 MiB: up to there glibc learns to keep what is freed
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = [pages() for _ in range(40)]
assert not is_kept()
keep_freed_memory()
assert is_kept()
kept = [pages() for _ in range(40)]
print(min(given_back), max(kept[20:]))
"""


@glibc
def test_freed_memory_is_mapped_in_the_first_steps_and_not_in_each() -> None:
    # The rests of aligned blocks lie between them until glibc's cache of small blocks, seven a size, is full.
    counted = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True).stdout
    mapped, anew = map(int, counted.split())
    assert mapped > 4
    assert anew < mapped / 4


def test_a_long_lstm_is_cut_only_where_memory_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(nn.LSTM, "forward", lambda *given: (calls.append(0), given[2]))
    layer, x = LSTM(2, 300), torch.zeros(4000, 1, 2)
    layer(x)
    assert calls == []
    freed_memory._kept.set()
    layer(x)  # which torch's layer does best, in one call
    assert calls == [0]
