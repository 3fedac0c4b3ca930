"""Checkpoints of small trained models, to be changed by tests."""

import io
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint

from seqmodels.assembly import build_mapping, instantiate
from seqmodels.auto_values import Amount, chosen_by
from seqmodels.checkpoints import AtomicCheckpointIO
from seqmodels.checkpoints.digests import with_digests
from seqmodels.train import CONFIGS
from tests.train.small import small

TINY = ("model.hidden_size=4", "model.embedding_size=4", "run_dir=run")


def config(task: str, *changes: str) -> dict[str, Any]:
    """The config of a task, of little data and few units."""
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS.resolve()), version_base="1.3"):
        composed = compose("train", overrides=[f"task={task}", *small(task), *TINY, *changes])
    plain: Any = OmegaConf.to_container(composed, resolve=True)
    return chosen_by(plain, Amount(rows=200, length=10))[0]


@cache
def trained(task: str) -> bytes:
    """The checkpoint of a short training, with optimizer, callbacks and all."""
    plain = config(task)
    data = instantiate(plain["data"])
    data.setup()
    folder = Path(tempfile.mkdtemp())
    try:
        trainer = pl.Trainer(
            **{"accelerator": "cpu", "max_epochs": 1, "limit_train_batches": 2, "limit_val_batches": 1},
            callbacks=[ModelCheckpoint(folder, monitor="val/loss"), EarlyStopping("val/loss")],
            plugins=[AtomicCheckpointIO()],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(build_mapping(plain, data.spec), data)
        trainer.save_checkpoint(folder / "run.ckpt")
        return (folder / "run.ckpt").read_bytes()
    finally:
        shutil.rmtree(folder)


def state_of(task: str) -> dict[str, Any]:
    """What that checkpoint holds, for a test to change."""
    state: dict[str, Any] = torch.load(io.BytesIO(trained(task)), weights_only=True)
    return state


def write(state: Mapping[str, Any], path: Path) -> Path:
    """A checkpoint with right digests, as an attacker would write it."""
    torch.save(with_digests(state), path)
    return path


def write_unchecked(state: Mapping[str, Any], path: Path) -> Path:
    """A checkpoint with the digests that stand in it, or none."""
    torch.save(dict(state), path)
    return path


def write_pickle(content: bytes, path: Path) -> Path:
    """A checkpoint whose pickle is replaced."""
    with zipfile.ZipFile(io.BytesIO(trained("sine"))) as before, zipfile.ZipFile(path, "w") as after:
        for record in before.infolist():
            is_pickle = record.filename.endswith("/data.pkl")
            after.writestr(record.filename, content if is_pickle else before.read(record))
    return path


def at(state: Any, place: str) -> tuple[Any, Any]:
    """The container and the key of a place such as `seqmodels.recipe.task.mapping` or `optimizer_states.0.state`."""
    *path, last = place.split(".")
    for name in path:
        state = state[int(name) if isinstance(state, list) else name]
    return state, int(last) if isinstance(state, list) else last
