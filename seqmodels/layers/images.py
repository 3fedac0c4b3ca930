"""From pictures to features."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmodels.layers.dropout import SequenceDropout

GRID = 4


class ImageEmbedding(nn.Module):
    """A small convolutional network over every picture of a sequence: one picture, or the frames of a film.

    Two convolutions of 3 x 3, each followed by max pooling, the second time to a grid of 4 x 4 whatever the height and
    width; then a linear map of the whole grid, so that it is known what lies where. No picture depends on another one.

    Args:
        shape: of a picture: (channels, height, width).
        size: features of a picture.
        feature_maps: of the first convolution; the second has twice as many.
        dropout: probability with which a feature is dropped, at all steps of a row alike.

    Raises:
        ValueError: `shape` is not three positive sizes. In a call: pictures of another shape.

    Source:
        The start of the weights: K. He et al., "Delving deep into rectifiers", ICCV 2015, equation 10. The linear map
        is scaled where it is used, not where it starts: T. Karras et al., "Progressive growing of GANs", ICLR 2018,
        section 4.1, "equalized learning rate".

    Example:
        >>> ImageEmbedding((1, 28, 28), 64)(torch.zeros(2, 5, 1, 28, 28)).shape
        torch.Size([2, 5, 64])
    """

    def __init__(self, shape: tuple[int, ...], size: int, *, feature_maps: int = 16, dropout: float = 0.0) -> None:
        super().__init__()
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"expected a picture's shape (channels, height, width), got {tuple(shape)}")
        self.shape = tuple(shape)
        self.output_size = size
        convolutions = nn.Sequential(
            nn.Conv2d(shape[0], feature_maps, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
            nn.Conv2d(feature_maps, 2 * feature_maps, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveMaxPool2d(GRID),
            nn.Flatten(),
        )
        # Channels last: on a CPU nearly twice as fast.
        self.convolutions = convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.linear = nn.Linear(2 * feature_maps * GRID**2, size)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)
        # Its inputs are positive: at full learning rate the features of all pictures would run away together, and shut
        # the gates of a recurrence, before they are told apart.
        self.scale = self.linear.in_features**0.5
        with torch.no_grad():
            self.linear.weight.mul_(self.scale)
        self.dropout = SequenceDropout(dropout)

    def forward(self, pictures: Float[Tensor, "batch time channels height width"]) -> Float[Tensor, "batch time size"]:
        """The features of each picture."""
        if tuple(pictures.shape[2:]) != self.shape:
            raise ValueError(f"expected pictures of shape {self.shape}, got {tuple(pictures.shape[2:])}")
        features: Tensor = self.linear(self.convolutions(pictures.flatten(0, 1))) / self.scale
        embedded: Tensor = self.dropout(features.view(*pictures.shape[:2], -1))
        return embedded
