"""The digest tells the same data from other data, for every kind of data."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from seqmodels import data as readers
from seqmodels.data import base
from seqmodels.data.base import SPLITS, SequenceData, Split
from seqmodels.data.generated import (
    adding,
    glyphs,
    moving_shapes,
    phrasebook,
    reviews,
    scenes,
    series,
    sounds,
    stick_figures,
    tagged_sentences,
    tunes,
)
from seqmodels.data.orders import Order, in_order
from seqmodels.types import Batch, DataSpec

FEW = {"train": 60, "val": 20, "test": 20}


def letters(seed: int) -> str:
    return "".join(random.Random(seed).choices("abc ", k=4000))


class SeededText(readers.CorpusData):
    """A text that depends on the seed."""

    def __init__(self, *, batch_size: int = 2, seed: int = 0) -> None:
        super().__init__(generate=partial(letters, seed), steps=8, batch_size=batch_size)


KINDS: dict[str, Callable[..., SequenceData]] = {
    "LabelledTextData": partial(readers.LabelledTextData, path=None, generate=partial(reviews.reviews, sizes=FEW)),
    "CorpusData": SeededText,
    "ParallelTextData": partial(readers.ParallelTextData, generate=partial(phrasebook.phrasebook, count=100)),
    "TaggedTextData": partial(
        readers.TaggedTextData, path=None, generate=partial(tagged_sentences.parts_of_speech, count=100)
    ),
    "SeriesData": partial(readers.SeriesData, generate=series.random_walk, window=9, horizon=[1, 3]),
    "LabelledSeriesData": partial(readers.LabelledSeriesData, generate=partial(stick_figures.stick_figures, count=60)),
    "LabelledImagesData": partial(readers.LabelledImagesData, path=None, generate=partial(glyphs.digits, count=200)),
    "PixelSequencesData": partial(readers.PixelSequencesData, path=None, generate=partial(glyphs.digits, count=200)),
    "CaptionedImagesData": partial(readers.CaptionedImagesData, path=None, generate=partial(scenes.scenes, count=80)),
    "LabelledFilmData": partial(readers.LabelledFilmData, generate=partial(moving_shapes.movements, count=30)),
    "CaptionedFilmData": partial(readers.CaptionedFilmData, generate=partial(moving_shapes.stories, count=30)),
    "LabelledAudioData": partial(readers.LabelledAudioData, path=None, generate=partial(sounds.sounds, count=80)),
    "TranscribedAudioData": partial(
        readers.TranscribedAudioData, path=None, generate=partial(sounds.spelled_tones, count=30)
    ),
    "MelodyData": partial(readers.MelodyData, generate=partial(tunes.melodies, count=60)),
    "PianoRollData": partial(readers.PianoRollData, generate=partial(tunes.progressions, count=60)),
    "SyntheticData": partial(readers.SyntheticData, generate=partial(adding.adding, count=100)),
}


def ready(data: SequenceData) -> SequenceData:
    data.setup()
    return data


def test_every_kind_of_data_is_tested() -> None:
    classes = {name for name in readers.__all__ if issubclass(getattr(readers, name), SequenceData)}
    assert classes - {"SequenceData"} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_data_have_the_same_digest_whatever_was_read_before(kind: str) -> None:
    streams = kind == "CorpusData"  # an example is a batch
    one, same = (ready(KINDS[kind](seed=1, batch_size=size)) for size in (2, 2 if streams else 7))
    other = ready(KINDS[kind](seed=2))
    random_state = torch.get_rng_state()
    digest = one.digest()
    assert torch.equal(torch.get_rng_state(), random_state)
    for _ in range(2):  # epochs
        list(one.train_dataloader())
    assert digest == one.digest() == same.digest() != other.digest()
    assert len(digest) == 64


class Listed(Dataset[Batch]):
    """Examples as they are, in batches of as many as are asked for."""

    def __init__(self, inputs: Tensor, targets: Tensor, lengths: Tensor, target_lengths: Tensor | None) -> None:
        self.batch = Batch(inputs, targets, lengths, target_lengths)
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self.batch.inputs)

    def __getitem__(self, indices: list[int]) -> Batch:
        self.asked += indices
        return Batch(*(None if tensor is None else tensor[indices] for tensor in self.batch))  # type: ignore[arg-type]


class ListedData(SequenceData):
    """Examples of which each tensor can be changed."""

    def __init__(self, count: int = 10, **changed: Any) -> None:
        super().__init__(batch_size=2, seed=0)
        tensors = {
            "inputs": torch.arange(count * 3).view(count, 3),
            "targets": torch.arange(count * 2).view(count, 2),
            "lengths": torch.full((count,), 3),
            "target_lengths": torch.full((count,), 2),
        }
        self.examples = {split: Listed(**tensors) for split in SPLITS}
        if changed:
            self.examples["val"] = Listed(**{**tensors, **changed})
        self.spec = DataSpec("tokens", 4, 2)

    def load(self) -> None:
        raise AssertionError

    def order(self, split: Split) -> Order:
        return in_order(len(self.examples[split]), self.batch_size)  # type: ignore[arg-type]

    def baseline(self) -> dict[str, float]:
        return {}

    def describe(self) -> dict[str, str]:
        return {}


ROWS = torch.arange(30).view(10, 3)
BYTES_OF_AN_EXAMPLE = (3 + 2 + 1 + 1) * 8


@pytest.mark.parametrize(
    "changed",
    [
        {"inputs": ROWS.flip(0)},
        {"inputs": ROWS.index_fill(0, torch.tensor([9]), 1)},
        {"inputs": ROWS.int()},
        {"inputs": ROWS.view(10, 3, 1)},
        {"targets": torch.zeros(10, 2, dtype=torch.long)},
        {"lengths": torch.tensor([3] * 9 + [2])},
        {"target_lengths": None},
    ],
    ids=["order", "value", "type", "shape", "targets", "lengths", "target-lengths"],
)
def test_any_difference_in_a_split_is_noticed(changed: dict[str, Any]) -> None:
    assert ListedData().digest() == ListedData().digest() != ListedData(**changed).digest()


def test_the_number_of_examples_is_noticed() -> None:
    digests = {ListedData(count).digest() for count in (0, 1, 5, 10)}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("examples", "size", "expected"),
    [(4, 1 << 20, [0, 2, 5, 7]), (100, 3 * BYTES_OF_AN_EXAMPLE, [0, 3, 6]), (100, 1, [0])],
    ids=["number", "bytes", "one"],
)
def test_of_many_or_large_examples_some_are_read_evenly_spread(
    monkeypatch: pytest.MonkeyPatch, examples: int, size: int, expected: list[int]
) -> None:
    monkeypatch.setattr(base, "MAX_DIGEST_EXAMPLES", examples)
    monkeypatch.setattr(base, "MAX_DIGEST_BYTES", size)
    data = ListedData()
    data.digest()
    listed = data.examples["train"]
    assert isinstance(listed, Listed)
    assert sorted(set(listed.asked)) == expected


def test_a_text_that_changes_at_its_end_is_noticed() -> None:
    texts = [letters(1), letters(1)[:-1] + "x"]
    digests = {ready(readers.CorpusData(generate=lambda t=text: t, steps=8, batch_size=2)).digest() for text in texts}
    assert len(digests) == 2


def test_files_in_another_place_are_the_same_data(tmp_path: Any) -> None:
    digests = set()
    values = np.random.default_rng(0).normal(size=300).cumsum()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("value\n" + "\n".join(map(str, values)) + "\n")
        digests.add(ready(readers.SeriesData(path=tmp_path / name / "x.csv", window=5)).digest())
    assert len(digests) == 1
