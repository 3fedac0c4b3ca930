"""Settings of the trainer that people change, and what a process of ours does with memory."""

import json
import platform
import subprocess
import sys

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from seqmodels.assembly import instantiate
from seqmodels.runs import load
from tests.train.conftest import Train

SINE = ("task=sine", "model=rnn", "model.hidden_size=8", "trainer.max_epochs=1", "callbacks.progress=null")


def test_bfloat16_works_with_a_fused_optimizer_and_clipping(train: Train) -> None:
    run = train(*SINE, "trainer.precision=bf16-mixed", "trainer.gradient_clip_val=0.5", "optimizer.fused=true")
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["test/loss"] < 1


def test_averaged_weights_are_what_is_validated_kept_and_tested(train: Train) -> None:
    average = (
        "+callbacks.average._target_=pytorch_lightning.callbacks.EMAWeightAveraging",
        "+callbacks.average.decay=0.99",
    )
    run = train(*SINE, *average)
    metrics = json.loads((run / "metrics.json").read_text())
    state = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    assert state["current_model_state"].keys() == state["state_dict"].keys()

    def tested(weights: dict[str, torch.Tensor]) -> float:
        mapping = load(run).mapping
        mapping.load_state_dict(weights)
        data = instantiate(OmegaConf.to_container(OmegaConf.load(run / "config.yaml"))["data"])
        trainer = pl.Trainer(logger=False, enable_progress_bar=False, accelerator="cpu")
        return trainer.test(mapping, data, verbose=False)[0]["test/loss"]

    assert metrics["test/loss"] == pytest.approx(tested(state["state_dict"]), rel=1e-4)
    assert metrics["test/loss"] != pytest.approx(tested(state["current_model_state"]), rel=1e-2)


def test_a_few_batches_can_be_overfitted(train: Train) -> None:
    run = train(*SINE, "+trainer.overfit_batches=2", "trainer.log_every_n_steps=1")
    assert json.loads((run / "metrics.json").read_text())["train/loss"] > 0


COUNTED = """
import resource, torch
from seqmodels.train import keep_freed_memory

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(2**25).fill_(1.0)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

def often():  # at least: what else is allocated in between may lie in the way once
    return min(pages() for _ in range(5))

mapped = often()
keep_freed_memory()
print(mapped, often())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back")
def test_freed_memory_is_mapped_once_and_not_in_each_step() -> None:
    told = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True).stdout
    mapped, kept = map(int, told.split())
    assert mapped > 30
    assert kept < mapped / 10
