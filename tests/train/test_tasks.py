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

TASKS = sorted(path.stem for path in (CONFIGS / "task").glob("*.yaml"))
SHORT = (
    "trainer.max_epochs=1",
    "+trainer.limit_train_batches=2",
    "+trainer.limit_val_batches=1",
    "+trainer.limit_test_batches=1",
    "callbacks.progress=null",
)


def small(task: str) -> list[str]:
    """Less of the generated data, where a number of examples can be given; short texts, where some are written."""
    read = yaml.safe_load((CONFIGS / "task" / f"{task}.yaml").read_text())
    chosen = read["defaults"]
    (data,) = [line["override /data"] for line in chosen if "override /data" in line]
    generate = yaml.safe_load((CONFIGS / "data" / f"{data}.yaml").read_text()).get("generate") or {}
    writes = "translation" in chosen or "decoder" in read.get("task", {})
    return [
        *(["data.generate.count=300"] if "count" in generate else []),
        *(["task.mapping.max_length=6"] if writes else []),
    ]


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
    run = train(f"task={task}", *small(task), *SHORT)
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
