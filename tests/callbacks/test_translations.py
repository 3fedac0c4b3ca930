import pytest
import torch
from torch import Tensor

from seqmodels.callbacks import AttentionMaps, Translations
from seqmodels.callbacks.attention_maps import draw_attention
from tests.mappings.test_encoder_decoder import BATCH, build


class Board:
    """Keeps what is written to TensorBoard."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.figures: dict[str, object] = {}

    def add_text(self, tag: str, text: str, *_: object) -> None:
        self.texts[tag] = text

    def add_figure(self, tag: str, figure: object, *_: object, **__: object) -> None:
        self.figures[tag] = figure


def test_what_was_read_stands_beside_what_was_written_and_the_reference() -> None:
    view, objective, board = Translations(num_examples=2), build().objective, Board()
    valid = torch.arange(BATCH.targets.shape[1]) < BATCH.target_lengths[:, None]
    view.begin(objective)
    view.look(objective, BATCH, BATCH.targets.flip(0), valid)
    view.look(objective, BATCH, BATCH.targets, valid)
    view.show(objective, board, "val", 7)  # type: ignore[arg-type]
    assert board.texts["written/val"].splitlines() == [
        "| read | written | reference |",
        "|---|---|---|",
        "| a b c | e a b c d | c b a |",
        "| f | f | f |",
    ]


def test_a_map_has_a_row_for_each_written_token_and_a_column_for_each_read(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[Tensor, list[str], list[str]]] = []

    def draw(weights: list[Tensor], names: list[tuple[list[str], list[str]]]) -> object:
        shown.extend((weight, *both) for weight, both in zip(weights, names, strict=True))
        return draw_attention(weights, names)

    monkeypatch.setattr("seqmodels.callbacks.attention_maps.draw_attention", draw)
    mapping, view, board = build(), AttentionMaps(), Board()
    monkeypatch.setattr("seqmodels.callbacks.view.boards", lambda _: [board])
    view.begin(mapping.objective)
    view.look(mapping.objective, BATCH, BATCH.targets, BATCH.targets != 0)
    with torch.no_grad():
        view._show(type("Trainer", (), {"global_step": 3})(), mapping, "test")
    ((weights, read, written),) = shown
    assert (read, written) == (["a", "b", "c"], ["c", "b", "a", "<end>"])
    assert weights.shape == (4, 3)
    torch.testing.assert_close(weights.sum(1), torch.ones(4))
    assert "attention/test" in board.figures
