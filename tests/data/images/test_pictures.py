"""Pictures of all kinds become the same numbers, whoever reads them; what is none is refused with its name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seqmodels.assembly import instantiate
from seqmodels.data.images.pictures import Picture, PictureRows
from seqmodels.data.ragged import Ragged


def gradient(height: int = 6, width: int = 4) -> np.ndarray:
    return np.linspace(0, 255, height * width * 3).reshape(height, width, 3).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm"])
def test_a_file_holds_what_was_saved(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(gradient()).save(path)
    read = Picture(3, 6, 4).read(path)
    expected = torch.from_numpy(gradient()).permute(2, 0, 1).float() / 255
    torch.testing.assert_close(read, expected.unsqueeze(0))
    assert torch.equal(Picture(3, 6, 4).read(str(path)), Picture(3, 6, 4).read(gradient()))


def test_pixels_are_standardised() -> None:
    read = Picture(3, 6, 4, mean=0.25, std=0.5).read(gradient())
    torch.testing.assert_close(read, (Picture(3, 6, 4).read(gradient()) - 0.25) / 0.5)


def test_a_picture_is_brought_to_size(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.full((50, 31, 3), 200, np.uint8)).save(path)
    assert torch.equal(Picture(3, 7, 9).read(path), torch.full((1, 3, 7, 9), 200 / 255))
    assert Picture(1, 7, 9).read(path).shape == (1, 1, 7, 9)


def test_grey_and_colours() -> None:
    grey = gradient()[..., 0]
    in_colours = Picture(3, 6, 4).read(grey)[0]
    assert torch.equal(in_colours, torch.from_numpy(grey / np.float32(255)).expand(3, 6, 4))
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 255
    assert Picture(1, 2, 2).pixels(red).tolist() == [[[76, 76], [76, 76]]]  # ITU-R 601: 0.299 of 255


def test_transparent_pictures_lie_on_white(tmp_path: Path) -> None:
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0, 3] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert Picture(1, 2, 2).pixels(tmp_path / "a.png").tolist() == [[[0, 255], [255, 255]]]


def test_sixteen_bits_are_cut_to_eight(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 256], [0x8000, 0xFFFF]], np.uint16)).save(tmp_path / "a.png")
    assert Picture(1, 2, 2).pixels(tmp_path / "a.png").tolist() == [[[0, 1], [128, 255]]]


def test_a_picture_is_turned_as_the_camera_was_held(tmp_path: Path) -> None:
    image = Image.fromarray(gradient(4, 4))
    exif = image.getexif()
    exif[0x0112] = 3  # upside down
    image.save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(Picture(3, 4, 4).pixels(tmp_path / "a.png"), gradient(4, 4)[::-1, ::-1].transpose(2, 0, 1))


def test_it_travels_as_plain_values(tmp_path: Path) -> None:
    picture = Picture(1, 6, 4, mean=0.3, std=0.2)
    again = instantiate(picture.recipe())
    assert again == picture
    assert again.items(tmp_path / "a.png") == [tmp_path / "a.png"]


def damaged(tmp_path: Path) -> dict[str, Path]:
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 40, 3), np.uint8)).save(tmp_path / "whole.png")
    whole = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("not a picture")
    (tmp_path / "broken.png").write_bytes(whole[:60] + b"\0" * 40 + whole[100:])
    names = ("cut", "empty", "text", "broken", "missing")
    return {"folder": tmp_path, **{name: tmp_path / f"{name}.png" for name in names}}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut", r"cut.png is not a readable picture: "),
        ("empty", r"empty.png is empty, expected a picture$"),
        ("text", r"text.png is not a readable picture: unknown format$"),
        ("broken", r"broken.png is not a readable picture: "),
        ("missing", r"missing.png is not a readable picture: .*No such file"),
        ("folder", r" is not a readable picture: "),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Picture(3, 5, 5).read(damaged(tmp_path)[name])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("wrong", [np.zeros((2, 2)), np.zeros((2, 2, 4), np.uint8), np.zeros(4, np.uint8)])
def test_numbers_that_are_no_picture_are_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^expected a picture of bytes, \(height, width\) or .*, got (float64|uint8)"):
        Picture(1, 2, 2).read(wrong)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 5, 5), r"^a picture has 1 channel \(grey\) or 3 \(colours\), got 2$"),
        ((1, 0, 5), r"^height and width must be at least 1, got 0 and 5$"),
    ],
)
def test_arguments_out_of_range(arguments: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Picture(*arguments)


def test_rows_of_a_batch_are_those_read_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (3, 1, 5, 4), np.uint8)
    picture = Picture(1, 5, 4, mean=0.4, std=0.3)
    rows = PictureRows(pixels, np.array([2, 0, 2, 1]), torch.tensor([7, 8, 9, 6]), picture)
    batch = rows[[3, 0, 2]]
    assert len(rows) == 4
    assert batch.lengths.tolist() == [1, 1, 1]
    assert batch.targets.tolist() == [6, 7, 9]
    for row, which in enumerate((1, 2, 2)):
        assert torch.equal(batch.inputs[row], picture.read(pixels[which, 0]))


def test_rows_may_have_sequences_as_targets() -> None:
    rows = PictureRows(np.zeros((2, 1, 5, 4), np.uint8), np.array([0, 1]), Ragged.of([[4, 5], [6]]), Picture(1, 5, 4))
    batch = rows[[1, 0]]
    assert batch.targets.tolist() == [[6, 0], [4, 5]]
    assert batch.target_lengths is not None
    assert batch.target_lengths.tolist() == [1, 2]
