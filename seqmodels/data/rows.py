"""Rows of unequal length with an answer each: the data set behind most readers."""

import torch
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.ragged import Ragged
from seqmodels.types import Batch


class Rows(Dataset[Batch]):
    """Indexed by a list of rows, gives their `Batch`.

    Args:
        inputs: the steps of each row.
        targets: one answer per row, as a tensor; or a sequence of answers for each, which is padded like the inputs.

    Raises:
        ValueError: there are not as many targets as inputs.
    """

    def __init__(self, inputs: Ragged, targets: Tensor | Ragged) -> None:
        if len(inputs) != len(targets):
            raise ValueError(f"expected a target for each of {len(inputs)} rows, got {len(targets)}")
        self.inputs, self.targets = inputs, targets
        self.lengths = inputs.lengths

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, indices: list[int]) -> Batch:
        rows = torch.tensor(indices, dtype=torch.long)  # once: indexing by a list makes it a tensor each time
        inputs, lengths = self.inputs.padded(rows), self.lengths[rows]
        if isinstance(self.targets, Tensor):
            return Batch(inputs, self.targets[rows], lengths)
        return Batch(inputs, self.targets.padded(rows), lengths, self.targets.lengths[rows])
