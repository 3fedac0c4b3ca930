"""A whole training against a bare PyTorch loop over the same model and the same batches, in alternating segments."""

import copy
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf, open_dict
from torch import Tensor, nn

from seqmodels.benchmark.results import Row
from seqmodels.benchmark.timing import ratios, spread
from seqmodels.mappings import SequenceMapping
from seqmodels.run_folder import RunFolder
from seqmodels.train import CONFIGS, Training, quiet
from seqmodels.types import Batch

TASKS = ("sentiment", "char_lm")
SEGMENT = 20


class BareLoop:
    """Network, loss, backward pass, clipping, optimizer step: what no training can do without.

    Args:
        mapping: a model of its own.
        clip: norm to which gradients are clipped.
    """

    def __init__(self, mapping: SequenceMapping, clip: float) -> None:
        mapping.make_scheduler = None
        self.mapping, self.clip = mapping, clip
        self.optimizer: Any = mapping.configure_optimizers()

    def __call__(self, batches: Sequence[Batch]) -> list[Tensor]:
        """Train on batches that are there; the loss on each."""
        losses = []
        for batch in batches:
            output, valid = self.mapping.respond(batch, "train")
            loss = self.mapping.objective.loss(output, batch.targets, valid)
            self.optimizer.zero_grad()
            loss.backward()
            self.mapping.commit_step()
            nn.utils.clip_grad_norm_(self.mapping.parameters(), self.clip)
            self.optimizer.step()
            losses.append(loss.detach())
        return losses


class Alternate(pl.Callback):
    """After every segment of a training, the bare loop over the batches of that segment; both are timed.

    A segment runs from the start of a batch to the start of the batch so many steps later: fetching and collating
    batches, the steps, logging and every other callback are in it. A segment with the end of an epoch in it does not
    count: the bare loop has no validation and no checkpoints. Neither does the first: it is the warm-up.

    Attributes:
        trainer_seconds: of a step, by segment.
        bare_seconds: likewise.

    Args:
        bare: the bare loop.
        rounds: segments that are counted.
        steps: of a segment.
        clock: gives seconds.
    """

    def __init__(
        self,
        bare: Callable[[Sequence[Batch]], list[Tensor]],
        rounds: int,
        steps: int,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.bare, self.rounds, self.steps, self.clock = bare, rounds, steps, clock
        self.trainer_seconds: list[float] = []
        self.bare_seconds: list[float] = []
        self.batches: list[Batch] = []
        self.losses: list[Tensor] = []
        self.started = 0.0
        self.is_warm = False

    def on_train_batch_start(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,  # noqa: ARG002
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Close a segment and open the next."""
        if batch_idx == 0:
            self._open()
        if len(self.batches) < self.steps:
            self.batches.append(batch)
            return
        taken = (self.clock() - self.started) / self.steps
        begin = self.clock()
        losses = self.bare(self.batches)
        bare = (self.clock() - begin) / self.steps
        if self.is_warm:
            self.trainer_seconds.append(taken)
            self.bare_seconds.append(bare)
        else:
            self._check(losses[0])
        self.is_warm = True
        trainer.should_stop = len(self.trainer_seconds) >= self.rounds
        self._open()
        self.batches.append(batch)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,  # noqa: ARG002
        pl_module: pl.LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Batch,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Remember the very first loss."""
        if not self.losses:
            self.losses.append(outputs["loss"].detach())

    def _open(self) -> None:
        self.batches = []
        self.started = self.clock()

    def _check(self, loss: Tensor) -> None:
        """Both started from the same parameters: the first loss is the same, or they do not do the same."""
        if not torch.allclose(loss, self.losses[0], rtol=1e-4):
            raise ValueError(f"the bare loop starts at a loss of {loss}, the trainer at {self.losses[0]}")


def measure(task: str, rounds: int, threads: int, *overrides: str, steps: int = SEGMENT) -> list[Row]:
    """The rows of a task: the bare loop, and the trainer beside it.

    Args:
        task: name of its config.
        rounds: segments of each that are timed.
        threads: of the process, for the record.
        overrides: of the config.
        steps: of a segment.
    """
    quiet()
    with tempfile.TemporaryDirectory() as folder:
        plain = _composed(task, folder, *overrides)
        training = Training(plain, RunFolder(folder))
        bare = BareLoop(copy.deepcopy(training.mapping), plain["trainer"]["gradient_clip_val"])
        alternate = Alternate(bare, rounds, steps)
        training.trainer.callbacks.append(alternate)  # type: ignore[attr-defined]
        training.trainer.fit(training.mapping, training.data)
    return _rows(task, HydraConfig.get().runtime.choices["model"], alternate, threads)


def _composed(task: str, folder: str, *overrides: str) -> dict[str, Any]:
    """The config as the command line composes it, with epochs enough, for a training on the CPU."""
    given = [f"task={task}", f"run_dir={folder}", "trainer.max_epochs=1000", "trainer.accelerator=cpu", *overrides]
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("train", [*given, "~callbacks.early_stopping"], return_hydra_config=True)
    HydraConfig.instance().set_config(config)
    with open_dict(config):
        config.pop("hydra")
    plain: dict[str, Any] = OmegaConf.to_container(config, resolve=True)  # type: ignore[assignment]
    return plain


def _rows(task: str, model: str, alternate: Alternate, threads: int) -> list[Row]:
    rows = []
    for contender, taken in (("bare loop", alternate.bare_seconds), ("trainer", alternate.trainer_seconds)):
        seconds, ratio = spread(taken), spread(ratios(alternate.bare_seconds, taken))
        rows.append(
            Row(
                suite="trainer",
                cell=model,
                mode=task,
                threads=threads,
                contender=contender,
                peer="bare loop",
                rounds=len(taken),
                repeats=alternate.steps,
                seconds=seconds.median,
                seconds_least=seconds.least,
                seconds_most=seconds.most,
                ratio=ratio.median,
                ratio_least=ratio.least,
                ratio_most=ratio.most,
            )
        )
    return rows
