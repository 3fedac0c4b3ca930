"""Sentences with the tags a model gives them."""

from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import pytest
import torch
from matplotlib.figure import Figure
from torch import Tensor

from seqmodels.callbacks.tagged_sentences import MOST_WORDS, WRONG, TaggedSentences, TaggedWord, draw_tagged
from seqmodels.data.text.spelled_words import SpelledWords
from seqmodels.objectives import Classification
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")

TAGS = ("B-PER", "I-PER", "O")


class Drawn:
    """Stands for a TensorBoard writer and keeps what is drawn."""

    def __init__(self) -> None:
        self.figures: dict[str, Figure] = {}

    def add_figure(self, tag: str, figure: Figure, step: int, *, close: bool) -> None:  # noqa: ARG002
        self.figures[tag] = figure


def written(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def objective_for(words: list[list[str]]) -> tuple[Classification, SpelledWords]:
    reader = SpelledWords.of(words, longest=8)
    spec = DataSpec("words", 9, 3, classes=TAGS, vocabulary=reader.vocabulary, characters=reader.characters)
    return Classification(spec), reader


def batch_of(reader: SpelledWords, rows: list[list[str]], targets: list[list[int]]) -> tuple[Batch, Tensor]:
    inputs = torch.nn.utils.rnn.pad_sequence([reader.read(row) for row in rows], batch_first=True)
    padded = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in targets], batch_first=True)
    lengths = torch.tensor([len(row) for row in rows])
    return Batch(inputs, padded, lengths), torch.arange(inputs.shape[1]) < lengths.unsqueeze(1)


def batch_with_output(reader: SpelledWords, row: list[str]) -> tuple[Batch, Tensor, Tensor]:
    batch, valid = batch_of(reader, [row], [[2] * len(row)])
    return batch, torch.randn(1, len(row), 3), valid


def test_each_word_with_its_tag_and_mistakes_with_the_true_one() -> None:
    rows = [["Ada", "Lovelace", "wrote"], ["$5", "Bo"]]
    objective, reader = objective_for(rows)
    batch, valid = batch_of(reader, rows, [[0, 1, 2], [2, 0]])
    output = 5 * torch.eye(3)[torch.tensor([[0, 1, 0], [2, 2, 1]])]
    view, board = TaggedSentences(), Drawn()
    view.begin(objective)
    view.look(objective, batch, output, valid)
    view.show(objective, board, "val", 3)  # type: ignore[arg-type]
    assert written(board.figures["tagged/val"]) == [
        *("Ada", "PER", "Lovelace", "PER", "wrote", "B-PER not O"),
        *("$5", "", "Bo", "O not B-PER"),
    ]
    texts = board.figures["tagged/val"].axes[0].texts
    assert [text.get_text() for text in texts if text.get_color() == WRONG] == ["B-PER not O", "O not B-PER"]
    view.begin(objective)
    assert view.seen == []


def test_sentences_are_spread_over_the_split() -> None:
    rows = [[f"w{i:02}"] for i in range(60)]
    objective, reader = objective_for(rows)
    view, board = TaggedSentences(num_sentences=4), Drawn()
    view.begin(objective)
    for start in range(0, 60, 20):
        batch, valid = batch_of(reader, rows[start : start + 20], [[2]] * 20)
        view.look(objective, batch, torch.randn(20, 1, 3), valid)
    view.show(objective, board, "test", 0)  # type: ignore[arg-type]
    shown = [text for text in written(board.figures["tagged/test"]) if text.startswith("w")]
    assert len(shown) == 4
    assert shown == sorted(shown)
    assert shown[0] < "w15"
    assert shown[-1] >= "w45"


def test_of_a_long_split_only_a_few_are_kept() -> None:
    rows = [[f"w{i:03}"] for i in range(600)]
    objective, reader = objective_for(rows)
    view, board = TaggedSentences(num_sentences=4), Drawn()
    view.begin(objective)
    for row in rows:
        view.look(objective, *batch_with_output(reader, row))
        assert len(view.seen) <= 32 * 4
    view.show(objective, board, "test", 0)  # type: ignore[arg-type]
    shown = [int(text[1:]) for text in written(board.figures["tagged/test"]) if text.startswith("w")]
    assert len(shown) == 4
    assert all(150 * i <= place < 150 * (i + 1) for i, place in enumerate(shown))


def test_words_stay_on_the_picture_and_apart() -> None:
    words = [TaggedWord("word" * (1 + i % 5), "NOUN" if i % 3 else "PROPN", "NOUN") for i in range(60)]
    figure = draw_tagged([words, words[:2]], ["NOUN", "PROPN"])
    figure.canvas.draw()
    boxes = [patch.get_window_extent() for patch in figure.axes[0].patches]
    assert len(boxes) == MOST_WORDS + 2
    for box, text in zip(boxes, figure.axes[0].texts[::2], strict=True):
        extent = text.get_window_extent()
        assert figure.bbox.x0 <= box.x0 <= extent.x0 < extent.x1 <= box.x1 <= figure.bbox.x1
    for left, right in pairwise(boxes):
        assert left.x1 <= right.x0 or right.x0 < left.x0  # the next line
    assert plt.get_fignums() == []


def test_where_inputs_are_no_words_nothing_is_drawn(tmp_path: Path) -> None:
    data = tiny.text()
    tiny.trainer(tmp_path, [TaggedSentences()]).test(tiny.model(data), data, verbose=False)
    assert tiny.events(tmp_path).Tags()["images"] == []


def test_at_least_one_sentence() -> None:
    with pytest.raises(ValueError, match="num_sentences must be at least 1, got 0"):
        TaggedSentences(num_sentences=0)
