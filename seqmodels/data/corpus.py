"""Language modelling over the characters of a text, read as contiguous streams."""

import math
from collections.abc import Callable, Sequence
from itertools import chain

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn.functional import pad
from torch.utils.data import Dataset

from seqmodels.data.base import SequenceData, Split, in_time
from seqmodels.data.batches import Order, in_order
from seqmodels.data.files import Source, locate, open_text
from seqmodels.data.floors import witten_bell
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import Batch, DataSpec

EVALUATION_ROWS = 8
EVALUATION_STEPS = 512
PIECE = 10_000


class Streams(Dataset[Batch]):
    """A text cut into rows, and the rows into chunks: each chunk continues the rows of the one before.

    The target of a step is the token after it, so that all tokens but the first are predicted, each exactly
    once. Where the text does not fill all rows, the last ones are shorter or empty: `lengths` says so.

    Args:
        tokens: the text.
        rows: number of streams read side by side.
        steps: length of a chunk; the last chunk holds what is left.
    """

    def __init__(self, tokens: Int[Tensor, " time"], rows: int, steps: int) -> None:
        num_targets = len(tokens) - 1
        length = math.ceil(num_targets / rows)
        padded = pad(tokens, (0, rows * length - num_targets))
        self._inputs = padded[:-1].view(rows, length)
        self._targets = padded[1:].view(rows, length)
        self._lengths = (num_targets - length * torch.arange(rows)).clamp(0, length)
        self._steps = steps

    def __len__(self) -> int:
        return math.ceil(self._inputs.shape[1] / self._steps)

    def __getitem__(self, indices: list[int]) -> Batch:
        (chunk,) = indices
        start = chunk * self._steps
        inputs = self._inputs[:, start : start + self._steps]
        targets = self._targets[:, start : start + self._steps]
        return Batch(inputs, targets, (self._lengths - start).clamp(0, inputs.shape[1]))


class CorpusData(SequenceData):
    """The characters of a text, each predicted from all before it.

    The text is cut in order: training, validation, test. The training part becomes `batch_size` equally long
    rows (the few characters which do not fill a row are left out); a batch holds the next `steps` characters
    of every row, so a model may carry its state from batch to batch. Validation and test are read in at most
    8 rows and longer batches, which leaves out nothing and takes few predictions out of their context. The
    vocabulary is that of the training part; other characters are unknown.

    Args:
        path: a UTF-8 text file; None to `generate`.
        generate: makes the text; used where there is no `path`.
        steps: characters of a row in one training batch: how far back a gradient reaches.
        held_out: fractions of the text, at its end, for validation and for test. With none for test, the
            validation part is tested on.
        batch_size: rows read side by side in training.
        seed: has no effect, as the order is that of the text.

    Raises:
        ValueError: a size is not positive, or there is neither a file nor a generator. On loading: the text
            does not fill one training batch, or leaves nothing to predict in validation or test.

    Example:
        >>> data = CorpusData(generate=lambda: "to be or not to be " * 100, steps=10, batch_size=4)
        >>> data.setup()
        >>> first, second, *_ = data.train_dataloader()
        >>> vocabulary = Vocabulary.from_json(data.spec.vocabulary)
        >>> vocabulary.decode(first.inputs[0].tolist()), vocabulary.decode(second.inputs[0].tolist())
        ('to be or n', 'ot to be t')
    """

    def __init__(
        self,
        *,
        path: Source | None = None,
        generate: Callable[[], str] | None = None,
        steps: int = 64,
        held_out: Sequence[float] = (0.05, 0.05),
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("a corpus needs a path or a generator, got neither")
        if steps < 1:
            raise ValueError(f"steps must be at least 1, got {steps}")
        self.path, self.generate = path, generate
        self.steps, self.held_out = steps, held_out

    def load(self) -> None:
        """Read or generate the text, cut it into parts, those into streams."""
        self._origin, text = self._read()
        parts = in_time(len(text), self.held_out)
        self._texts = {split: text[part.start : part.stop] for split, part in parts.items()}
        self._check_length()
        vocabulary = Vocabulary.characters(self._texts["train"])
        self._tokens = {split: encode(vocabulary, text) for split, text in self._texts.items()}
        train, rows = self._tokens["train"], min(self.batch_size, EVALUATION_ROWS)
        filled = len(train) - (len(train) - 1) % self.batch_size
        self.examples = {
            "train": Streams(train[:filled], self.batch_size, self.steps),
            "val": Streams(self._tokens["val"], rows, EVALUATION_STEPS),
            "test": Streams(self._tokens["test"], rows, EVALUATION_STEPS),
        }
        self.spec = DataSpec(
            inputs="tokens",
            input_size=len(vocabulary),
            output_size=len(vocabulary),
            vocabulary=vocabulary.to_json(),
            streams=True,
        )

    def order(self, split: Split) -> Order:
        """One chunk after the other, always in the order of the text."""
        return in_order(len(self.examples[split]), 1)  # type: ignore[arg-type]

    def floor(self) -> dict[str, float]:
        """What a 6-gram model of the training part reaches on the test part: `loss` in nats per character."""
        train, test = self._tokens["train"].numpy(), self._tokens["test"].numpy()
        loss = -float(np.log(witten_bell(train, test, self.spec.input_size))[1:].mean())
        return {"perplexity": math.exp(loss), "bits_per_character": loss / math.log(2), "loss": loss}

    def describe(self) -> dict[str, str]:
        """Where the text comes from, its length by part, its vocabulary, and how it is read."""
        counts = {split: f"{len(text):,} {split}" for split, text in self._texts.items()}
        if self.held_out[1] == 0:
            counts["test"] = "test is val"
        return {
            "data": self._origin,
            "characters": ", ".join(counts.values()),
            "vocabulary": f"{self.spec.input_size} characters, the unknown one included",
            "streams": f"{self.batch_size} rows, {self.steps} steps at a time",
        }

    def _read(self) -> tuple[str, str]:
        if self.path is not None:
            path = locate(self.path)
            return str(path), "".join(open_text(path))
        assert self.generate is not None
        function = getattr(self.generate, "func", self.generate)
        return f"{getattr(function, '__name__', type(function).__name__)} (generated)", self.generate()

    def _check_length(self) -> None:
        needed = {"train": self.batch_size * self.steps + 1, "val": 2, "test": 2}
        for split, text in self._texts.items():
            if len(text) < needed[split]:
                raise ValueError(
                    f"{self._origin}: expected at least {needed[split]} characters in the {split} part "
                    f"(batch_size {self.batch_size}, steps {self.steps}), got {len(text)}"
                )


def encode(vocabulary: Vocabulary, text: str) -> Int[Tensor, " time"]:
    """The index of each character. A long text is encoded in pieces, in a fraction of the time."""
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)]
    return torch.tensor(list(chain.from_iterable(vocabulary.encode_batch(pieces))))
