"""What is measured: shapes, modes and how much arithmetic they are."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Mode = Literal["training", "inference"]
MODES: tuple[Mode, ...] = ("training", "inference")
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3}
DTYPES = {"float32": torch.float32, "tf32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


class Shape(NamedTuple):
    """Steps, rows, input features and hidden units."""

    time: int
    batch: int
    input_size: int
    hidden_size: int

    def __str__(self) -> str:
        return f"({self.time}, {self.batch}, {self.input_size}, {self.hidden_size})"


SHAPES: dict[str, tuple[Shape, ...]] = {
    "grid": (
        Shape(1, 1, 512, 512),
        Shape(1, 32, 256, 256),
        Shape(100, 1, 64, 128),
        Shape(256, 8, 32, 64),
        Shape(28, 128, 28, 128),
        Shape(35, 20, 650, 650),
        Shape(50, 32, 128, 256),
        Shape(100, 16, 64, 128),
        Shape(50, 64, 512, 512),
        Shape(512, 32, 256, 256),
        Shape(1000, 16, 64, 128),
        Shape(2000, 1, 64, 128),
    ),
    "variants": (Shape(50, 32, 128, 256), Shape(100, 16, 64, 128)),
    "ragged": (Shape(200, 32, 128, 256), Shape(100, 16, 64, 128), Shape(50, 64, 256, 256)),
    "cells": (Shape(100, 1, 64, 128), Shape(256, 8, 32, 64), Shape(100, 16, 64, 128), Shape(50, 32, 128, 256)),
    "linear": (Shape(2048, 8, 256, 256),),
    "scaling": tuple(Shape(time, 8, 64, 128) for time in (64, 256, 1024, 4096, 8192)),
    "memory": (Shape(4096, 8, 64, 128),),
}
QUICK: dict[str, tuple[Shape, ...]] = {
    **dict.fromkeys(SHAPES, (Shape(30, 2, 3, 4),)),
    "grid": (Shape(1, 2, 3, 4), Shape(30, 2, 3, 4)),
    "scaling": tuple(Shape(time, 2, 3, 4) for time in (8, 256, 300)),
    "memory": (Shape(128, 2, 3, 4),),
}


@dataclass(frozen=True)
class Problem:
    """One recurrent network, on one input, in one mode.

    Args:
        cell: name of the cell.
        mode: forward alone, or forward and backward with the input's gradient.
        shape: of the input, and the hidden size.
        num_layers: on top of each other.
        bidirectional: whether each layer reads in both directions.
        ragged: whether the rows' lengths are uniform in 50-100 % of the time, or all of it.
        dtype: of everything; `"tf32"` is float32 with TF32 products on CUDA.
        device: of everything.
    """

    cell: str
    mode: Mode
    shape: Shape
    num_layers: int = 1
    bidirectional: bool = False
    ragged: bool = False
    dtype: str = "float32"
    device: str = "cpu"

    @property
    def training(self) -> bool:
        """Whether gradients are wanted."""
        return self.mode == "training"

    @property
    def is_plain(self) -> bool:
        """Whether this is one layer in one direction over full rows."""
        return self.num_layers == 1 and not self.bidirectional and not self.ragged

    @property
    def variation(self) -> str:
        """What sets this apart from one layer in one direction over full float32 rows."""
        parts = {
            f"{self.num_layers} layers": self.num_layers > 1,
            "bidirectional": self.bidirectional,
            "ragged": self.ragged,
            self.dtype: self.dtype != "float32",
        }
        return ", ".join(name for name, present in parts.items() if present)

    def input(self) -> Tensor:
        """x (time, batch, input), the same on every call."""
        time, batch, input_size, _ = self.shape
        drawn = torch.randn(time, batch, input_size, generator=torch.Generator().manual_seed(1))
        return drawn.to(self.device, DTYPES[self.dtype]).requires_grad_(self.training)

    def lengths(self) -> Tensor | None:
        """Steps of each row, the same on every call; None where all rows are full."""
        if not self.ragged:
            return None
        time, batch = self.shape[:2]
        return torch.randint((time + 1) // 2, time + 1, (batch,), generator=torch.Generator().manual_seed(2))

    def flops(self) -> float | None:
        """2·T·B·G·H·(I+H) per layer and direction, three times that with the backward pass; None for other cells."""
        if self.cell not in BLOCKS:
            return None
        time, batch, input_size, hidden_size = self.shape
        lengths = self.lengths()
        steps = time * batch if lengths is None else int(lengths.sum())
        directions = 2 if self.bidirectional else 1
        inputs = input_size + (self.num_layers - 1) * directions * hidden_size
        products = steps * BLOCKS[self.cell] * hidden_size * (inputs + self.num_layers * hidden_size) * directions
        return (6.0 if self.training else 2.0) * products
