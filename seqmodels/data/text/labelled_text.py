"""Texts and their classes, from a file or generated: word indices in, the class of the text out."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split
from seqmodels.data.files import Source, locate
from seqmodels.data.orders import Order, by_length, from_short_to_long
from seqmodels.data.prepared import prepared
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.scratch import scratch_folder
from seqmodels.data.splits import shares_of
from seqmodels.data.text.bag_of_words import bag_of_words
from seqmodels.data.text.formats import Format, LabelledText, by_suffix
from seqmodels.data.text.sources import GeneratedTexts, TextFiles, TextSource
from seqmodels.data.text.store import FORMAT, TextStore, write_store
from seqmodels.data.text.text_splits import TextSplits
from seqmodels.data.text.vectors import load_vectors
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec


class LabelledTextData(SequenceData):
    """Text classification. The classes are the labels of the training texts, in alphabetical order.

    A split (`val`, `test`) without a file of its own is a fraction of the training texts, with their shares of the
    classes. So a single file is cut into 80, 10 and 10 %. Equal texts fall into the same split.

    The words of files are indexed once, in passes that never hold a file in memory; the indices lie on disk, in
    `$SEQMODELS_CACHE/prepared`, and are read from there, memory-mapped, whenever the same files are asked for.

    Args:
        path: a file as `files.locate` takes it, or a mapping of splits to such files; None to `generate`.
        generate: from a seed, the texts of each split; used where there is no `path`.
        format: reads a file: a function like those of `text_formats`, or a mapping of splits to such
            functions; None to tell the format by the name of the file.
        columns: names of the columns of `text` and `label`, if the format is told by the name.
        words: how many words are known and read: arguments of `Vocabulary.words` (`max_size`, `min_count`,
            `lowercase`), and `max_length`, after how many words a text is cut off; None for never.
        vectors: a file of pretrained word vectors, as `files.locate` takes it, or None.
        held_out: fractions of the training texts for validation and for test, where these have no file.
        on_error: whether a bad row of a file stops everything (`"stop"`) or is left out (`"skip"`).
        batch_size: texts of a batch.
        seed: of the generated texts, of the cut, of the order of the batches.

    Raises:
        ValueError: when loaded, if a split is empty, there is only one class, or a class is not among the
            training texts.

    Example:
        >>> texts = [LabelledText("so good", "yes"), LabelledText("so bad", "no")]
        >>> data = LabelledTextData(path=None, generate=lambda seed: dict.fromkeys(SPLITS, texts))
        >>> data.setup()
        >>> data.spec.classes
        ('no', 'yes')
        >>> next(iter(data.val_dataloader())).inputs
        tensor([[2, 3],
                [2, 4]])
    """

    def __init__(  # noqa: PLR0913 (each is a key that a person changes in a YAML file)
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None,
        generate: Callable[[int], dict[Split, list[LabelledText]]] | None = None,
        format: Format | Mapping[Split, Format] | None = None,
        columns: Mapping[str, Any] | None = None,
        words: Mapping[str, Any] | None = None,
        vectors: Source | None = None,
        held_out: Sequence[float] = (0.1, 0.1),
        on_error: OnError = "stop",
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of a file or a function that generates texts, got neither")
        self.path = path
        self.generate = generate
        self.format: Format | Mapping[Split, Format] = format or partial(by_suffix, **(columns or {}))
        self.words = dict(words or {})
        max_length = self.words.get("max_length")
        if max_length is not None and max_length < 1:
            raise ValueError(f"max_length must be at least 1 or None, got {max_length}")
        self.vector_source = vectors
        self.held_out = shares_of(held_out)
        self.on_error = RowErrors(on_error).on_error
        self.origin = ""
        self.found: Tensor | None = None

    def load(self) -> None:
        """Read or generate the texts, index their words and classes; or take what was indexed before."""
        self.store = self._generated() if self.path is None else self._indexed(self.path)
        self.examples = dict(self.store.rows)
        vocabulary = Vocabulary.from_json(self.store.words.vocabulary)
        if self.vector_source is not None:
            self.vectors, self.found = load_vectors(locate(self.vector_source), vocabulary.tokens, seed=self.seed)
        self.spec = DataSpec(
            inputs="tokens",
            input_size=len(vocabulary),
            output_size=len(self.store.classes),
            padding_index=vocabulary.padding_index,
            classes=self.store.classes,
            vocabulary=self.store.words.vocabulary,
            raw=self.store.words.recipe(),
        )

    def order(self, split: Split) -> Order:
        """Texts of similar length together; in random order to train, from short to long else."""
        arrange = by_length if split == "train" else from_short_to_long
        return arrange(self.store.rows[split].lengths, self.batch_size)

    def baseline(self) -> dict[str, float]:
        """What a bag of words reaches, trained on the whole texts of the training split.

        Of more than `text_store.SAMPLE` texts, so many are taken, evenly spread, to train and to test on.
        """
        return bag_of_words(self.store.sample("train"), self.store.sample("test"))

    def describe(self) -> dict[str, str]:
        """Origin, number and length of the texts, classes, and what share of the words is known."""
        texts, rows = self.store.texts, self.store.rows
        counts = {split: f"{texts[split]:,}" for split in SPLITS}
        if len(rows["train"]) > texts["train"]:
            counts["train"] = f"{counts['train']} (in {len(rows['train']):,} phrases)"
        known = torch.arange(self.spec.input_size) != Vocabulary.from_json(self.store.words.vocabulary).unknown_index
        lines = {
            "data": self.origin,
            "texts": f"{counts['train']} train, {counts['val']} val, {counts['test']} test",
            "length": self._lengths(),
            "classes": ", ".join(self.spec.classes),
            "vocabulary": f"{self.spec.input_size:,} words, {self._share('test', known)} of the test known",
        }
        if self.found is not None:
            entries, words = _percent(self.found.float().mean()), self._share("train", self.found)
            lines["vectors"] = f"for {entries} of the vocabulary, {words} of what is trained on"
        return lines | ({"skipped": self.store.skipped} if self.store.skipped else {})

    def _lengths(self) -> str:
        lengths = [self.store.rows[split].lengths for split in SPLITS]
        longest = max(int(each.max()) for each in lengths)
        # Counted and not sorted: there may be millions.
        counts = torch.stack([torch.bincount(each, minlength=longest + 1) for each in lengths]).sum(0)
        median = int((2 * counts.cumsum(0) >= counts.sum()).nonzero()[0])
        limit = "" if self.store.words.max_length is None else f", cut to {self.store.words.max_length}"
        return f"{median} words in the median, {longest} at most{limit}"

    def _share(self, split: Split, entries: Tensor) -> str:
        """What share of the words of a split is among some entries of the vocabulary."""
        counts = self.store.occurrences[split]
        return _percent(counts[entries].sum() / counts.sum())

    def _indexed(self, path: Source | Mapping[Split, Source | None]) -> TextStore:
        """Return the indices of the words of files, memory-mapped."""
        source = TextFiles(path, self.format)
        self.origin = source.origins["train"]
        cut = None if len(source.origins) == len(SPLITS) else [self.held_out, self.seed]
        settings = {"words": self.words, "cut": cut, "on_error": self.on_error}
        key = {"labelled_text": FORMAT, "source": source.key(), **settings}
        return TextStore(prepared(key, source.files(), lambda folder: self._write(folder, source)))

    def _generated(self) -> TextStore:
        """Return the same of generated texts, in memory."""
        assert self.generate is not None
        source = GeneratedTexts(self.generate, self.seed)
        self.origin = source.origins["train"]
        with scratch_folder() as folder:
            self._write(folder, source)
            return TextStore(folder, mapped=False)

    def _write(self, folder: Path, source: TextSource) -> None:
        write_store(folder, TextSplits(source, self.held_out, self.seed, self.on_error), self.words)


def _percent(share: Tensor) -> str:
    return f"{float(share):.1%}".replace("%", " %")
