"""Pictures and their classes, from files or generated: a picture in, its class out."""

from typing import Any

import torch
from torch import Tensor

from seqmodels.data.base import Split
from seqmodels.data.images.baselines import by_pixels
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.images.image_data import ImageData
from seqmodels.data.splits import classes_of


class LabelledImagesData(ImageData):
    """Classification of pictures. The classes are the labels of the training split, in alphabetical order.

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

    def index(self) -> tuple[dict[Split, Tensor], dict[str, Any]]:
        """Classes to numbers."""
        classes = classes_of({split: pictures.texts for split, pictures in self.splits.items()}, self.origins)
        numbers = {name: number for number, name in enumerate(classes)}
        targets = {
            split: torch.tensor([numbers[text] for text in pictures.texts]) for split, pictures in self.splits.items()
        }
        return targets, {"output_size": len(classes), "classes": classes}

    def baseline(self) -> dict[str, float]:
        """The accuracy of logistic regression on the pixels of up to 10,000 training pictures."""
        return {"accuracy": by_pixels(self.splits["train"], self.splits["test"])}

    def describe(self) -> dict[str, str]:
        """Also the classes."""
        names = self.spec.classes
        shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
        return {**super().describe(), "classes": shown}

    def stratum(self, item: TitledPicture) -> str:
        """Its label."""
        return item.text
