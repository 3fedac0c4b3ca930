"""Predictions on the test split, in a file."""

# ruff: noqa: ARG002 (the hooks have the arguments that Lightning calls them with)

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytorch_lightning as pl
from torch import Tensor

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.objectives import CTC, Classification, EntityTagging, Generation, Label, Objective, Regression
from seqmodels.plain_files import write_text
from seqmodels.types import Batch


class Predictions(pl.Callback):
    """File of the predictions on the test split beside their targets: one JSON object for each example.

    =====================  =============================================
    the objective is       an object has
    =====================  =============================================
    classes of a sequence  `label`, `probability`, `target`
    classes of its steps   `labels`, `targets`: lists
    numbers                `value`, `target`: in the data's units
    a text                 `text`, `target`
    =====================  =============================================

    Where inputs are texts, `input` has the text of the known words. Examples come as the test reads them, short texts
    first. Nothing is written for language models and polyphonic music, which predict at every step, and for objectives
    of other packages. On several devices the main process writes its own share.

    Args:
        path: of the file.
        max_rows: examples after that many are left out.
    """

    def __init__(self, path: Path, max_rows: int = 10_000) -> None:
        self.path, self.max_rows = path, max_rows
        self._lines: list[str] = []
        self._vocabulary: Vocabulary | None = None

    def on_test_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Begin a file."""
        spec = cast(Objective, pl_module.objective).spec
        self._lines = []
        self._vocabulary = Vocabulary.from_json(spec.vocabulary) if spec.vocabulary else None

    def on_test_batch_end(  # type: ignore[override]
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Mapping[str, Tensor],
        batch: Batch,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the rows of a batch."""
        if len(self._lines) >= self.max_rows or not trainer.is_global_zero:
            return
        rows = compared_rows(cast(Objective, pl_module.objective), batch, outputs["output"], outputs["valid"])
        texts = [{}] * len(rows) if self._vocabulary is None else _texts(self._vocabulary, batch)
        lines = [json.dumps({**text, **row}, ensure_ascii=False) for text, row in zip(texts, rows, strict=False)]
        self._lines += lines[: self.max_rows - len(self._lines)]

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Write the file."""
        if self._lines:
            write_text(self.path, "".join(f"{line}\n" for line in self._lines))
        self._lines = []


def compared_rows(objective: Objective, batch: Batch, output: Tensor, valid: Tensor) -> list[dict[str, Any]]:
    """Return for each row of a batch the prediction and the target, as a person reads them.

    Args:
        objective: of the model.
        batch: with targets.
        output: what the metrics judge.
        valid: which rows or steps count.

    Returns:
        Nothing for an objective that is not listed in `Predictions`.
    """
    match objective:
        case Classification() | EntityTagging():
            names = objective.spec.classes or [str(i) for i in range(objective.output_size)]
            answers = objective.answers(output, valid)
            if valid.ndim == 1:
                pairs = zip(answers, batch.targets.tolist(), strict=True)
                return [{"label": a.label, "probability": a.probability, "target": names[t]} for a, t in pairs]
            targets = [row[steps].tolist() for row, steps in zip(batch.targets, valid, strict=True)]
            return [_steps(row, [names[t] for t in true]) for row, true in zip(answers, targets, strict=True)]
        case Regression():
            predicted, true = map(_values, objective.compared(output, batch.targets, valid))
            return [{"value": value, "target": target} for value, target in zip(predicted, true, strict=True)]
        case Generation() | CTC():
            pairs = zip(*objective.compared(output, batch.targets, valid), strict=True)
            return [{"text": text, "target": target} for text, target in pairs]
    return []


def _steps(row: list[Label], targets: list[str]) -> dict[str, Any]:
    return {"labels": [each.label for each in row], "targets": targets}


def _values(rows: Tensor) -> list[Any]:
    """Return the value of each row, or the list of its values."""
    return [row[0] if isinstance(row, list) and len(row) == 1 else row for row in rows.tolist()]


def _texts(vocabulary: Vocabulary, batch: Batch) -> list[dict[str, str]]:
    """Return the text of each row; of words with their characters, the words."""
    tokens = batch.inputs if batch.inputs.ndim == 2 else batch.inputs[..., 0]
    rows = zip(tokens.tolist(), batch.lengths.tolist(), strict=True)
    return [{"input": vocabulary.decode(row[:length])} for row, length in rows]
