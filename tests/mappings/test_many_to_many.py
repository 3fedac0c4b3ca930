from pathlib import Path
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from seqmodels.assembly import build_mapping
from seqmodels.data import CorpusData
from seqmodels.mappings import ManyToMany
from seqmodels.types import Batch, DataSpec
from tests.mappings.models import recipe

SPEC = DataSpec("tokens", input_size=11, output_size=11, vocabulary=None, streams=True)
TEXT = "the quick brown fox jumps over the lazy dog. " * 40


def language_model(spec: DataSpec = SPEC, **model: Any) -> ManyToMany:
    mapping = build_mapping(recipe(mapping="ManyToMany", objective="Language", **model), spec)
    assert isinstance(mapping, ManyToMany)
    return mapping


def corpus() -> CorpusData:
    data = CorpusData(path=None, generate=lambda: TEXT, steps=10, batch_size=4, seed=0)
    data.setup()
    return data


def test_chunks_with_carried_state_answer_as_the_whole() -> None:
    mapping = language_model(num_layers=2)
    tokens = torch.randint(11, (3, 30))
    whole, _ = mapping(tokens, torch.full((3,), 30))
    parts = [mapping.respond(Batch(part, part, torch.full((3,), 10)), "val")[0] for part in tokens.split(10, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)


def test_gradients_stop_at_the_seam() -> None:
    mapping = language_model()
    first, second = torch.randint(11, (2, 5)), torch.randint(11, (2, 5))
    mapping.respond(Batch(first, first, torch.full((2,), 5)), "train")
    assert "train" not in mapping.carried
    mapping.commit_step()
    assert not any(tensor.requires_grad for tensor in mapping.carried["train"][0])
    before = mapping.carried["train"][0].h.clone()
    mapping.respond(Batch(second, second, torch.full((2,), 5)), "train")
    assert torch.equal(before, mapping.carried["train"][0].h)
    mapping.commit_step()
    assert not torch.equal(before, mapping.carried["train"][0].h)


def test_nothing_is_carried_where_rows_are_independent() -> None:
    mapping = language_model(DataSpec("tokens", input_size=11, output_size=11))
    tokens = torch.randint(11, (2, 5))
    once, _ = mapping.respond(Batch(tokens, tokens, torch.full((2,), 5)), "train")
    again, _ = mapping.respond(Batch(tokens, tokens, torch.full((2,), 5)), "train")
    torch.testing.assert_close(once, again)
    assert not mapping.carried


def test_validation_leaves_the_state_of_training_alone() -> None:
    mapping = language_model()
    tokens = torch.randint(11, (2, 5))
    mapping.respond(Batch(tokens, tokens, torch.full((2,), 5)), "train")
    mapping.commit_step()
    kept = mapping.carried["train"]
    mapping.respond(Batch(tokens, tokens, torch.full((2,), 5)), "val")
    assert mapping.carried["train"] is kept


def test_steps_past_a_rows_end_do_not_count() -> None:
    mapping = language_model()
    tokens = torch.randint(11, (2, 5))
    output, valid = mapping.respond(Batch(tokens, tokens, torch.tensor([5, 2])), "val")
    changed = tokens.clone()
    changed[1, 2:] = 0
    assert valid.sum() == 7
    assert mapping.objective.loss(output, tokens, valid) == mapping.objective.loss(output, changed, valid)


def trainer(folder: Path, steps: int, *callbacks: pl.Callback) -> pl.Trainer:
    return pl.Trainer(
        default_root_dir=folder,
        max_steps=steps,
        logger=False,
        callbacks=list(callbacks),
        enable_checkpointing=bool(callbacks),
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
    )


@pytest.mark.filterwarnings("ignore:Checkpoint directory")
@pytest.mark.parametrize("stop", [3, 41])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path, stop: int) -> None:
    """Stopped within the first epoch, and at the end of one."""
    data = corpus()
    assert len(data.train_dataloader()) == 41
    torch.manual_seed(0)
    whole = language_model(data.spec)
    begun = language_model(data.spec)
    begun.load_state_dict(whole.state_dict())
    trainer(tmp_path, 50).fit(whole, data)

    def keep() -> ModelCheckpoint:
        return ModelCheckpoint(dirpath=tmp_path, filename="{step}", every_n_train_steps=stop, save_top_k=-1)

    trainer(tmp_path, 50, keep()).fit(begun, corpus())
    path = tmp_path / f"step={stop}.ckpt"
    assert torch.load(path, weights_only=True)["global_step"] == stop

    resumed = language_model(data.spec)
    trainer(tmp_path, 50, keep()).fit(resumed, corpus(), ckpt_path=path, weights_only=True)
    for name, parameter in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], parameter, rtol=0, atol=0, msg=name)
