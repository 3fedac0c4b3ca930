"""What readers of music share: pieces in splits, and every training piece in several keys."""

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source, locate
from seqmodels.data.music.chorales import cut
from seqmodels.data.music.transposition import each_in_one_key, semitones
from seqmodels.data.orders import Order, by_length, in_order
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.splits import check_filled, origins_of

Piece = TypeVar("Piece")


class MusicData(SequenceData, Generic[Piece]):
    """Pieces of music. A reader implements `read` and `lengths`, and a `load` which calls `read_splits` first.

    Attributes:
        pieces: those of each split; set by `read_splits`.
        shifts: in which keys the pieces of each split come, in semitones upwards.

    Args:
        path: a file or folder as `files.locate` takes it; None to `generate`.
        generate: makes pieces from a seed, used where there is no `path`; they are cut into 80, 10 and 10 %.
        transpose: a training piece comes, in each epoch, moved by a number of semitones drawn anew, at most so many
            up or down. Validation and test stay as they are.
        steps_per_beat: of MIDI files.
        on_error: whether a piece that cannot be read stops everything, or is skipped.
        batch_size: pieces of a batch.
        seed: of the generated pieces, of a cut, of transpositions and of the order of training.

    Raises:
        ValueError: there is neither a file nor a generator, or a number is out of range.
    """

    pieces: dict[Split, list[Piece]]

    def __init__(
        self,
        *,
        path: Source | None = None,
        generate: Callable[[int], list[Piece]] | None = None,
        transpose: int = 0,
        steps_per_beat: int,
        on_error: OnError = "stop",
        batch_size: int,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of music or a function that generates it, got neither")
        if steps_per_beat < 1:
            raise ValueError(f"steps_per_beat must be at least 1, got {steps_per_beat}")
        self.path, self.generate, self.steps_per_beat = path, generate, steps_per_beat
        self.shifts: dict[Split, range] = {"train": semitones(transpose), "val": range(1), "test": range(1)}
        self.errors = RowErrors(on_error)

    @abstractmethod
    def read(self, path: Path) -> dict[Split, list[Piece]]:
        """The pieces of each split of a file or folder."""

    @abstractmethod
    def lengths(self, split: Split) -> Tensor:
        """The length of each piece, by which pieces are put together in a batch."""

    def read_splits(self) -> None:
        """Read or generate the pieces.

        Raises:
            ValueError: a split has none.
        """
        self._origins, self.pieces = self._read()
        check_filled("pieces", self.pieces, self._origins, self.errors)

    def order(self, split: Split) -> Order:
        """Training pieces of similar length together, each in one of its keys; the others as they come."""
        count = len(self.pieces[split])
        if split != "train":
            return in_order(count, self.batch_size)
        return each_in_one_key(by_length(self.lengths(split), self.batch_size), count, len(self.shifts[split]))

    def describe(self) -> dict[str, str]:
        """Where the pieces come from, how many there are, and in which keys."""
        most = self.shifts["train"][-1]
        lines = {
            "data": self._origins["train"],
            "pieces": ", ".join(f"{len(self.pieces[split]):,} {split}" for split in SPLITS),
            "training keys": f"moved by up to {most} semitones" if most else "as written",
        }
        return lines | self.errors.summary()

    def _read(self) -> tuple[dict[Split, str], dict[Split, list[Piece]]]:
        if self.path is not None:
            path = locate(self.path)
            return origins_of({"train": path}), self.read(path)
        assert self.generate is not None
        pieces = self.generate(self.seed)
        splits = cut(pieces, [str(piece) for piece in pieces], self.seed)
        return dict.fromkeys(SPLITS, generated_by(self.generate)), splits
