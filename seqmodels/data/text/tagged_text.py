"""Sentences whose words have a tag each, from a file or generated: words in, their tags out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by, in_time
from seqmodels.data.files import Source, locate
from seqmodels.data.orders import Order, by_length, from_short_to_long
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.rows import Rows
from seqmodels.data.splits import check_filled, classes_of, read_files, shares_of
from seqmodels.data.text.frequent_tags import tagging_baseline
from seqmodels.data.text.spelled_words import SpelledWords
from seqmodels.data.text.tagged_columns import Format, TaggedSentence, by_suffix
from seqmodels.data.text.vectors import load_vectors
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec

Sentences = list[TaggedSentence]


class TaggedTextData(SequenceData):
    """Tagging. The classes are the tags of the training sentences, in alphabetical order.

    A split (`val`, `test`) without a file of its own is cut off the end of the training sentences. They are not drawn
    at random: neighbours come from the same text, with the same names in it, and belong into the same split.

    Args:
        path: a file as `files.locate` takes it, or a mapping of splits to such files; None to `generate`.
        generate: from a seed, the sentences of each split; used where there is no `path`.
        format: reads a file: a function like those of `tagged_columns`.
        words: which words are known: arguments of `SpelledWords.of` (`max_size`, `min_count`, `longest`).
        vectors: a file of pretrained word vectors, as `files.locate` takes it, or None.
        held_out: fractions of the training sentences for validation and for test, where they have no files.
        on_error: `"skip"` leaves sentences out that cannot be read, `"stop"` does not.
        batch_size: sentences of a batch.
        seed: of the generated sentences and of the order of the batches.

    Raises:
        ValueError: when loaded, if a split is empty, there is only one tag, or a tag is not among those of the
            training sentences.

    Example:
        >>> said = TaggedSentence(("Birds", "sing"), ("NOUN", "VERB"))
        >>> data = TaggedTextData(path=None, generate=lambda seed: dict.fromkeys(SPLITS, [said]))
        >>> data.setup()
        >>> batch = next(iter(data.val_dataloader()))
        >>> batch.inputs.shape, batch.targets
        (torch.Size([1, 2, 21]), tensor([[0, 1]]))
    """

    def __init__(  # noqa: PLR0913 (what a reader of text needs)
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None,
        generate: Callable[[int], dict[Split, Sentences]] | None = None,
        format: Format = by_suffix,
        words: Mapping[str, Any] | None = None,
        vectors: Source | None = None,
        held_out: Sequence[float] = (0.1, 0.1),
        on_error: OnError = "stop",
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of a file or a function that generates sentences, got neither")
        self.path = path
        self.generate = generate
        self.format = format
        self.words = dict(words or {})
        self.vector_source = vectors
        self.held_out = shares_of(held_out)
        self.errors = RowErrors(on_error)
        self.rows: dict[Split, Rows] = {}
        self.found: Tensor | None = None

    def load(self) -> None:
        """Read or generate the sentences, index their words and tags."""
        self.origins, self.sentences = self._read()
        check_filled("tagged sentences", self.sentences, self.origins, self.errors)
        tags = {split: (tag for sentence in each for tag in sentence.tags) for split, each in self.sentences.items()}
        classes = classes_of(tags, self.origins)
        reader = SpelledWords.of((sentence.words for sentence in self.sentences["train"]), **self.words)
        index = {tag: i for i, tag in enumerate(classes)}
        for split in SPLITS:
            inputs = [reader.read(sentence.words).numpy().astype(np.int32) for sentence in self.sentences[split]]
            targets = [[index[tag] for tag in sentence.tags] for sentence in self.sentences[split]]
            self.rows[split] = Rows(Ragged.of(inputs), Ragged.of(targets))
        self.examples = dict(self.rows)
        vocabulary = Vocabulary.from_json(reader.vocabulary)
        if self.vector_source is not None:
            self.vectors, self.found = load_vectors(locate(self.vector_source), vocabulary.tokens, seed=self.seed)
        self.spec = DataSpec(
            inputs="words",
            input_size=len(vocabulary),
            output_size=len(classes),
            padding_index=vocabulary.padding_index,
            classes=classes,
            vocabulary=reader.vocabulary,
            characters=reader.characters,
            raw=reader.recipe(),
        )

    def order(self, split: Split) -> Order:
        """Sentences of similar length together; in random order to train, from short to long else."""
        arrange = by_length if split == "train" else from_short_to_long
        return arrange(self.rows[split].lengths, self.batch_size)

    def baseline(self) -> dict[str, float]:
        """What the most frequent tag of each word reaches, and of the endings of unseen words."""
        return tagging_baseline(self.sentences["train"], self.sentences["test"])

    def describe(self) -> dict[str, str]:
        """Origin and number of the sentences, tags, and what share of the words is known."""
        counts = {split: f"{len(self.sentences[split]):,}" for split in SPLITS}
        lengths = torch.cat([self.rows[split].lengths for split in SPLITS])
        words, seen = (self._word_indices(split) for split in ("train", "test"))
        lines = {
            "data": self.origins["train"],
            "sentences": f"{counts['train']} train, {counts['val']} val, {counts['test']} test",
            "length": f"{int(lengths.median())} words in the median, {int(lengths.max())} at most",
            "tags": ", ".join(self.spec.classes),
            "vocabulary": f"{self.spec.input_size:,} words, {_percent(seen != 1)} of the test known",
        }
        if self.found is not None:
            entries, occurrences = _percent(self.found), _percent(self.found[words])
            lines["vectors"] = f"for {entries} of the vocabulary, {occurrences} of what is trained on"
        return lines | self.errors.summary()

    def _word_indices(self, split: Split) -> Tensor:
        inputs = self.rows[split].inputs
        return torch.cat([inputs[row][:, 0] for row in range(len(inputs))])

    def _read(self) -> tuple[dict[Split, str], dict[Split, Sentences]]:
        if self.path is None:
            assert self.generate is not None
            return dict.fromkeys(SPLITS, generated_by(self.generate)), self.generate(self.seed)
        origins, sentences = read_files(self.path, self.format, self.errors)
        return origins, sentences | self._cut(sentences["train"], [split for split in SPLITS if split not in sentences])

    def _cut(self, whole: Sentences, missing: list[Split]) -> dict[Split, Sentences]:
        """The missing splits, and what is left to train on."""
        if not missing:
            return {}
        held_out = dict(zip(SPLITS[1:], self.held_out, strict=True))
        cut = in_time(len(whole), [held_out[split] for split in missing] + [0] * (2 - len(missing)))
        splits = zip(("train", *missing), cut.values(), strict=False)
        return {split: [whole[row] for row in rows] for split, rows in splits}


def _percent(mask: Tensor) -> str:
    return f"{mask.float().mean():.1%}".replace("%", " %")
