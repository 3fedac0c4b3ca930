"""Films and what is said about them: a label for each frame, or a sentence for the whole."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

import numpy as np
import torch

from seqmodels.data.base import SPLITS, SequenceData, Split, generated_by
from seqmodels.data.files import Source
from seqmodels.data.images.baselines import by_pixels, texts_of_nearest
from seqmodels.data.images.decoded import TitledPixels
from seqmodels.data.images.film_formats import FilmFormat, TitledFilm, captioned_films, labelled_frames
from seqmodels.data.images.frames import FilmRows, Films, Frames
from seqmodels.data.orders import Order, by_length, in_order
from seqmodels.data.ragged import Ragged
from seqmodels.data.row_errors import OnError, RowErrors
from seqmodels.data.splits import check_filled, classes_of, cut, read_files
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.data.written_baselines import written_baseline
from seqmodels.types import DataSpec

Titled = list[TitledFilm]


class FilmData(SequenceData):
    """Films with texts. A split without a file of its own is a tenth of the training split.

    Args:
        path: a table as `files.locate` takes it, or a mapping of splits to such; None to `generate`.
        generate: from a seed, films with their texts; used where there is no `path`.
        format: reads a table: a function like those of `film_formats`.
        size: of a side of each frame, in pixels.
        channels: 1 for grey, 3 for colours.
        on_error: `"stop"` at a film that cannot be read, or `"skip"` and count it.
        batch_size: films of a batch.
        seed: of the generated films, of a cut, of the order of the batches.

    Raises:
        ValueError: there is neither a path nor a generator. When loaded: a split is empty, or a film cannot be read.
    """

    raw: Frames

    def __init__(
        self,
        *,
        path: Source | Mapping[Split, Source | None] | None = None,
        generate: Callable[[int], Titled] | None = None,
        format: FilmFormat,
        size: int = 32,
        channels: int = 1,
        on_error: OnError = "stop",
        batch_size: int = 32,
        seed: int = 0,
    ) -> None:
        super().__init__(batch_size, seed)
        if path is None and generate is None:
            raise ValueError("expected the path of a table of films or a function that generates them, got neither")
        self.path, self.generate, self.format = path, generate, format
        self.plain = Frames(channels, size, size)
        self.errors = RowErrors(on_error)

    @abstractmethod
    def index(self) -> tuple[dict[Split, Ragged], dict[str, Any]]:
        """The targets of each split, and what the spec says of them."""

    def load(self) -> None:
        """Read or generate the films, bring them to one size and standardise them."""
        self._origins, titled = self._read()
        cut(titled, key=lambda film: film.place, label=lambda _: "all", seed=self.seed)
        self.splits = {split: self._films(titled[split]) for split in SPLITS}
        check_filled("films", {split: films.texts for split, films in self.splits.items()}, self._origins, self.errors)
        train = self.splits["train"].frames
        sample = torch.cat([train[row] for row in range(0, len(train), max(1, len(train) // 200))]) / 255
        channels, side = self.plain.channels, self.plain.height
        self.raw = Frames(channels, side, side, float(sample.mean()), float(sample.std()) or 1.0)
        targets, told = self.index()
        self.examples = {split: FilmRows(self.splits[split].frames, targets[split], self.raw) for split in SPLITS}
        shape = (channels, side, side)
        self.spec = DataSpec(inputs="images", input_size=channels, shape=shape, raw=self.raw.recipe(), **told)

    def order(self, split: Split) -> Order:
        """Films of similar length together in random order to train, as they come else."""
        lengths = self.splits[split].frames.lengths
        return by_length(lengths, self.batch_size) if split == "train" else in_order(len(lengths), self.batch_size)

    def describe(self) -> dict[str, str]:
        """Origin, number, length and size of the films."""
        lengths = torch.cat([films.frames.lengths for films in self.splits.values()])
        lines = {
            "data": self._origins["train"],
            "films": ", ".join(f"{len(self.splits[split].texts):,} {split}" for split in SPLITS),
            "length": f"{int(lengths.min())} to {int(lengths.max())} frames",
            "frames": f"{self.raw.width} x {self.raw.height} pixels, {'grey' if self.raw.channels == 1 else 'colours'}",
        }
        return lines | self.errors.summary()

    def _read(self) -> tuple[dict[Split, str], dict[Split, Titled]]:
        if self.path is not None:
            return read_files(self.path, self.format, self.errors)
        assert self.generate is not None
        return dict.fromkeys(SPLITS, generated_by(self.generate)), {"train": self.generate(self.seed)}

    def _films(self, titled: Titled) -> Films:
        frames, texts = [], []
        for film in titled:
            with self.errors.at(film.place):
                frames.append(self.plain.frames(film.film))
                texts.append(film.texts)
        return Films(Ragged.of(frames), texts)


class LabelledFilmData(FilmData):
    """A label for each frame. The classes are those of the training split, in alphabetical order.

    Arguments are those of `FilmData`; a table has the columns `frame` and `label`.

    Raises:
        ValueError: when loaded, if there is only one class, or a class is not among the training labels.
    """

    def __init__(self, *, format: FilmFormat = labelled_frames, **others: Any) -> None:
        super().__init__(format=format, **others)

    def index(self) -> tuple[dict[Split, Ragged], dict[str, Any]]:
        """Labels to numbers."""
        classes = classes_of({split: chain(*films.texts) for split, films in self.splits.items()}, self._origins)
        numbers = {name: number for number, name in enumerate(classes)}
        targets = {
            split: Ragged.of([numbers[label] for label in labels] for labels in films.texts)
            for split, films in self.splits.items()
        }
        return targets, {"output_size": len(classes), "classes": classes}

    def baseline(self) -> dict[str, float]:
        """The accuracy of logistic regression on the pixels of single frames, of up to 10,000."""
        return {"accuracy": by_pixels(self._frames("train"), self._frames("test"))}

    def _frames(self, split: Split) -> TitledPixels:
        films = self.splits[split]
        pixels = torch.cat([films.frames[row] for row in range(len(films.frames))]).byte().numpy()
        return TitledPixels(pixels, np.arange(len(pixels)), list(chain(*films.texts)))


class CaptionedFilmData(FilmData):
    """A sentence for each film, written word by word.

    Arguments are those of `FilmData`; a table has the columns `film` and `caption`.
    """

    def __init__(self, *, format: FilmFormat = captioned_films, **others: Any) -> None:
        super().__init__(format=format, **others)

    def index(self) -> tuple[dict[Split, Ragged], dict[str, Any]]:
        """Captions to indices, each with the end mark."""
        self.vocabulary = Vocabulary.words(self._captions("train"), marks=True)
        targets = {split: Ragged.of(self.vocabulary.encode_batch(self._captions(split), end=True)) for split in SPLITS}
        return targets, {"output_size": len(self.vocabulary), "target_vocabulary": self.vocabulary.to_json()}

    def baseline(self) -> dict[str, float]:
        """What is reached by the caption of the training film whose average frame differs least."""
        nearest = texts_of_nearest(self._averages("train"), self._averages("test"))
        return written_baseline(nearest, self._captions("test"), self.vocabulary)

    def _captions(self, split: Split) -> list[str]:
        return [text for (text,) in self.splits[split].texts]

    def _averages(self, split: Split) -> TitledPixels:
        films = self.splits[split]
        pixels = torch.stack([films.frames[row].float().mean(0).byte() for row in range(len(films.frames))]).numpy()
        return TitledPixels(pixels, np.arange(len(pixels)), self._captions(split))
