"""Settings of the trainer that people change."""

import json

import pytest
import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from seqmodels.assembly import instantiate
from seqmodels.data import Vocabulary
from seqmodels.runs import load
from tests.train.conftest import Train
from tests.train.small import BRIEF, small

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


def test_no_is_no_as_in_a_yaml_file(train: Train) -> None:
    run = train(*SINE, "model.bidirectional=no", "trainer.fast_dev_run=yes", "verify=Off")
    config = OmegaConf.load(run / "config.yaml")
    assert (config.model.bidirectional, config.trainer.fast_dev_run, config.verify) == (False, True, False)


def test_a_few_batches_can_be_overfitted(train: Train) -> None:
    run = train(*SINE, "+trainer.overfit_batches=2", "trainer.log_every_n_steps=1")
    assert json.loads((run / "metrics.json").read_text())["train/loss"] > 0


def test_a_dictionary_for_a_key_of_the_data_may_have_further_keys(train: Train) -> None:
    given = "data.target={unit: subwords, max_size: 70}"
    run = train("task=translation", given, *small("translation"), *BRIEF, "callbacks.progress=null")
    assert OmegaConf.load(run / "config.yaml").data.target == {"unit": "subwords", "max_size": 70}
    assert len(Vocabulary.from_json(load(run).spec.target_vocabulary)) <= 70
