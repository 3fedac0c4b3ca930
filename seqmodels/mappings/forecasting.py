"""A series in, its next values out, as changes from the last."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmodels.mappings.many_to_one import ManyToOne


class Forecasting(ManyToOne):
    r"""The network says by how much each predicted value will differ from the last one seen.

    .. math:: \hat{x}_{t+h} = x_t + f(x_{t-w+1} - x_t, \dots, x_t - x_t)_h

    So a level that has never been seen in training is no concern of the network's. Inputs which are not predicted are
    read as they are.

    What the network reads at once and says follows from the data's spec. Where it answers for fewer values than there
    are, each predicted column is a row of its own, beside all other inputs: one network for all columns, none of which
    can learn accidents of another. Where it reads more values than a step has, it reads several steps as one.

    Source:
        A. Zeng et al., "Are Transformers effective for time series forecasting?", AAAI 2023 (NLinear: the last value
        taken off and put back). Y. Nie et al., "A time series is worth 64 words", ICLR 2023 (columns apart, patches).
        S. Lin et al., "SegRNN", 2023 (both, read by a recurrent network).
    """

    def forward(
        self, inputs: Float[Tensor, "batch time values"], lengths: Int[Tensor, " batch"]
    ) -> Float[Tensor, "batch answers"]:
        """The answers: all columns of the first step ahead, then of the second, and so on."""
        spec = self.objective.spec
        columns = len(spec.mean)
        last = inputs[torch.arange(len(inputs), device=inputs.device), lengths - 1, :columns]
        changes = inputs[..., :columns] - last.unsqueeze(1)
        together = columns * spec.output_size // len(spec.answers)
        rows, read = self._rows(changes, inputs[..., columns:], together), spec.input_size
        steps = read // (together + inputs.shape[2] - columns)
        apart = columns // together
        told = super().forward(rows.reshape(len(rows), -1, read), lengths.repeat_interleave(apart) // steps)
        ahead = told.view(len(inputs), apart, -1, together).transpose(1, 2).reshape(len(inputs), -1, columns)
        return (ahead + last.unsqueeze(1)).flatten(1)

    @staticmethod
    def _rows(
        changes: Float[Tensor, "batch time columns"], others: Float[Tensor, "batch time others"], together: int
    ) -> Float[Tensor, "rows time values"]:
        """So many columns in a row, beside all other inputs."""
        batch, time, columns = changes.shape
        groups = changes.view(batch, time, columns // together, together)
        beside = others.unsqueeze(2).expand(-1, -1, groups.shape[2], -1)
        return torch.cat([groups, beside], -1).transpose(1, 2).flatten(0, 1)
