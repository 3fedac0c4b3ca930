"""Pictures and their classes, from files or generated: a picture in, its class out."""

import torch
from jaxtyping import Int
from torch import Tensor

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.images.floors import by_pixels
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.images.image_data import ImageData
from seqmodels.data.images.pictures import PictureRows
from seqmodels.types import DataSpec


class LabelledImagesData(ImageData):
    """Classification of pictures. The classes are the labels of the training part, in alphabetical order.

    A cut keeps the shares of the classes. Arguments are those of `ImageData`.

    Raises:
        ValueError: when loaded, if there is only one class, or a class is not among the training labels.

    Example:
        >>> from functools import partial
        >>> from seqmodels.data.generated.glyphs import digits
        >>> data = LabelledImagesData(path=None, generate=partial(digits, count=160))
        >>> data.setup()
        >>> next(iter(data.val_dataloader())).inputs.shape
        torch.Size([20, 1, 1, 28, 28])
    """

    def index(self) -> None:
        """Classes to numbers."""
        classes = tuple(sorted(set(self.parts["train"].texts)))
        if len(classes) < 2:
            raise ValueError(f"{self.origins['train']}: expected at least two classes, got only {classes[0]!r}")
        self.targets = {split: self._numbers(split, classes) for split in SPLITS}
        self.examples = {
            split: PictureRows(part.pixels, part.which, self.targets[split], self.picture)
            for split, part in self.parts.items()
        }
        picture = self.picture
        self.spec = DataSpec(
            inputs="images",
            input_size=picture.channels,
            output_size=len(classes),
            classes=classes,
            shape=(picture.channels, picture.height, picture.width),
            raw=picture.recipe(),
        )

    def floor(self) -> dict[str, float]:
        """The accuracy of logistic regression on the pixels of up to 10,000 training pictures."""
        return {"accuracy": by_pixels(self.parts["train"], self.parts["test"])}

    def describe(self) -> dict[str, str]:
        """Also the classes."""
        names = self.spec.classes
        shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        return {**super().describe(), "classes": shown}

    def stratum(self, item: TitledPicture) -> str:
        """Its label."""
        return item.text

    def _numbers(self, split: Split, classes: tuple[str, ...]) -> Int[Tensor, " rows"]:
        numbers = {name: number for number, name in enumerate(classes)}
        texts = self.parts[split].texts
        for text in texts:
            if text not in numbers:
                known = ", ".join(classes)
                raise ValueError(f"{self.origins[split]}: {text!r} is no training label, those are: {known}")
        return torch.tensor([numbers[text] for text in texts])
