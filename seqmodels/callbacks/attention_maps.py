"""Where a decoder looks while it writes."""

from collections.abc import Sequence
from typing import NamedTuple, cast

import pytorch_lightning as pl
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.view import View
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.mappings import EncoderDecoder
from seqmodels.objectives import Objective
from seqmodels.plain_text import escaped
from seqmodels.types import Batch


class Example(NamedTuple):
    """One row that was read, and the tokens that were written about it."""

    inputs: Tensor
    length: int
    written: Tensor


class AttentionMaps(View):
    """A figure, `attention/val` and `attention/test`: how much each written token looked at each step of the input.

    Nothing to show without attention.

    Args:
        num_examples: how many rows.
        num_steps: longer inputs are left out.
    """

    def __init__(self, num_examples: int = 4, num_steps: int = 60) -> None:
        self.num_examples, self.num_steps = num_examples, num_steps
        self.examples: list[Example] = []
        self.weights: list[Tensor] = []

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.examples = []

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:  # noqa: ARG002
        """Keep the first row of each batch: batches differ in length."""
        length, written = int(batch.lengths[0]), output[0][output[0] != 0]
        if len(self.examples) < self.num_examples and length <= self.num_steps and len(written):
            self.examples.append(Example(batch.inputs[:1, :length], length, written.unsqueeze(0)))

    def _show(self, trainer: pl.Trainer, pl_module: pl.LightningModule, split: str) -> None:
        mapping = cast(EncoderDecoder, pl_module)
        self.weights = [
            mapping.attention(example.inputs, torch.tensor([example.length], device=mapping.device), example.written)[0]
            for example in self.examples
        ]
        super()._show(trainer, pl_module, split)

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw them."""
        if not self.weights or self.weights[0].shape[1] == 0:
            return
        spec = objective.spec
        written = Vocabulary.from_json(cast(str, spec.target_vocabulary)).tokens
        read = Vocabulary.from_json(spec.vocabulary).tokens if spec.vocabulary else None
        names = [
            (
                [read[token] for token in example.inputs[0].tolist()] if read else [""] * example.length,
                [written[token] for token in example.written[0].tolist()],
            )
            for example in self.examples
        ]
        board.add_figure(f"attention/{split}", draw_attention(self.weights, names), step, close=False)


def draw_attention(weights: Sequence[Tensor], names: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Figure:
    """Return a panel per example: what was written downwards, what was read to the right, attention by colour.

    Args:
        weights: of each example, (written, read).
        names: of each example, the tokens read and written; empty names for steps that have none.
    """
    columns = min(2, len(weights))
    lines = -(-len(weights) // columns)
    figure = Figure(figsize=(5.2 * columns, 4.6 * lines), dpi=110, layout="constrained")
    panels = figure.subplots(lines, columns, squeeze=False).flatten()
    for panel, weight, (read, written) in zip(panels, weights, names, strict=False):
        image = panel.imshow(weight.cpu().numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        panel.set_yticks(range(len(written)), [escaped(token) for token in written], fontsize=8, parse_math=False)
        panel.set_ylabel("token written")
        if any(read):
            panel.set_xticks(
                range(len(read)), [escaped(token) for token in read], rotation=90, fontsize=8, parse_math=False
            )
            panel.set_xlabel("token read")
        else:
            panel.set_xlabel("step read")
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    figure.colorbar(image, ax=panels, label="attention (a row sums to 1)", shrink=0.6)
    for panel in panels[len(weights) :]:
        panel.set_axis_off()
    return figure
