"""Train a model: compose, build, fit, test. `train.py` and `seqmodels train` both run this."""

import json
import logging
import os
import shlex
import sys
import time
import warnings
from pathlib import Path
from typing import Any, cast

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import TensorBoardLogger

from seqmodels import console
from seqmodels.assembly import build_mapping, instantiate, parameter_count
from seqmodels.callbacks import HyperparameterTable
from seqmodels.callbacks.hooks import Unprofiled, drop_empty_hooks
from seqmodels.callbacks.hyperparameter_table import flatten
from seqmodels.config_errors import config_errors
from seqmodels.data import SequenceData
from seqmodels.freed_memory import keep_freed_memory
from seqmodels.mappings import SequenceMapping
from seqmodels.runs import read_checkpoint

PACKAGED = Path(__file__).parent / "configs"
CONFIGS = PACKAGED if PACKAGED.is_dir() else Path(__file__).parent.parent / "configs"


def train(config: DictConfig) -> float | None:
    """Build what the config names, fit it, test the best checkpoint, and leave everything in the run folder.

    Returns:
        The best value of the monitored metric: what a sweep optimises.
    """
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    run = Path(plain["run_dir"])
    with console.one_line_errors(run):
        pl.seed_everything(plain["seed"], verbose=False)
        data: SequenceData = instantiate(plain["data"])
        data.setup()
        mapping = build_mapping(plain, data.spec, vectors=data.vectors)
        trainer = build_trainer(plain, run, num_batches=len(data.train_dataloader()))
        last = run / "checkpoints" / "last.ckpt"
        resuming = plain["resume"] and last.exists()
        if resuming:
            read_checkpoint(last)
        engine = console.engine_of(mapping)
        floor = {f"test/{name}": value for name, value in data.floor().items()}
    OmegaConf.save(config, run / "config.yaml", resolve=True)
    console.show_summary(run, data, mapping, resumed_from=last if resuming else None)
    keep_freed_memory()
    started = time.perf_counter()
    fit(trainer, mapping, data, last if resuming else None)
    seconds = time.perf_counter() - started
    measured = dict(trainer.callback_metrics)
    best = cast(ModelCheckpoint, trainer.checkpoint_callback)
    if best.best_model_path:  # Not by the trainer's ckpt_path: of averaged weights, that would test the last instead.
        mapping.load_state_dict(read_checkpoint(Path(best.best_model_path))["state_dict"])
    trainer.test(mapping, data, verbose=False)
    tested = trainer.callback_metrics
    names = [f"{split}/{name.removeprefix('test/')}" for split in ("train", "val", "test") for name in tested]
    report = {
        **{name: float(value) for name, value in {**measured, **tested}.items() if name in names},
        "floor": floor,
        "parameters": parameter_count(mapping),
        "engine": engine,
        "training_seconds": round(seconds, 2),
    }
    (run / "metrics.json").write_text(json.dumps(report, indent=2) + "\n")
    console.show_results(report, run, resume_command(run))
    return None if best.best_model_score is None else float(best.best_model_score)


def build_trainer(plain: dict[str, Any], run: Path, num_batches: int) -> pl.Trainer:
    """Lightning's trainer, with the callbacks of the config and TensorBoard's files in the run folder."""
    often = min(plain["trainer"]["log_every_n_steps"], num_batches)
    callbacks = [instantiate(callback) for callback in plain["callbacks"].values() if callback]
    choices = HydraConfig.get().runtime.choices
    task = plain["task"]
    table = HyperparameterTable(hyperparameters(plain, dict(choices)), task["monitor"], task["mode"])
    logger = TensorBoardLogger(save_dir=run, name="", version="", default_hp_metric=False)
    trainer = pl.Trainer(
        **{"profiler": Unprofiled(), **plain["trainer"], "log_every_n_steps": often},
        default_root_dir=run,
        logger=logger,
        callbacks=[*callbacks, table],
        enable_model_summary=False,
    )
    drop_empty_hooks(trainer.callbacks)  # type: ignore[attr-defined]
    return trainer


def hyperparameters(plain: dict[str, Any], choices: dict[str, Any]) -> dict[str, Any]:
    """The part of the config that tells runs apart, for TensorBoard's table."""
    groups = ("task", "data", "model", "optimizer", "scheduler")
    values = flatten({group: plain[group] for group in ("data", "model", "optimizer", "scheduler", "trainer")})
    shown = {name: value for name, value in values.items() if not name.rpartition(".")[2].startswith("_")}
    return {**{group: str(choices[group]) for group in groups}, "seed": plain["seed"], **shown}


def fit(trainer: pl.Trainer, mapping: SequenceMapping, data: SequenceData, last: Path | None) -> None:
    """Train; on Ctrl-C say how to go on."""
    try:
        trainer.fit(mapping, data, ckpt_path=last, weights_only=True)
    except SystemExit:
        run = Path(trainer.default_root_dir)
        last = run / "checkpoints" / "last.ckpt"
        kept = f"kept in {last}; go on with: {resume_command(run)}" if last.exists() else "nothing was kept"
        console.fail(f"interrupted at step {trainer.global_step}, {kept}")


def resume_command(run: Path) -> str:
    """The command that goes on with this run."""
    program = ["seqmodels", "train"] if sys.argv[0].startswith("seqmodels") else ["python", sys.argv[0]]
    given = [a for a in HydraConfig.get().overrides.task if not a.startswith("resume=")]
    folder = os.path.relpath(run)
    quoted = f'"{folder}"' if set(folder) & set(",=") else folder  # Hydra would take a comma for a sweep
    return shlex.join([*program, *given, f"hydra.run.dir={quoted}", "resume=true"])


def quiet() -> None:
    """Keep Lightning's advice, and warnings of what is meant, from the terminal."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for message in (".*does not have many workers", "Checkpoint directory .* exists", ".*treespec, LeafSpec"):
        warnings.filterwarnings("ignore", message=message)


def main() -> None:
    """Compose the config from the command line and train."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    quiet()
    run = hydra.main(config_path=str(CONFIGS), config_name="train", version_base="1.3")(train)
    with config_errors():
        run()
