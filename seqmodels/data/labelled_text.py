"""Texts and their classes, from a file or generated: word indices in, the class of the text out."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import Dataset

from seqmodels.data.bag_of_words import bag_of_words
from seqmodels.data.base import SPLITS, SequenceData, Split
from seqmodels.data.batches import Order, by_length
from seqmodels.data.files import Source, locate
from seqmodels.data.splits import stratified
from seqmodels.data.text_formats import Format, LabelledText, by_suffix
from seqmodels.data.vectors import load_vectors
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import Batch, DataSpec

Texts = list[LabelledText]


class LabelledTextData(SequenceData):
    """Text classification. The classes are the labels of the training texts, in alphabetical order.

    A part (`train`, `val`, `test`) without a file of its own is a tenth of the training texts, with their
    shares of the classes. So a single file is cut into 80, 10 and 10 %. Equal texts fall into the same part.

    Args:
        path: a file as `files.locate` takes it, or a mapping of parts to such files; None to `generate`.
        generate: from a seed, the texts of each part; used where there is no `path`.
        format: reads a file: a function like those of `text_formats`, or a mapping of parts to such
            functions; None to tell the format by the name of the file.
        columns: names of the columns of `text` and `label`, if the format is told by the name.
        words: how many words are known and read: arguments of `Vocabulary.words` (`max_size`, `min_count`,
            `lowercase`), and `max_length`, after how many words a text is cut off; None for never.
        vectors: a file of pretrained word vectors, as `files.locate` takes it, or None.
        batch_size: texts of a batch.
        seed: of the generated texts, of the cut, of the order of the batches.

    Raises:
        ValueError: when loaded, if a part is empty, there is only one class, or a class is not among the
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

    def __init__(
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None,
        generate: Callable[[int], dict[Split, Texts]] | None = None,
        format: Format | Mapping[Split, Format] | None = None,
        columns: Mapping[str, Any] | None = None,
        words: Mapping[str, Any] | None = None,
        vectors: Source | None = None,
        batch_size: int = 64,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of a file or a function that generates texts, got neither")
        self.path = path
        self.generate = generate
        self.format: Format | Mapping[Split, Format] = format or partial(by_suffix, **(columns or {}))
        self.vocabulary = dict(words or {})
        self.max_length = self.vocabulary.pop("max_length", None)
        if self.max_length is not None and self.max_length < 1:
            raise ValueError(f"max_length must be at least 1 or None, got {self.max_length}")
        self.vector_source = vectors
        self.texts: dict[Split, Texts] = {}
        self.origins: dict[Split, str] = {}
        self.rows: dict[Split, Rows] = {}
        self.found: Tensor | None = None

    def load(self) -> None:
        """Read or generate the texts, index their words and classes."""
        if self.path is None:
            self._generate()
        else:
            self._read()
        trained = with_phrases(self.texts["train"])
        classes = tuple(sorted({text.label for text in trained}))
        self._check(classes)
        vocabulary = Vocabulary.words((text.text for text in self.texts["train"]), **self.vocabulary)
        for split in SPLITS:
            texts = trained if split == "train" else self.texts[split]
            indices = [row[: self.max_length] for row in vocabulary.encode_batch([text.text for text in texts])]
            self.rows[split] = Rows(indices, [classes.index(text.label) for text in texts])
        self.examples = dict(self.rows)
        if self.vector_source is not None:
            self.vectors, self.found = load_vectors(locate(self.vector_source), vocabulary.tokens, seed=self.seed)
        self.spec = DataSpec(
            inputs="tokens",
            input_size=len(vocabulary),
            output_size=len(classes),
            padding_index=vocabulary.padding_index,
            classes=classes,
            vocabulary=vocabulary.to_json(),
        )

    def order(self, split: Split) -> Order:
        """Texts of similar length together; in random order to train, from short to long else."""
        lengths = self.rows[split].lengths
        if split == "train":
            return by_length(lengths, self.batch_size)
        batches = [batch.tolist() for batch in lengths.argsort(stable=True).split(self.batch_size)]
        return lambda _: batches

    def floor(self) -> dict[str, float]:
        """The accuracy of a bag of words, trained on the whole texts of the training part."""
        return {"accuracy": bag_of_words(self.texts["train"], self.texts["test"])}

    def describe(self) -> dict[str, str]:
        """Origin, number and length of the texts, classes, and what share of the words is known."""
        counts = {split: f"{len(self.texts[split]):,}" for split in SPLITS}
        if len(self.rows["train"]) > len(self.texts["train"]):
            counts["train"] = f"{counts['train']} (in {len(self.rows['train']):,} phrases)"
        lengths = torch.cat([self.rows[split].lengths for split in SPLITS])
        limit = "" if self.max_length is None else f", cut to {self.max_length}"
        words, seen = torch.cat(self.rows["train"].inputs), torch.cat(self.rows["test"].inputs)
        unknown = Vocabulary.from_json(self.spec.vocabulary or "").unknown_index
        lines = {
            "data": self.origins["train"],
            "texts": f"{counts['train']} train, {counts['val']} val, {counts['test']} test",
            "length": f"{int(lengths.median())} words in the median, {int(lengths.max())} at most{limit}",
            "classes": ", ".join(self.spec.classes),
            "vocabulary": f"{self.spec.input_size:,} words, {_percent(seen != unknown)} of the test known",
        }
        if self.found is not None:
            entries, occurrences = _percent(self.found), _percent(self.found[words])
            lines["vectors"] = f"for {entries} of the vocabulary, {occurrences} of what is trained on"
        return lines

    def _generate(self) -> None:
        assert self.generate is not None
        function = getattr(self.generate, "func", self.generate)
        name = getattr(function, "__name__", type(function).__name__)
        self.origins = dict.fromkeys(SPLITS, f"{name} (generated)")
        self.texts = self.generate(self.seed)

    def _read(self) -> None:
        is_one_file = not isinstance(self.path, Mapping) or "url" in self.path
        sources: Mapping[Any, Any] = {"train": self.path} if is_one_file else self.path  # type: ignore[assignment]
        if not {"train"} <= set(sources) <= set(SPLITS) or sources["train"] is None:
            raise ValueError(f"expected a file for train and possibly val and test, got {dict(sources)}")
        for split, source in sources.items():
            if source is not None:
                path = locate(source)
                self.texts[split], self.origins[split] = list(self._format(split)(path)), str(path)
        missing = [split for split in SPLITS if split not in self.texts]
        for number, split in enumerate(missing):
            self.origins[split] = f"the {split} part of {self.origins['train']}"
            self._cut(split, 1 / (10 - number))

    def _format(self, split: Split) -> Format:
        if not isinstance(self.format, Mapping):
            return self.format
        if split not in self.format:
            raise ValueError(f"expected a format for the {split} file, got only one for {', '.join(self.format)}")
        return self.format[split]

    def _cut(self, split: Split, share: float) -> None:
        texts = self.texts["train"]
        drawn = stratified([text.text for text in texts], [text.label for text in texts], share, self.seed)
        self.texts[split] = [text for text, is_drawn in zip(texts, drawn, strict=True) if is_drawn]
        self.texts["train"] = [text for text, is_drawn in zip(texts, drawn, strict=True) if not is_drawn]

    def _check(self, classes: tuple[str, ...]) -> None:
        for split in SPLITS:
            if not self.texts[split]:
                raise ValueError(f"{self.origins[split]}: expected texts, got none")
        if len(classes) < 2:
            raise ValueError(f"{self.origins['train']}: expected at least two classes, got only {classes[0]!r}")
        for split in SPLITS:
            for text in self.texts[split]:
                if text.label not in classes:
                    known = ", ".join(classes)
                    raise ValueError(f"{self.origins[split]}: {text.label!r} is no training label, those are: {known}")


class Rows(Dataset[Batch]):
    """Rows of indices, each with a class; indexed by a list of them, gives their `Batch`.

    Args:
        inputs: the indices of each row.
        targets: the class of each row.
    """

    def __init__(self, inputs: list[list[int]], targets: list[int]) -> None:
        self.inputs = [torch.tensor(row, dtype=torch.long) for row in inputs]
        self.targets = torch.tensor(targets)
        self.lengths = torch.tensor([len(row) for row in inputs])

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, indices: list[int]) -> Batch:
        padded = pad_sequence([self.inputs[i] for i in indices], batch_first=True)
        return Batch(padded, self.targets[indices], self.lengths[indices])


def with_phrases(texts: Texts) -> Texts:
    """Texts and their phrases, each once; just the texts if they have no phrases."""
    if not any(text.phrases for text in texts):
        return texts
    return list({part.text: part for text in texts for part in (text, *text.phrases)}.values())


def _percent(mask: Tensor) -> str:
    return f"{mask.float().mean():.1%}".replace("%", " %")
