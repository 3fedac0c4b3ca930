"""Labelled texts as indices on disk: written once, read memory-mapped, never whole in memory."""

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqmodels.data.array_files import save_array
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.ragged import Ragged
from seqmodels.data.rows import Rows
from seqmodels.data.splits import classes_of
from seqmodels.data.text.between_blanks import BetweenBlanks
from seqmodels.data.text.formats import LabelledText
from seqmodels.data.text.raw_text import Words
from seqmodels.data.text.text_splits import TextSplits
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import Batch

FORMAT = 2
SAMPLE = 30_000
CHUNK = 1_000


class TextStore:
    """What `write_store` has left in a folder.

    Attributes:
        rows: the indices of the texts of each split, and their classes. To train on there are phrases too.
        words: what made indices of the texts.
        classes: the labels, by index.
        texts: number of texts of each split.
        skipped: what was wrong with the source; empty if nothing was.
        occurrences: how often each entry of the vocabulary occurs in the rows of each split.

    Args:
        folder: where the store is; nothing in it is opened later.
        mapped: whether the indices stay on disk, memory-mapped.
    """

    def __init__(self, folder: Path, *, mapped: bool = True) -> None:
        about = json.loads((folder / "about.json").read_text())
        self.words = Words(**about["words"])
        self.classes: tuple[str, ...] = tuple(about["classes"])
        self.texts: dict[Split, int] = about["texts"]
        self.skipped: str = about["skipped"]
        self.occurrences = {split: torch.from_numpy(np.load(folder / f"{split}.occurrences.npy")) for split in SPLITS}
        self.rows: dict[Split, Rows] = {}
        for split in SPLITS:
            # torch takes no array that must not be changed: a change would stay in memory.
            targets = np.load(folder / f"{split}.targets.npy", mmap_mode="c" if mapped else None)
            rows = Ragged.load(folder, split, mapped=mapped)
            self.rows[split] = _Texts(rows, torch.from_numpy(np.asarray(targets)))
        read: Callable[[Path], NDArray[np.uint8]] = partial(np.memmap, mode="r") if mapped else _bytes
        self._samples = {split: read(folder / f"{split}.sample.jsonl") for split in ("train", "test")}

    def sample(self, split: Split) -> list[LabelledText]:
        """At most `SAMPLE` texts of the training or test split, evenly spread over it."""
        return [LabelledText(*json.loads(line)) for line in self._samples[split].tobytes().splitlines()]


def _bytes(path: Path) -> NDArray[np.uint8]:
    return np.fromfile(path, np.uint8)


class _Texts(Rows):
    """Rows whose classes are stored in the smallest type that holds them."""

    def __getitem__(self, indices: list[int]) -> Batch:
        batch = super().__getitem__(indices)
        return batch._replace(targets=batch.targets.long())


def write_store(folder: Path, splits: TextSplits, words: Mapping[str, Any]) -> None:
    """Index the words and classes of texts.

    The classes are the labels of the training texts and of their phrases, in alphabetical order; the vocabulary is
    that of the training texts. Where there are phrases, each different one is a row to train on.

    Args:
        folder: where to write.
        splits: the texts.
        words: arguments of `Vocabulary.words`, and `max_length`.

    Raises:
        ValueError: there is only one class, or a class is not among the training texts.
    """
    trained = with_phrases(splits.texts("train")) if splits.has_phrases else None
    labels = {text.label for text in trained} if trained else splits.labels["train"]
    classes = classes_of({**splits.labels, "train": labels}, splits.origins)
    settings = dict(words)
    max_length = settings.pop("max_length", None)
    texts = _sampled(splits.texts("train"), splits.counts["train"], folder / "train.sample.jsonl")
    reader = Words(Vocabulary.words((text.text for text in texts), **settings).to_json(), max_length)
    tests = _sampled(splits.texts("test"), splits.counts["test"], folder / "test.sample.jsonl")
    rows = {"train": trained or splits.texts("train"), "val": splits.texts("val"), "test": tests}
    for split in SPLITS:
        _write_rows(folder, split, rows[split], reader, classes)
    about = {
        "words": {"vocabulary": reader.vocabulary, "max_length": reader.max_length},
        "classes": classes,
        "texts": splits.counts,
        "skipped": splits.errors.describe(),
    }
    (folder / "about.json").write_text(json.dumps(about))


def with_phrases(texts: Iterable[LabelledText]) -> list[LabelledText]:
    """Texts and their phrases, each once."""
    return list({part.text: part for text in texts for part in (text, *text.phrases)}.values())


def _sampled(texts: Iterator[LabelledText], count: int, path: Path) -> Iterator[LabelledText]:
    """The texts, of which every n-th is written to a file too."""
    every = -(-count // SAMPLE)
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            if number % every == 0:
                file.write(json.dumps(text[:2]) + "\n")
            yield text


def _write_rows(
    folder: Path, split: Split, texts: Iterable[LabelledText], reader: Words, classes: tuple[str, ...]
) -> None:
    targets = array(np.min_scalar_type(-len(classes)).char)
    occurrences = np.zeros(len(Vocabulary.from_json(reader.vocabulary)), dtype=np.int64)
    Ragged.write(folder, split, _indexed(texts, reader, classes, targets, occurrences), np.int32)
    save_array(folder / f"{split}.targets.npy", np.asarray(targets))
    save_array(folder / f"{split}.occurrences.npy", occurrences)


def _indexed(
    texts: Iterable[LabelledText],
    reader: Words,
    classes: tuple[str, ...],
    targets: "array[int]",
    occurrences: NDArray[np.int64],
) -> Iterator[NDArray[np.int32]]:
    """The indices of each text; its class is added to `targets`, its words to `occurrences`."""
    class_of = {label: index for index, label in enumerate(classes)}
    pieces = BetweenBlanks(Vocabulary.from_json(reader.vocabulary).encode)
    texts = iter(texts)
    while chunk := list(islice(texts, CHUNK)):
        targets.extend(class_of[text.label] for text in chunk)
        rows = [pieces.of(text.text)[: reader.max_length] for text in chunk]
        occurrences += np.bincount(np.concatenate(rows), minlength=len(occurrences))
        yield from rows
