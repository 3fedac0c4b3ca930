"""The batches of one epoch after another: drawn anew each epoch, resumable in the middle of one."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Generator
from torch.utils.data import DataLoader, Dataset, SequentialSampler

from seqmodels.data.orders import Order
from seqmodels.types import Batch

AT_ONCE = 8


class EpochBatches(SequentialSampler):
    """The batches of one epoch after another; knows its place and can be put back there.

    A `SequentialSampler` by name: with `overfit_batches`, Lightning puts one of its own in the place of any other
    sampler, which would not know of batches.

    Attributes:
        repeating: whether every epoch is like the first, as a trainer with `overfit_batches` expects it.

    Args:
        order: draws the batches of an epoch.
        seed: with the number of the epoch, it determines the draw.

    Raises:
        ValueError: there are no examples.
    """

    repeating = False

    def __init__(self, order: Order, seed: int) -> None:
        self.order = order
        self.seed = seed
        self.epoch = 0
        self.position = 0
        self._next = (0, 0)
        batches = order(Generator().manual_seed(seed))
        if not batches or not batches[0]:
            raise ValueError("expected at least one example in every batch, got none")
        self._length = len(batches)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[list[int]]:  # type: ignore[override]
        for batch in self.begin():
            self.position += 1
            yield batch

    def begin(self) -> Sequence[list[int]]:
        """Go to the next epoch, or on within it: the batches that are left of it."""
        self.epoch, self.position = self._next
        self._next = (self.epoch + 1, 0)
        drawn = 0 if self.repeating else self.epoch
        return self.order(Generator().manual_seed(self.seed + drawn))[self.position :]

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be that of `epoch`, unless it goes on within it; Lightning calls this."""
        if epoch != self._next[0]:
            self._next = (epoch, 0)

    def state_dict(self) -> dict[str, int]:
        """The epoch and how many of its batches were given out."""
        return {"epoch": self.epoch, "position": self.position}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Let the next iteration begin where `state` was taken: with no batches, where that was behind the last one."""
        self.epoch, self.position = state["epoch"], state["position"]
        self._next = (self.epoch, self.position)


class ResumableLoader(DataLoader[Batch]):
    """A `DataLoader` that Lightning can stop and continue in the middle of an epoch.

    A few batches are made in a row, then given out: between two training steps the processor has forgotten how, and
    takes four times as long for each.

    Attributes:
        finished: counts the batches of the epoch that were trained on, or gives None where the epoch is finished. It is
            set for training, where an interrupted batch was given out but must come again.

    Args:
        examples: indexed by a list of example indices, gives the `Batch` of them.
        batches: which examples, in which order.
    """

    finished: Callable[[], int | None] | None = None

    def __init__(self, examples: Dataset[Batch], batches: EpochBatches) -> None:
        super().__init__(examples, batch_size=None, sampler=batches)
        self.batches = batches

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        """The batches, with no more ado: there are no workers to be served."""
        batches = self.batches.begin()
        for first in range(0, len(batches), AT_ONCE):
            for batch in [self.dataset[indices] for indices in batches[first : first + AT_ONCE]]:
                self.batches.position += 1
                yield batch

    def state_dict(self) -> dict[str, Any]:
        """Return the place behind the last finished batch, or in front of the next epoch."""
        epoch, given = self.batches.epoch, self.batches.position
        position = self.finished() if self.finished is not None else given if given < len(self.batches) else None
        return {"epoch": epoch + 1, "position": 0} if position is None else {"epoch": epoch, "position": position}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from the place in `state`."""
        self.batches.load_state_dict(state)
