"""Pictures and what is written about them: a picture in, a text out."""

from collections.abc import Mapping
from typing import Any, Literal

from seqmodels.data.base import Split
from seqmodels.data.images.baselines import texts_of_nearest
from seqmodels.data.images.image_data import ImageData
from seqmodels.data.ragged import Ragged
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.data.written_baselines import written_baseline


class CaptionedImagesData(ImageData):
    """Pictures with a caption each, written word by word or letter by letter.

    Each caption of a picture that has several is a row of its own.

    Args:
        unit: what is written at a step: `"words"` or `"characters"`.
        words: how many words are known: arguments of `Vocabulary.words` (`max_size`, `min_count`, `lowercase`). Not
            for characters.
        columns: names of the columns of a table: `picture`, else `image`, and `text`, else `caption`.
        **images: the other arguments of `ImageData`.

    Raises:
        ValueError: `unit` is something else; `words` are given where characters are written.

    Example:
        >>> from functools import partial
        >>> from seqmodels.data.generated.scenes import scenes
        >>> data = CaptionedImagesData(path=None, generate=partial(scenes, count=40))
        >>> data.setup()
        >>> batch = next(iter(data.val_dataloader()))
        >>> batch.inputs.shape, batch.targets.shape[1] == int(batch.target_lengths.max())
        (torch.Size([5, 1, 3, 32, 32]), True)
    """

    def __init__(
        self,
        *,
        unit: Literal["words", "characters"] = "words",
        words: Mapping[str, Any] | None = None,
        columns: Mapping[str, Any] | None = None,
        **images: Any,
    ) -> None:
        super().__init__(columns={"picture": "image", "text": "caption", **(columns or {})}, **images)
        if unit not in ("words", "characters"):
            raise ValueError(f"unit must be 'words' or 'characters', got {unit!r}")
        if words and unit == "characters":
            raise ValueError(f"words are counted where words are written, not characters, got {dict(words)}")
        self.unit, self.words = unit, dict(words or {})

    def index(self) -> tuple[dict[Split, Ragged], dict[str, Any]]:
        """Captions to indices, each with the end mark."""
        captions = self.splits["train"].texts
        if self.unit == "words":
            self.vocabulary = Vocabulary.words(captions, marks=True, **self.words)
        else:
            self.vocabulary = Vocabulary.characters("".join(captions), marks=True)
        self.targets = {
            split: Ragged.of(self.vocabulary.encode_batch(pictures.texts, end=True))
            for split, pictures in self.splits.items()
        }
        return self.targets, {"output_size": len(self.vocabulary), "target_vocabulary": self.vocabulary.to_json()}

    def baseline(self) -> dict[str, float]:
        """What is reached by the caption of the training picture whose pixels differ least."""
        nearest = texts_of_nearest(self.splits["train"], self.splits["test"])
        return written_baseline(nearest, self.splits["test"].texts, self.vocabulary)

    def describe(self) -> dict[str, str]:
        """Also the captions."""
        train, test = self.splits["train"], self.splits["test"]
        lengths = self.targets["train"].lengths - 1
        seen = set(train.texts)
        new = f"{sum(text not in seen for text in test.texts) / len(test.texts):.1%}".replace("%", " %")
        return {
            **super().describe(),
            "captions": f"{len(seen):,} different ones to train on, {new} of the test are others",
            "length": f"{int(lengths.median())} {self.unit} in the median, {int(lengths.max())} at most",
            "vocabulary": f"{self.spec.output_size:,} {self.unit}, with padding, unknown, start and end",
        }
