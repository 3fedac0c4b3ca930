"""Pictures read pixel by pixel, or row by row: a long sequence in, the class of the picture out."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from seqmodels.data.base import Split
from seqmodels.data.images.labelled_images import LabelledImagesData
from seqmodels.data.images.pictures import Picture

Reading = Literal["pixels", "rows"]


@dataclass(frozen=True)
class PixelSequence(Picture):
    """A picture from left to right and from top to bottom, or in an order drawn once for all pictures.

    Args:
        reading: `"pixels"`, one at a step; or `"rows"`, one at a step.
        permutation: seed of the order of the steps; None for that of reading.

    Raises:
        ValueError: `reading` is something else.

    Example:
        >>> sequence = PixelSequence(channels=1, height=2, width=3)
        >>> sequence.read(np.array([[0, 51, 102], [153, 204, 255]], dtype=np.uint8))[:, 0]
        tensor([0.0000, 0.2000, 0.4000, 0.6000, 0.8000, 1.0000])
    """

    reading: Reading = "pixels"
    permutation: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.reading not in ("pixels", "rows"):
            raise ValueError(f"pictures are read by 'pixels' or 'rows', got {self.reading!r}")

    @property
    def num_steps(self) -> int:
        """Steps of a picture."""
        return self.height * (self.width if self.reading == "pixels" else 1)

    @property
    def step_size(self) -> int:
        """Values of a step."""
        return self.channels * (self.width if self.reading == "rows" else 1)

    @cached_property
    def order(self) -> Int[Tensor, " time"]:
        """The place of each step in the order of reading."""
        # The draws of RandomState stay the same in every version of NumPy.
        drawn = np.arange if self.permutation is None else np.random.RandomState(self.permutation).permutation
        return torch.from_numpy(drawn(self.num_steps))

    def steps(self, pixels: UInt8[Tensor, "*rows channels height width"]) -> Float[Tensor, "*rows time values"]:
        """What a model reads of pictures."""
        values = self.standardised(pixels).movedim(-3, -1)
        return values.reshape(*pixels.shape[:-3], self.num_steps, self.step_size)[..., self.order, :]


class PixelSequencesData(LabelledImagesData):
    """Labelled pictures as sequences.

    Args:
        reading: see `PixelSequence`.
        permuted: whether the steps are in an order drawn at random, the same for all pictures and all seeds.
        **images: the arguments of `LabelledImagesData`.
    """

    def __init__(self, *, reading: Reading = "pixels", permuted: bool = False, **images: Any) -> None:
        super().__init__(**images)
        self.reading, self.permuted = reading, permuted

    def index(self) -> tuple[dict[Split, Tensor], dict[str, Any]]:
        """Also how pictures become sequences."""
        sequence = PixelSequence(**asdict(self.picture), reading=self.reading, permutation=0 if self.permuted else None)
        self.picture = sequence
        targets, told = super().index()
        return targets, {**told, "inputs": "values", "input_size": sequence.step_size, "shape": ()}

    def describe(self) -> dict[str, str]:
        """Also the length of the sequences."""
        sequence = self.picture
        assert isinstance(sequence, PixelSequence)
        order = "in a random order" if self.permuted else "in the order of reading"
        values = "value" if sequence.step_size == 1 else "values"
        steps = f"{sequence.num_steps} ({self.reading}) of {sequence.step_size} {values}, {order}"
        return {**super().describe(), "steps": steps}
