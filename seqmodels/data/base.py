"""What every reader of a file format gives: batches by split, their description, and a baseline."""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence, Sized
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, cast

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.batches import EpochBatches, ResumableLoader
from seqmodels.data.orders import Order
from seqmodels.types import Batch, DataSpec

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")
MAX_DIGEST_EXAMPLES, MAX_DIGEST_BYTES = 4096, 1 << 22


def in_time(num_steps: int, held_out: Sequence[float]) -> dict[Split, range]:
    """Cut the steps of a series or a text: first what is trained on, then validation, then test.

    Args:
        num_steps: to cut.
        held_out: fractions for validation and test, rounded up to whole steps. With none for test, the
            validation split is also the test split.

    Raises:
        ValueError: `held_out` is not two such fractions.

    Example:
        >>> in_time(10, (0.2, 0.1))
        {'train': range(0, 7), 'val': range(7, 9), 'test': range(9, 10)}
    """
    if len(held_out) != 2 or not (held_out[0] > 0 and held_out[1] >= 0 and sum(held_out) < 1):
        raise ValueError(
            f"held_out must be two fractions, for val (not 0) and for test, below 1 in sum, got {held_out}"
        )
    # Rounded first: 0.07 * 100 is a little more than 7.
    num_val, num_test = (math.ceil(round(num_steps * fraction, 6)) for fraction in held_out)
    end = max(num_steps - num_val - num_test, 0)
    val = range(end, min(end + num_val, num_steps))
    return {"train": range(end), "val": val, "test": range(val.stop, num_steps) if num_test else val}


def generated_by(generate: Callable[..., Any]) -> str:
    """What `describe` says of where generated data comes from.

    Example:
        >>> from functools import partial
        >>> generated_by(partial(in_time, 7))
        'in_time (generated)'
    """
    function = getattr(generate, "func", generate)
    return f"{getattr(function, '__name__', type(function).__name__)} (generated)"


class SequenceData(pl.LightningDataModule, ABC):
    """Batches for training, validation and test, and the `DataSpec` that says what they hold.

    A reader implements `load`, which fills `examples` and `spec`, and `order`. Sizes are known after `setup`.

    Attributes:
        spec: what the batches hold; set by `load`.
        examples: by split, a dataset with a length that gives the `Batch` of a list of indices; set by `load`.
        order_seed: of the order of the batches, where that differs from `seed`: trainings with several seeds can then
            be compared on the same data.
        training: the loader of the training that is going on.
        vectors: pretrained embedding, one row per vocabulary entry, or None; may be set by `load`.

    Args:
        batch_size: rows of a batch.
        seed: of every random choice: generated data, splits, order of the batches.
    """

    spec: DataSpec
    examples: dict[Split, Dataset[Batch]]
    vectors: Tensor | None = None
    training: ResumableLoader | None = None

    def __init__(self, batch_size: int, seed: int) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.batch_size = batch_size
        self.seed = self.order_seed = seed

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Say how an attribute that `load` sets comes to be there.

            Raises:
                AttributeError: always.
            """
            hint = " before setup() is called" if name in ("spec", "examples") else ""
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")

    @abstractmethod
    def load(self) -> None:
        """Read the files or generate the data; set `examples` and `spec`."""

    @abstractmethod
    def order(self, split: Split) -> Order:
        """How the examples of a split are batched."""

    @abstractmethod
    def baseline(self) -> dict[str, float]:
        """What a cheap baseline reaches on the test split, by names of metrics (`accuracy`, `mse`, ...)."""

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """A few lines for the summary of a run: where the data comes from and how much there is."""

    def digest(self) -> str:
        """Return a SHA-256 of the data, which tells whether two runs have the same.

        It covers how many examples each split has and, of these, up to 4,096 or 4 MiB, evenly spread, in their order.
        It does not depend on `batch_size`, except where an example is a batch of streams. Computed numbers may differ
        in their last digit, and so the digest, between kinds of processors.
        """
        digest = hashlib.sha256()
        for split in SPLITS:
            digest.update(f"{split} {len(cast(Sized, self.examples[split]))}".encode())
            for tensor in chain.from_iterable(_sampled(self.examples[split], 1 if self.spec.streams else 64)):
                if tensor is not None:
                    digest.update(f"{tensor.dtype} {tuple(tensor.shape)}".encode())
                    digest.update(tensor.contiguous().numpy().data)
        return digest.hexdigest()

    def amount(self) -> tuple[int, int]:
        """Return the number of training examples, and their median length in steps, of a sample evenly spread."""
        examples = self.examples["train"]
        lengths = torch.cat([batch.lengths for batch in _sampled(examples, 1 if self.spec.streams else 64)])
        return len(cast(Sized, examples)), int(lengths.median())

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002
        """Load once, whatever the stage."""
        if not hasattr(self, "spec"):
            self.load()

    def loader(self, split: Split) -> ResumableLoader:
        """The batches of one split."""
        return ResumableLoader(self.examples[split], EpochBatches(self.order(split), self.order_seed))

    def train_dataloader(self) -> ResumableLoader:
        """The batches to train on: always the same loader, which knows its place."""
        if self.training is None:
            self.training = self.loader("train")
        if self.trainer is not None:
            self.training.finished = partial(_finished_batches, self.trainer.fit_loop)
            self.training.batches.repeating = self.trainer.overfit_batches > 0  # type: ignore[attr-defined]
        return self.training

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:  # noqa: ARG002
        """Move a batch; where it is there already, this takes no time."""
        return Batch(*(None if tensor is None else tensor.to(device) for tensor in batch))  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, Any]:
        """The place within the epoch of training.

        Lightning keeps a loader's own place too, but forgets to restore it where a learning-rate schedule has asked
        for the number of steps.
        """
        return self.train_dataloader().state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from that place."""
        self.train_dataloader().load_state_dict(state_dict)

    def val_dataloader(self) -> ResumableLoader:
        """The batches a model is chosen by."""
        return self.loader("val")

    def test_dataloader(self) -> ResumableLoader:
        """The batches that are looked at once."""
        return self.loader("test")


def _finished_batches(loop: Any) -> int | None:
    """Return how many batches of the epoch Lightning's fit loop has finished; None between two epochs."""
    epochs = loop.epoch_progress.current
    return None if epochs.started == epochs.processed else loop.epoch_loop.batch_progress.current.processed


def _sampled(examples: Dataset[Batch], batch_size: int) -> Iterator[Batch]:
    """Yield examples evenly spread over a split, not too many and not too large."""
    number = len(cast(Sized, examples))
    if not number:
        return
    size = sum(tensor.nbytes for tensor in examples[[0]] if tensor is not None)
    count = min(number, MAX_DIGEST_EXAMPLES, max(MAX_DIGEST_BYTES // max(size, 1), 1))
    indices = [place * number // count for place in range(count)]
    for first in range(0, count, batch_size):
        yield examples[indices[first : first + batch_size]]
