"""What every reader of a file format gives: batches by split, their description, and a floor."""

from abc import ABC, abstractmethod
from typing import Literal

import pytorch_lightning as pl
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels.data.batches import EpochBatches, Order, ResumableLoader
from seqmodels.types import Batch, DataSpec

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = ("train", "val", "test")


class SequenceData(pl.LightningDataModule, ABC):
    """Batches for training, validation and test, and the `DataSpec` that says what they hold.

    A reader implements `load`, which fills `examples` and `spec`, and `order`. Sizes are known after `setup`.

    Attributes:
        spec: what the batches hold; set by `load`.
        examples: by split, a dataset which gives the `Batch` of a list of indices; set by `load`.
        vectors: pretrained embedding, one row per vocabulary entry, or None; may be set by `load`.

    Args:
        batch_size: rows of a batch.
        seed: of every random choice: generated data, splits, order of the batches.
    """

    spec: DataSpec
    examples: dict[Split, Dataset[Batch]]
    vectors: Tensor | None = None

    def __init__(self, batch_size: int, seed: int) -> None:
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"batch_size must be at least 1, got {batch_size}")
        self.batch_size = batch_size
        self.seed = seed

    @abstractmethod
    def load(self) -> None:
        """Read the files or generate the data; set `examples` and `spec`."""

    @abstractmethod
    def order(self, split: Split) -> Order:
        """How the examples of a split are batched."""

    @abstractmethod
    def floor(self) -> dict[str, float]:
        """What a cheap baseline reaches on the test part, by the names of the metrics (`accuracy`, `mse`, ...)."""

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """A few lines for the summary of a run: where the data comes from and how much there is."""

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002
        """Load once, whatever the stage."""
        if not hasattr(self, "spec"):
            self.load()

    def loader(self, split: Split) -> ResumableLoader:
        """The batches of one split."""
        return ResumableLoader(self.examples[split], EpochBatches(self.order(split), self.seed))

    def train_dataloader(self) -> ResumableLoader:
        """The batches to train on."""
        return self.loader("train")

    def val_dataloader(self) -> ResumableLoader:
        """The batches a model is chosen by."""
        return self.loader("val")

    def test_dataloader(self) -> ResumableLoader:
        """The batches that are looked at once."""
        return self.loader("test")
