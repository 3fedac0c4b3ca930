"""From pictures to features."""

import pytest
import torch

from seqmodels.layers import ImageEmbedding


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 17, 40), (1, 1, 1), (3, 2, 5)])
def test_pictures_of_any_size_become_features(shape: tuple[int, int, int]) -> None:
    embedding = ImageEmbedding(shape, 6)
    assert embedding(torch.randn(2, 3, *shape)).shape == (2, 3, 6)
    assert embedding.output_size == 6


def test_a_picture_depends_on_no_other() -> None:
    embedding = ImageEmbedding((3, 9, 7), 5).double()
    film = torch.randn(4, 6, 3, 9, 7, dtype=torch.float64)
    together = embedding(film)
    for row in range(4):
        for step in range(6):
            alone = embedding(film[row : row + 1, step : step + 1])
            torch.testing.assert_close(together[row, step], alone[0, 0], rtol=1e-12, atol=1e-12)


def test_what_lies_where_makes_a_difference() -> None:
    embedding = ImageEmbedding((1, 16, 16), 32)
    left = torch.zeros(1, 1, 1, 16, 16)
    left[..., 2:5, 1:4] = 1
    assert not torch.allclose(embedding(left), embedding(left.flip(-1)), atol=1e-3)


def test_it_learns_to_tell_a_cross_from_a_circle() -> None:
    crosses, circles = torch.rand(2, 12, 1, 1, 8, 8) / 2
    for i in range(8):
        crosses[..., i, i] = crosses[..., i, 7 - i] = 1
    circles[..., 0, :] = circles[..., -1, :] = circles[..., :, 0] = circles[..., :, -1] = 1
    pictures, classes = torch.cat([crosses, circles]), torch.arange(2).repeat_interleave(12)
    model = torch.nn.Sequential(ImageEmbedding((1, 8, 8), 16), torch.nn.Flatten(), torch.nn.Linear(16, 2))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(pictures), classes).backward()
        optimizer.step()
    assert bool((model(pictures).argmax(-1) == classes).all())


def test_dropout_acts_in_training_only() -> None:
    embedding = ImageEmbedding((1, 8, 8), 16, dropout=1.0)
    assert not embedding(torch.ones(2, 1, 1, 8, 8)).any()
    assert embedding.eval()(torch.ones(2, 1, 1, 8, 8)).any()


@pytest.mark.parametrize("shape", [(), (28, 28), (1, 0, 28)])
def test_refuses_what_is_no_shape_of_a_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^expected a picture's shape \(channels, height, width\), got \("):
        ImageEmbedding(shape, 5)


def test_refuses_pictures_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"^expected pictures of shape \(1, 8, 8\), got \(3, 8, 8\)$"):
        ImageEmbedding((1, 8, 8), 5)(torch.zeros(1, 1, 3, 8, 8))
