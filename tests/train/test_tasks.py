"""Every task trains on its embedded default, gets better at a batch, and its model answers to raw input."""

from pathlib import Path

import pytest
import torch
import yaml

import seqmodels
from seqmodels.assembly import instantiate
from seqmodels.cli import main as seqmodels_command
from seqmodels.mappings import SequenceMapping
from seqmodels.train import CONFIGS
from seqmodels.types import Batch
from tests.train.conftest import Train
from tests.train.items import item_for
from tests.train.small import BRIEF, small

ALL = {path.stem for path in (CONFIGS / "task").glob("*.yaml")}
NEUTRAL = {
    "text_classification": "sentiment",
    "series_classification": "action_recognition",
    "image_classification": "digits",
    "tagging": "pos_tagging",
    "forecasting": "sine",
    "sequence_to_sequence": "translation",
    "language_model": "char_lm",
}
"""Tasks for data of one's own, and an example of each."""

TASKS = sorted(ALL - set(NEUTRAL))


def losses_on(batch: Batch, mapping: SequenceMapping, steps: int) -> list[float]:
    """The loss in front of each step of training on one and the same batch."""
    mapping.train()
    optimizer = torch.optim.Adam(mapping.parameters(), lr=3e-3)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        output, valid = mapping.respond(batch, "val")
        mapping.carried.clear()
        loss = mapping.objective.loss(output, batch.targets, valid)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.filterwarnings("ignore:The number of training batches")
@pytest.mark.parametrize("task", TASKS)
def test_a_task_learns_and_its_model_answers(
    task: str, train: Train, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(f"task={task}", *small(task), *BRIEF, "callbacks.progress=null")
    trained = seqmodels.load(run)
    item = item_for(trained.raw, tmp_path)
    answers = trained.predict([item])
    assert len(answers) == 1
    if isinstance(item, str):
        capsys.readouterr()
        seqmodels_command(["predict", str(run), item, "--json"])
        assert '"input": ' in capsys.readouterr().out

    data = instantiate(yaml.safe_load((run / "config.yaml").read_text())["data"])
    data.setup()
    losses = losses_on(next(iter(data.train_dataloader())), trained.mapping, steps=12)
    assert losses[-1] < 0.98 * losses[0]
