"""Train a model: compose, build, fit, test. `train.py` and `seqmodels train` both run this."""

import logging
import os
import shlex
import sys
import threading
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf, open_dict
from pytorch_lightning.callbacks import ModelCheckpoint, Timer

from seqmodels import console
from seqmodels.assembly import build_mapping, instantiate, parameter_count
from seqmodels.auto_values import Amount, chosen_by, without_auto
from seqmodels.callbacks import History, HyperparameterTable, LastCheckpoint, Predictions, RandomState
from seqmodels.callbacks.board import RunBoard
from seqmodels.callbacks.event_files import cut_event_files
from seqmodels.callbacks.hooks import Unprofiled, drop_empty_hooks
from seqmodels.callbacks.hyperparameter_table import flatten
from seqmodels.callbacks.signals import Interrupted
from seqmodels.checkpoints import AtomicCheckpointIO, read_checkpoint
from seqmodels.commands import is_named_by_a_person, resume_command, use_command
from seqmodels.config_errors import config_errors
from seqmodels.config_values import check_values
from seqmodels.data import SequenceData
from seqmodels.data.checksums import verify_always
from seqmodels.environment import typed_command, write_environment
from seqmodels.freed_memory import keep_freed_memory
from seqmodels.jobs import Jobs
from seqmodels.key_errors import ConfigError, naming_keys
from seqmodels.mappings import SequenceMapping
from seqmodels.overrides import with_booleans, with_new_keys
from seqmodels.results import Results, why_it_ended
from seqmodels.run_claim import claim
from seqmodels.run_comparison import compare, finished
from seqmodels.run_end import recorded_end
from seqmodels.run_folder import RunFolder, RunInputs, now
from seqmodels.run_log import record, recording
from seqmodels.run_names import register_names
from seqmodels.runs import Run

PACKAGED = Path(__file__).parent / "configs"
CONFIGS = PACKAGED if PACKAGED.is_dir() else Path(__file__).parent.parent / "configs"


def train(config: DictConfig, *, command: Sequence[str] = ()) -> float | None:
    """Build what the config names, fit it, test the best checkpoint, and leave everything in the run folder.

    Args:
        config: of the training.
        command: the words of the command line, kept in the run folder.

    Returns:
        The best value of the monitored metric: what a sweep optimises.
    """
    check_values(without_auto(_plain(config)))
    resume, overwrite = config.resume, config.overwrite
    with claim(config.run_dir, resume=resume, overwrite=overwrite, exact=is_named_by_a_person()) as folder:
        with open_dict(config):
            config.run_dir = str(folder.path)
        plain = _plain(config)
        if resume and not folder.resumes:
            console.note(f"there is no checkpoint in {folder.path} to resume from: the training starts anew")
        training = Training(plain, folder)
        if folder.resumes and (ended := training.finished()):
            console.note(ended)
            return None
        with recorded_end(folder):
            return training.run(command)


class Training:
    """A training and its test, in a run folder.

    Args:
        plain: the config, in plain values.
        folder: claimed for it.

    Raises:
        ConfigError: a value cannot be used.
        RunFolderError: the run in the folder cannot be resumed with this config and data.
    """

    def __init__(self, plain: dict[str, Any], folder: RunFolder) -> None:
        self.folder = folder
        with naming_keys(plain):
            pl.seed_everything(plain["seed"], verbose=False)
            self.data: SequenceData = instantiate(without_auto(plain)["data"])
            self.data.order_seed = plain["seed"]
            with verify_always(plain["verify"]):
                self.data.setup()
            self.plain, self.chosen = chosen_by(plain, Amount(*self.data.amount()))
            plain = self.plain
            self.data.batch_size = plain["data"].get("batch_size", self.data.batch_size)
            self.mapping: SequenceMapping = build_mapping(plain, self.data.spec, vectors=self.data.vectors)
            self.history, self.timer = History(), Timer()
            self.last = LastCheckpoint(folder.last, **plain["checkpoint"])
            self.trainer = self._trainer()
            self.engine = console.engine_of(self.mapping)
            self.baseline = {f"test/{name}": value for name, value in self.data.baseline().items()}
        self.inputs = RunInputs(plain, self.data.digest(), self.data.spec.to_dict())
        if folder.resumes:
            compare(folder.read_inputs(), self.inputs)

    def finished(self) -> str | None:
        """Return that there is nothing left to do, and which key would change that; None if there is."""
        return finished(self.folder, self.plain)

    def run(self, command: Sequence[str] = ()) -> float | None:
        """Fit and test, and write the results; return the best value of the monitored metric."""
        checkpoint = read_checkpoint(self.folder.last) if self.folder.resumes else None
        if checkpoint is not None:
            cut_event_files(self.folder.path, checkpoint["event_files"])
        self.folder.start(self.inputs)
        given = HydraConfig.get().overrides
        overrides = {"task": given.task, "hydra": given.hydra}
        write_environment(self.folder, command, overrides, self.trainer.strategy.root_device)
        with recording(self.folder.train_log):
            record(f"{now()}  {shlex.join(command)}")
            console.show_summary(self.folder, self.data, self.mapping, resume_command(self.folder.path))
            if self.chosen:
                console.note(f"chosen by the data: {self.chosen}")
            keep_freed_memory()
            return self._fit_and_test(checkpoint is not None)

    def _fit_and_test(self, resumes: bool) -> float | None:
        with naming_keys(self.plain), self.last.flag.installed():
            self.trainer.fit(
                self.mapping, self.data, ckpt_path=self.folder.last if resumes else None, weights_only=True
            )
            if self.last.flag.received is not None:
                raise Interrupted(self.last.flag.received, "behind the training, before its test")
            if not self.trainer.global_step:
                raise ConfigError(f"nothing was trained, so nothing is tested: {why_it_ended(self.trainer).reason}")
            results = self._tested()
        self.folder.write_json(self.folder.metrics, results.as_dict())
        self.folder.set_state("finished", results.end.reason, limit=results.end.limit)
        resume = resume_command(self.folder.path, changed=results.end.limit)
        use = use_command(self.folder.path, Run(self.mapping))
        console.show_results(results, self.folder.path, f"{resume} {results.end.limit}=<more>", use)
        best = self._best()
        return None if best is None or best.best_model_score is None else float(best.best_model_score)

    def _tested(self) -> Results:
        """Test the best checkpoint; where there was no validation to choose it by, the last state."""
        end, best = why_it_ended(self.trainer), self._best()
        epoch, step = self.trainer.current_epoch - 1, self.trainer.global_step
        if best is not None and best.best_model_path:
            # Not by the trainer's ckpt_path: of averaged weights, that would test the last instead.
            state = read_checkpoint(Path(best.best_model_path))
            self.mapping.load_state_dict(state["state_dict"])
            epoch, step = state["epoch"], state["global_step"]
        self.trainer.test(self.mapping, self.data, verbose=False)
        tested = {name: float(value) for name, value in self.trainer.callback_metrics.items() if "test/" in name}
        return Results(
            metrics={**self.history.at(epoch, step), **tested},
            baseline=self.baseline,
            epoch=epoch + 1,
            step=step,
            end=end,
            parameters=parameter_count(self.mapping),
            engine=self.engine,
            training_seconds=self.timer.time_elapsed("train"),
        )

    def _best(self) -> ModelCheckpoint | None:
        saving = [each for each in self.trainer.checkpoint_callbacks if isinstance(each, ModelCheckpoint)]
        return saving[0] if saving else None

    def _trainer(self) -> pl.Trainer:
        """Return Lightning's trainer, with the callbacks of the config and TensorBoard's files in the run folder."""
        plain, task = self.plain, self.plain["task"]
        callbacks = [instantiate(callback) for callback in plain["callbacks"].values() if callback]
        table = HyperparameterTable(hyperparameters(plain), task["monitor"], task["mode"])
        predictions = Predictions(self.folder.predictions)
        arguments = {"profiler": Unprofiled(), **plain["trainer"]}
        batches, limit = len(self.data.train_dataloader()), arguments.get("limit_train_batches")
        if limit is not None:
            batches = min(batches, limit) if isinstance(limit, int) else int(batches * limit)
        arguments["log_every_n_steps"] = min(arguments["log_every_n_steps"], max(batches, 1))
        trainer = pl.Trainer(
            **arguments,
            default_root_dir=self.folder.path,
            logger=RunBoard(self.folder.path),
            callbacks=[*callbacks, table, self.history, self.timer, predictions, RandomState(), self.last],
            plugins=[AtomicCheckpointIO()],
            enable_model_summary=False,
        )
        drop_empty_hooks(trainer.callbacks)  # type: ignore[attr-defined]
        return trainer


def hyperparameters(plain: dict[str, Any]) -> dict[str, Any]:
    """Return the values of the config that tell runs apart, for TensorBoard's table."""
    choices = HydraConfig.get().runtime.choices
    groups = ("task", "data", "model", "optimizer", "scheduler")
    values = flatten({group: plain[group] for group in ("data", "model", "optimizer", "scheduler", "trainer")})
    shown = {name: value for name, value in values.items() if not name.rpartition(".")[2].startswith("_")}
    return {**{group: str(choices[group]) for group in groups}, "seed": plain["seed"], **shown}


def _plain(config: DictConfig) -> dict[str, Any]:
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return plain


def quiet() -> None:
    """Keep Lightning's advice, and warnings of what is meant, from the terminal."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    for message in (
        ".*does not have many workers",
        "Checkpoint directory .* exists",
        ".*treespec, LeafSpec",
        "The dirpath has changed",
    ):
        warnings.filterwarnings("ignore", message=message)
    # An error of TensorBoard's thread is raised again where the next value is logged.
    threading.excepthook = lambda _: None


def main() -> None:
    """Compose the config from the command line and train; in a sweep, each of its jobs."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    quiet()
    register_names()
    command = typed_command(sys.argv)
    sys.argv[1:] = with_booleans(with_new_keys(sys.argv[1:]))
    jobs = Jobs(partial(train, command=command))
    run = hydra.main(config_path=str(CONFIGS), config_name="train", version_base="1.3")(jobs.run)
    with config_errors():
        run()
    jobs.finish()
