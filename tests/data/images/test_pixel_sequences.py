"""Pictures as sequences of pixels or rows: each once, in an order that is always the same."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from seqmodels.assembly import instantiate
from seqmodels.data import LabelledImagesData, PixelSequencesData
from seqmodels.data.generated.glyphs import digits
from seqmodels.data.images.pixel_sequences import PixelSequence

FEW = 160


def made(**arguments: Any) -> PixelSequencesData:
    data = PixelSequencesData(**{"path": None, "generate": partial(digits, count=FEW), **arguments})
    data.setup()
    return data


@pytest.mark.parametrize(("reading", "shape"), [("pixels", (784, 1)), ("rows", (28, 28))])
@pytest.mark.parametrize("permuted", [False, True])
def test_a_sequence_holds_every_pixel_once(reading: str, shape: tuple[int, int], permuted: bool) -> None:
    data = made(reading=reading, permuted=permuted, batch_size=20)
    plain = LabelledImagesData(path=None, generate=partial(digits, count=FEW), batch_size=20)
    plain.setup()
    (batch,), (pictures,) = data.val_dataloader(), plain.val_dataloader()
    steps = pictures.inputs.view(20, *shape)
    assert batch.inputs.shape == (20, *shape)
    assert batch.lengths.tolist() == [shape[0]] * 20
    assert torch.equal(batch.targets, pictures.targets)
    assert torch.equal(batch.inputs, steps) is not permuted
    order = data.picture.order
    assert sorted(order.tolist()) == list(range(shape[0]))
    assert torch.equal(batch.inputs, steps[:, order])
    assert (data.spec.inputs, data.spec.input_size, data.spec.shape) == ("values", shape[1], ())


def test_the_order_of_pixels_is_always_the_same() -> None:
    first, second = (made(permuted=True, seed=seed).picture for seed in (0, 1))
    assert torch.equal(first.order, second.order)
    assert first.order[:6].tolist() == np.random.RandomState(0).permutation(784)[:6].tolist()
    raw = instantiate(first.recipe())
    assert torch.equal(raw.read(np.eye(28, dtype=np.uint8)), first.read(np.eye(28, dtype=np.uint8)))


def test_colours_of_a_pixel_are_one_step() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    steps = PixelSequence(channels=3, height=2, width=2).read(picture)
    assert (255 * steps).round().int().tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    rows = PixelSequence(channels=3, height=2, width=2, reading="rows").read(picture)
    assert (255 * rows).round().int().tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_pictures_are_read_by_pixels_or_rows() -> None:
    with pytest.raises(ValueError, match=r"^pictures are read by 'pixels' or 'rows', got 'columns'$"):
        made(reading="columns")
