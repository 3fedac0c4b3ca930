"""What was read, what was written about it, and what should have been."""

from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.markdown import table
from seqmodels.callbacks.view import View
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives import Objective
from seqmodels.types import Batch


class Translations(View):
    """A text, `written/val` and `written/test`: the first texts of the split beside their references.

    Args:
        num_examples: length of the table.
    """

    def __init__(self, num_examples: int = 12) -> None:
        self.num_examples = num_examples
        self.rows: list[list[str]] = []

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.rows = []

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep the first texts."""
        wanted = min(self.num_examples - len(self.rows), len(batch.lengths))
        if wanted <= 0:
            return
        written, true = objective.compared(output[:wanted], batch.targets[:wanted], valid[:wanted])
        pairs = zip(written, true, strict=True)
        self.rows += [[*self._read(objective, batch, row), *pair] for row, pair in enumerate(pairs)]

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Write them as a table."""
        read = ["read"] if objective.spec.vocabulary else []
        board.add_text(f"written/{split}", table([*read, "written", "reference"], self.rows), step)

    @staticmethod
    def _read(objective: Objective, batch: Batch, row: int) -> list[str]:
        if objective.spec.vocabulary is None:
            return []
        tokens = batch.inputs[row, : batch.lengths[row]].tolist()
        return [Vocabulary.from_json(objective.spec.vocabulary).decode(tokens)]
