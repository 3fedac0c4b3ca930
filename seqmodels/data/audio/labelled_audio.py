"""Recordings and their classes: log-mel features in, the class of the recording out."""

import torch

from seqmodels.data.audio.baselines import class_by_spectrum
from seqmodels.data.audio.recordings import RecordedData
from seqmodels.data.base import SPLITS
from seqmodels.data.splits import classes_of
from seqmodels.types import DataSpec


class LabelledAudioData(RecordedData):
    """Audio classification. The classes are the labels of the training recordings, in alphabetical order.

    See `RecordedData` for the arguments.

    Raises:
        ValueError: when loaded, if a split is empty, there is only one class, or a class is not among the training
            recordings.

    Example:
        >>> from functools import partial
        >>> from seqmodels.data.generated.sounds import sounds
        >>> data = LabelledAudioData(path=None, generate=partial(sounds, count=100))
        >>> data.setup()
        >>> data.spec.classes[:3]
        ('burst', 'fading', 'falling')
        >>> next(iter(data.val_dataloader())).inputs.shape[2] == data.spec.input_size == 40
        True
    """

    def load(self) -> None:
        """Read or generate the recordings, index their classes."""
        self.read_splits()
        origins = {split: recorded.origin for split, recorded in self.splits.items()}
        classes = classes_of({split: recorded.texts for split, recorded in self.splits.items()}, origins)
        index = {name: number for number, name in enumerate(classes)}
        # A split may be some rows only, and the others of a class that is nobody's.
        self.examples = {
            split: recorded.dataset(torch.tensor([index.get(text, 0) for text in recorded.features.texts]))
            for split, recorded in self.splits.items()
        }
        self.spec = DataSpec(
            inputs="values",
            input_size=self.features.size,
            output_size=len(classes),
            classes=classes,
            raw=self.features.recipe(),
        )

    def baseline(self) -> dict[str, float]:
        """The accuracy of logistic regression on the mean spectrum of a recording and its standard deviation."""
        train, test = self.splits["train"], self.splits["test"]
        return {"accuracy": class_by_spectrum(train.sequences(), train.texts, test.sequences(), test.texts)}

    def describe(self) -> dict[str, str]:
        """Likewise, with the classes."""
        counts = {name: sum(self.splits[split].texts.count(name) for split in SPLITS) for name in self.spec.classes}
        return {**super().describe(), "classes": ", ".join(f"{name} ({count:,})" for name, count in counts.items())}
