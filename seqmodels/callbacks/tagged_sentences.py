"""Sentences with the tags a model gives to their words."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import Tensor
from torch.utils.tensorboard.writer import SummaryWriter

from seqmodels.callbacks.view import View
from seqmodels.data.text.spelled_words import spelled
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives import Objective
from seqmodels.types import Batch

WRONG, INK, QUIET = "#c1121f", "#222222", "#666666"
NOTHING = "O"  # the tag of words that are in no entity
COLUMNS, MOST_WORDS = 96, 40  # letters in a line; words of a sentence that are shown
POINTS, SMALLER = 10, 0.7  # size of a word; how much smaller its tag is
EM = 0.602 * POINTS / 72  # width of a letter, in inches
LINE, GAP = 0.52, 0.18  # height of a line, and between sentences, in inches
MIDDLE: dict[str, Any] = {"ha": "center", "va": "center", "family": "DejaVu Sans Mono", "parse_math": False}


class TaggedWord(NamedTuple):
    """A word, and the tags it is given and should have."""

    word: str
    predicted: str
    actual: str


class TaggedSentences(View):
    """A figure, `tagged/val` and `tagged/test`: sentences, under each word the tag that the model gives it.

    A wrong tag is red, with the true one behind it. The sentences are spread over the whole split.

    Args:
        num_sentences: how many are shown.

    Raises:
        ValueError: `num_sentences` is less than 1.
    """

    def __init__(self, num_sentences: int = 8) -> None:
        if num_sentences < 1:
            raise ValueError(f"num_sentences must be at least 1, got {num_sentences}")
        self.num_sentences = num_sentences
        self.seen: list[tuple[Tensor, list[int], list[int]]] = []
        self.batches, self.every = 0, 1

    def begin(self, objective: Objective) -> None:  # noqa: ARG002
        """Forget the pass before."""
        self.seen = []
        self.batches, self.every = 0, 1

    def look(self, objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> None:
        """Keep some sentences of a batch; the longer the pass, the fewer."""
        self.batches += 1
        if self.batches % self.every:
            return
        if len(self.seen) >= 32 * self.num_sentences:
            self.seen = self.seen[::2]
            self.every *= 2
        predicted = objective.predict(output).argmax(-1)
        for row in range(0, len(output), -(-len(output) // self.num_sentences)):
            steps = valid[row]
            self.seen.append(
                (batch.inputs[row][steps].cpu(), predicted[row][steps].tolist(), batch.targets[row][steps].tolist())
            )

    def show(self, objective: Objective, board: SummaryWriter, split: str, step: int) -> None:
        """Draw them."""
        if objective.spec.characters is None:
            return
        characters = Vocabulary.from_json(objective.spec.characters)
        count = min(self.num_sentences, len(self.seen))
        # From the middle of equal parts, so that neither the shortest nor the longest come first or last.
        chosen = [self.seen[(2 * i + 1) * len(self.seen) // (2 * count)] for i in range(count)]
        names = objective.spec.classes
        sentences = [
            [
                TaggedWord(word, names[said], names[true])
                for word, said, true in zip(spelled(characters, steps), predicted, actual, strict=True)
            ]
            for steps, predicted, actual in chosen
        ]
        board.add_figure(f"tagged/{split}", draw_tagged(sentences, names), step, close=False)


def draw_tagged(sentences: Sequence[Sequence[TaggedWord]], names: Sequence[str]) -> Figure:
    """Words in lines, on the colours of their tags.

    Args:
        sentences: to draw, one below the other.
        names: of the tags; each kind has a colour.
    """
    kinds = list(dict.fromkeys(_kind(name) for name in names if name != NOTHING))
    palette = colormaps["tab10" if len(kinds) <= 10 else "tab20"]
    colours = {kind: palette(i % palette.N) for i, kind in enumerate(kinds)}
    lines = [(number, line) for number, sentence in enumerate(sentences) for line in _lines(sentence)]
    tops = [LINE * row + GAP * number for row, (number, _) in enumerate(lines)]
    height = tops[-1] + LINE
    figure = Figure(figsize=(COLUMNS * EM, height), dpi=110, facecolor="white")
    panel = figure.add_axes((0, 0, 1, 1), xlim=(0, COLUMNS), ylim=(height, 0))
    panel.axis("off")
    for top, (_, line) in zip(tops, lines, strict=True):
        column = 1.0
        for word in line:
            _draw_word(panel, word, column, top, colours)
            column += _width(word) + 1
    return figure


def _lines(sentence: Sequence[TaggedWord]) -> list[list[TaggedWord]]:
    """Cut where a line is full."""
    lines: list[list[TaggedWord]] = [[]]
    left: float = COLUMNS - 2
    for word in sentence[:MOST_WORDS]:
        if _width(word) > left and lines[-1]:
            lines.append([])
            left = COLUMNS - 2
        lines[-1].append(word)
        left -= _width(word) + 1
    return lines


def _width(word: TaggedWord) -> float:
    """In letters of a word; those of tags are smaller, and need some air."""
    return max(len(word.word), SMALLER * (len(_label(word)) + 1))


def _label(word: TaggedWord) -> str:
    if word.predicted == word.actual:
        return "" if word.actual == NOTHING else _kind(word.actual)
    return f"{word.predicted} not {word.actual}"


def _draw_word(panel: Axes, word: TaggedWord, column: float, top: float, colours: Mapping[str, Any]) -> None:
    """The word, on the colour of the tag it is given, and that tag below."""
    wrong, width = word.predicted != word.actual, _width(word)
    if wrong or word.predicted != NOTHING:
        colour = colours.get(_kind(word.predicted), "white")
        box = FancyBboxPatch(
            (column - 0.25, top + 0.08),
            width + 0.5,
            LINE - 0.14,
            boxstyle="round,pad=0,rounding_size=0.3",
            mutation_aspect=EM,
            facecolor=to_rgba(colour, 0.22),
            edgecolor=WRONG if wrong else "none",
            linewidth=1.2,
        )
        panel.add_patch(box)
    middle = column + width / 2
    panel.text(middle, top + 0.2, word.word, fontsize=POINTS, color=INK, **MIDDLE)
    style: dict[str, Any] = {"color": WRONG, "fontweight": "bold"} if wrong else {"color": QUIET}
    panel.text(middle, top + 0.37, _label(word), fontsize=SMALLER * POINTS, **style, **MIDDLE)


def _kind(tag: str) -> str:
    """Of an entity, without what says whether it begins."""
    return tag[2:] if tag[:2] in ("B-", "I-") else tag
