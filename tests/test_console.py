"""What the console shows is what there is: no markup, no emoji, no escape sequences."""

from pathlib import Path
from typing import cast

import pytest
import torch

from seqmodels.console import doubt_about_classes, note, report, show_jobs, show_summary
from seqmodels.data import SequenceData
from seqmodels.run_folder import RunFolder
from seqmodels.run_log import recording
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny

NAMES = ("[neg]", ":smile:", "\x1b[31mred")


class Data(tiny.TinyData):
    """Rows of so many classes, as a file has them."""

    path = "reviews.csv"

    def __init__(self, classes: tuple[str, ...], rows: int) -> None:
        spec = DataSpec("values", 1, max(2, len(classes)), classes=classes, vocabulary="{}")
        super().__init__(spec, torch.zeros(rows, 2, 1), torch.zeros(rows, dtype=torch.long))

    def describe(self) -> dict[str, str]:
        return {"data": "[bold]reviews.csv", "classes": ", ".join(self.spec.classes)}


def summarise(data: Data) -> None:
    show_summary(RunFolder("[run]"), data, tiny.model(tiny.series()), "python train.py 'data.path=[a].csv'")


def test_names_are_shown_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "train.log"
    with recording(log):
        summarise(Data(NAMES, rows=30))
    for text in (capsys.readouterr().out, log.read_text()):
        assert "[neg], :smile:, \\x1b[31mred" in text
        assert "[bold]reviews.csv" in text
        assert "[run]" in text
        assert "data.path=[a].csv" in text
        assert "\x1b" not in text


def test_notes_jobs_and_errors_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    note("[red]a :smile: \x1b[31m")
    show_jobs([("model=[a]", ":smile:", "\x1b[1mfinished")])
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("[red]a :smile: \\x1b[31m", "model=[a]", "\\x1b[1mfinished"))
    report("no [class] :smile: \x1b]0;title\x07")
    assert capsys.readouterr().err == "seqmodels: no [class] :smile: \\x1b]0;title\\x07\n"


def test_many_classes_take_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    summarise(Data(tuple(f"class number {i}" for i in range(743)), rows=5000))
    shown = capsys.readouterr().out
    assert "class number 0, class number 1" in shown
    assert " more" in shown
    assert "class number 20" not in shown
    assert "right column" not in shown


@pytest.mark.parametrize(
    ("classes", "rows", "doubtful"), [(740, 1500, True), (500, 1500, True), (499, 1500, False), (1, 2, False)]
)
def test_too_many_classes_for_the_rows(classes: int, rows: int, doubtful: bool) -> None:
    doubt = doubt_about_classes(cast(SequenceData, Data(tuple(map(str, range(classes))), rows)))
    assert bool(doubt) == doubtful
    if (classes, rows) == (740, 1500):
        assert doubt == "warning: 740 classes for 1,500 rows: is data.columns.label the right column?"


def test_tags_of_steps_are_no_doubt() -> None:
    data = Data(("a", "b", "c"), rows=3)
    assert doubt_about_classes(data)
    rows = Batch(torch.zeros(3, 2, 1), torch.zeros(3, 2, dtype=torch.long), torch.tensor([2, 2, 2]))
    data.examples = dict.fromkeys(("train", "val", "test"), tiny.Rows(rows))
    assert not doubt_about_classes(data)
