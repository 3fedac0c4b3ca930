"""Classes of one's own, as a project that uses seqmodels would define them."""

from functools import partial
from subprocess import Popen  # noqa: F401 (defined elsewhere: not trusted with this module)
from typing import Any

import torch
from torch import Tensor

from seqmodels.cells import LSTMCell
from seqmodels.data.text.raw_text import Words
from seqmodels.objectives import Classification
from seqmodels.types import DataSpec

calls: list[str] = []


class SlowCell(LSTMCell):
    """A cell of one's own, that hands further arguments on."""

    def __init__(self, input_size: int, hidden_size: int, *, slowness: float = 1.0, **others: Any) -> None:
        super().__init__(input_size, hidden_size, **others)
        self.slowness = slowness


class LouderWords(Words):
    """A reader of one's own."""

    def read(self, item: Any) -> Any:
        return super().read(item.upper())


class Sharper(Classification):
    """An objective of one's own, with a function that can be chosen."""

    def __init__(self, spec: DataSpec, *, sharpen: Any = None) -> None:
        super().__init__(spec)
        self.sharpen = sharpen


def start(cell: Any, *, value: float = 0.0) -> None:
    """An initialisation of one's own."""
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.fill_(value)


def leave_a_mark(name: str = "mark") -> Tensor:
    """What a checkpoint must not call."""
    calls.append(name)
    return torch.zeros(())


marked = partial(leave_a_mark, "partial")
