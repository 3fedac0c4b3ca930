"""Predictions on the test split, as a person reads them."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch

from seqmodels.callbacks import Predictions
from seqmodels.callbacks.predictions import compared_rows
from seqmodels.objectives import Classification
from seqmodels.types import Batch, DataSpec
from tests.callbacks import tiny
from tests.mappings.test_encoder_decoder import BATCH, build

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers")


def predicted(folder: Path, data: tiny.TinyData, **arguments: int) -> list[dict[str, Any]]:
    path = folder / "predictions.jsonl"
    trainer = tiny.trainer(folder, [Predictions(path, **arguments)])
    trainer.test(tiny.model(data), data, verbose=False)
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_texts_have_a_label_a_probability_and_a_target(tmp_path: Path) -> None:
    data = tiny.reviews()
    rows = predicted(tmp_path, data)
    assert [row["target"] for row in rows] == [tiny.CLASSES[i % 3] for i in range(24)]
    assert rows[0]["input"] == "a bad bad film"
    right = sum(row["label"] == row["target"] for row in rows) / 24
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False)
    (metrics,) = trainer.test(tiny.model(data), data, verbose=False)
    assert metrics["test/accuracy"] == pytest.approx(right)
    assert all(1 / 3 <= row["probability"] <= 1 for row in rows)


def test_numbers_are_in_their_units(tmp_path: Path) -> None:
    data = tiny.series()
    rows = predicted(tmp_path, data)
    true = torch.cat([batch.targets for batch in data.test_dataloader()])[:, 0] * 3 + 10
    assert [row["target"] for row in rows] == pytest.approx(true.tolist())
    assert {type(row["value"]) for row in rows} == {float}
    assert len(predicted(tmp_path, tiny.series(num_columns=2))[0]["value"]) == 2


def test_no_more_rows_than_the_limit(tmp_path: Path) -> None:
    assert len(predicted(tmp_path, tiny.reviews(), max_rows=10)) == 10


def test_a_language_model_has_no_file(tmp_path: Path) -> None:
    assert predicted(tmp_path, tiny.text()) == []
    assert not (tmp_path / "predictions.jsonl").exists()


def test_steps_have_lists() -> None:
    spec = DataSpec("values", 1, 2, classes=("O", "I-place"))
    batch = Batch(torch.zeros(2, 3, 1), torch.tensor([[0, 1, 0], [1, 0, 0]]), torch.tensor([3, 1]))
    valid = torch.tensor([[True, True, True], [True, False, False]])
    output = torch.tensor([1.0, 0.0]).expand(2, 3, 2)
    assert compared_rows(Classification(spec), batch, output, valid) == [
        {"labels": ["O", "O", "O"], "targets": ["O", "I-place", "O"]},
        {"labels": ["O"], "targets": ["I-place"]},
    ]


def test_texts_that_are_written_stand_beside_their_references() -> None:
    mapping = build()
    _, valid = mapping.respond(BATCH, "val")
    written = mapping.write(BATCH.inputs, BATCH.lengths).tokens[:, 0]
    rows = compared_rows(mapping.objective, BATCH, written, valid)
    expected = mapping.objective.compared(written, BATCH.targets, valid)
    assert [(row["text"], row["target"]) for row in rows] == list(zip(*expected, strict=True))
