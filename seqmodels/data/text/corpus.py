"""Language modelling over the characters or words of a text, read as contiguous streams."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import torch
from torch.utils.data import Dataset

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by, in_time
from seqmodels.data.baselines import witten_bell
from seqmodels.data.files import Source, locate
from seqmodels.data.orders import Order, in_order
from seqmodels.data.prepared import prepared
from seqmodels.data.splits import sources_of
from seqmodels.data.text.raw_text import Words
from seqmodels.data.text.tokenised import TokenisedText, Tokens, file_pieces, text_pieces, write
from seqmodels.data.text.units import Characters, Unit
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import Batch, DataSpec

EVALUATION_ROWS = 8
EVALUATION_STEPS = 512
BASELINE_TRAIN_TOKENS, BASELINE_TEST_TOKENS = 3_000_000, 300_000
FORMAT = 2  # of the prepared files


class Streams(Dataset[Batch]):
    """A text cut into rows, and the rows into chunks: each chunk continues the rows of the one before.

    The target of a step is the token after it, so that all tokens but the first are predicted, each exactly
    once. Where the text does not fill all rows, the last ones are shorter or empty: `lengths` says so.

    Args:
        tokens: the text.
        rows: number of streams read side by side.
        steps: length of a chunk; the last chunk holds what is left.
    """

    def __init__(self, tokens: Tokens, rows: int, steps: int) -> None:
        num_targets = len(tokens) - 1
        self._tokens, self._steps = tokens, steps
        self._length = math.ceil(num_targets / rows)
        self._starts = torch.arange(rows) * self._length
        self._lengths = (num_targets - self._starts).clamp(0, self._length)

    def __len__(self) -> int:
        return math.ceil(self._length / self._steps)

    def __getitem__(self, indices: list[int]) -> Batch:
        (chunk,) = indices
        start = chunk * self._steps
        lengths = (self._lengths - start).clamp(0, self._steps)
        # One token more than inputs: the last target.
        read = lengths + (lengths > 0)
        tokens = torch.from_numpy(self._tokens.rows((self._starts + start).tolist(), read.tolist()))
        return Batch(tokens[:, :-1], tokens[:, 1:], lengths)


class CorpusData(SequenceData):
    """The characters or words of a text, each predicted from all before it.

    A single text is cut in order: training, validation, test. The training split becomes `batch_size` equally long
    rows (the few tokens which do not fill a row are left out); a batch holds the next `steps` tokens of every row, so
    a model may carry its state from batch to batch. Validation and test are read in at most 8 rows and longer
    batches, which leaves out nothing and takes few predictions out of their context. The vocabulary is that of the
    training split; other tokens are unknown.

    A file is tokenised when it is first read, into `$SEQMODELS_CACHE/prepared`, and memory-mapped ever after: however
    large it is, only the batch is in memory.

    Args:
        path: a UTF-8 text file, plain or gzip; a mapping of `train`, `val` and possibly `test` to such files, with
            validation tested on where there is no test file; None to `generate`.
        generate: makes the text; used where there is no `path`.
        unit: what the text is read as: `units.Characters()` if None, or `units.Words(...)`.
        steps: tokens of a row in one training batch: how far back a gradient reaches.
        held_out: fractions of a single text, at its end, for validation and for test. With none for test, the
            validation split is tested on.
        batch_size: rows read side by side in training.
        seed: has no effect, as the order is that of the text.

    Raises:
        ValueError: a size is not positive; there is neither a file nor a generator, or none for validation beside one
            for test. On loading: the text does not fill one training batch, or leaves nothing to predict in
            validation or test.

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
        path: Source | Mapping[Split, Source | None] | None = None,
        generate: Callable[[], str] | None = None,
        unit: Unit | None = None,
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
        in_time(0, held_out)
        self.sources = {} if path is None else sources_of(path)
        if set(self.sources) == {"train", "test"}:
            raise ValueError(f"a text with a test file of its own needs one for validation too, got {path}")
        self.generate, self.unit = generate, unit or Characters()
        self.steps, self.held_out = steps, held_out

    def load(self) -> None:
        """Read or generate the text, cut it into splits, those into streams."""
        self._origin, text = self._read()
        self._splits = text.splits
        self._check_length()
        train, rows = self._splits["train"], min(self.batch_size, EVALUATION_ROWS)
        filled = len(train) - (len(train) - 1) % self.batch_size
        self._streams: dict[Split, Streams] = {
            "train": Streams(train.first(filled), self.batch_size, self.steps),
            "val": Streams(self._splits["val"], rows, EVALUATION_STEPS),
            "test": Streams(self._splits["test"], rows, EVALUATION_STEPS),
        }
        self.examples = dict(self._streams)
        size = len(Vocabulary.from_json(text.vocabulary))
        raw = Words(text.vocabulary).recipe()
        self.spec = DataSpec("tokens", size, size, vocabulary=text.vocabulary, streams=True, raw=raw)

    def order(self, split: Split) -> Order:
        """One chunk after the other, always in the order of the text."""
        return in_order(len(self._streams[split]), 1)

    def baseline(self) -> dict[str, float]:
        """What an n-gram model reaches on the test split: 6-grams of characters, trigrams of words.

        It counts the last 3,000,000 tokens of the training split at most and predicts the first 300,000 of the test
        split, so that a text of any size has a baseline. `loss` is in nats per token.
        """
        train = self._splits["train"].last(BASELINE_TRAIN_TOKENS)
        test = self._splits["test"].first(BASELINE_TEST_TOKENS)
        probabilities = witten_bell(train.read(), test.read(), self.spec.input_size, order=self.unit.order)
        loss = -float(np.log(probabilities)[1:].mean())
        bits = {"bits_per_character": loss / math.log(2)} if isinstance(self.unit, Characters) else {}
        return {"perplexity": math.exp(loss), **bits, "loss": loss}

    def describe(self) -> dict[str, str]:
        """Where the text comes from, its length by split, its vocabulary, and how it is read."""
        counts = {split: f"{len(tokens):,} {split}" for split, tokens in self._splits.items()}
        if self._splits["test"].part == self._splits["val"].part:
            counts["test"] = "test is val"
        lines = {
            "data": self._origin,
            self.unit.name: ", ".join(counts.values()),
            "vocabulary": f"{self.spec.input_size:,} {self.unit.name}, {self.unit.extra} included",
            "streams": f"{self.batch_size} rows, {self.steps} steps at a time",
        }
        if len(self._splits["train"]) > BASELINE_TRAIN_TOKENS or len(self._splits["test"]) > BASELINE_TEST_TOKENS:
            lines["baseline"] = (
                f"of the last {BASELINE_TRAIN_TOKENS:,} {self.unit.name} of train, "
                f"the first {BASELINE_TEST_TOKENS:,} of test"
            )
        return lines

    def _read(self) -> tuple[str, TokenisedText]:
        if not self.sources:
            assert self.generate is not None
            text = TokenisedText.make([text_pieces(self.generate())], self.unit, self._cut)
            return generated_by(self.generate), text
        paths = [locate(self.sources[split]) for split in SPLITS if split in self.sources]
        key = {
            "tokenised": FORMAT,
            "unit": [type(self.unit).__qualname__, asdict(self.unit)],
            "held_out": list(self.held_out),
        }
        folder = prepared(key, paths, lambda folder: write(folder, list(map(file_pieces, paths)), self.unit, self._cut))
        return ", ".join(map(str, paths)), TokenisedText.load(folder)

    def _cut(self, sizes: Sequence[int]) -> dict[Split, range]:
        """A single text by fractions; else each file is a split, and validation also that of the test if need be."""
        if len(sizes) == 1:
            return in_time(sizes[0], self.held_out)
        ends = np.cumsum([0, *sizes]).tolist()
        splits = [range(start, end) for start, end in pairwise(ends)]
        return dict(zip(SPLITS, [*splits, splits[1]], strict=False))

    def _check_length(self) -> None:
        needed = {"train": self.batch_size * self.steps + 1, "val": 2, "test": 2}
        for split, tokens in self._splits.items():
            if len(tokens) < needed[split]:
                raise ValueError(
                    f"{self._origin}: expected at least {needed[split]} {self.unit.name} in the {split} split "
                    f"(batch_size {self.batch_size}, steps {self.steps}), got {len(tokens)}"
                )
