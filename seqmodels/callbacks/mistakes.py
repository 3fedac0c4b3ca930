"""Where a classifier of text is most surely wrong."""

from typing import NamedTuple

from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.markdown import table
from seqmodels.callbacks.view import View
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives import Objective
from seqmodels.types import Batch


class Mistake(NamedTuple):
    """A wrong answer, the probability the model gave it, and the indices of the text's tokens."""

    probability: float
    predicted: int
    actual: int
    tokens: list[int]


class Mistakes(View):
    """A text, `mistakes/val` and `mistakes/test`: the wrong answers given with the highest probability.

    For classes of texts: where inputs are not tokens of a vocabulary, there is nothing to show.

    Args:
        num_examples: length of the table.
    """

    def __init__(self, num_examples: int = 10) -> None:
        self.num_examples = num_examples
        self.worst: list[Mistake] = []

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.worst = []

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep the worst so far and of this batch."""
        scores, actual = objective.compared(output, batch.targets, valid)
        probability, predicted = objective.predict(scores).max(-1)
        wrong = (predicted != actual).nonzero()[:, 0]
        surest = wrong[probability[wrong].topk(min(self.num_examples, len(wrong))).indices]
        texts = [batch.inputs[row, : batch.lengths[row]].tolist() for row in valid.nonzero()[surest, 0]]
        sure, said, true = (part[surest].tolist() for part in (probability, predicted, actual))
        ranked = sorted([*self.worst, *map(Mistake, sure, said, true, texts)], reverse=True)
        self.worst = ranked[: self.num_examples]

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Write them as a table."""
        if objective.spec.vocabulary is None:
            return
        vocabulary = Vocabulary.from_json(objective.spec.vocabulary)
        names = objective.spec.classes or [str(i) for i in range(objective.output_size)]
        rows = [
            [f"{probability:.3f}", names[predicted], names[actual], vocabulary.decode(tokens)]
            for probability, predicted, actual, tokens in self.worst
        ]
        header = ["probability", "predicted", "actual", "text"]
        board.add_text(f"mistakes/{split}", table(header, rows) if rows else "none", step)
