"""Labelled pictures: batches, splits, the baseline, what is decoded once, and what is refused."""

import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from seqmodels.assembly import instantiate
from seqmodels.data import LabelledImagesData
from seqmodels.data.base import SPLITS
from seqmodels.data.generated.glyphs import digits
from seqmodels.data.images.formats import TitledPicture
from seqmodels.types import DataSpec
from tests.data.images.picture_files import grey_of, greys, squares

FEW = 160


def made(**arguments: Any) -> LabelledImagesData:
    data = LabelledImagesData(**{"path": None, "generate": partial(digits, count=FEW), **arguments})
    data.setup()
    return data


def test_batches_hold_every_picture_and_its_class(tmp_path: Path) -> None:
    data = made(path=squares(tmp_path / "a", count=40), batch_size=7)
    seen = []
    for batch in [batch for split in SPLITS for batch in data.loader(split)]:
        assert [data.spec.classes[i] for i in batch.targets.tolist()] == ["ab"[i % 2] for i in grey_of(data, batch)]
        seen += grey_of(data, batch)
    assert sorted(seen) == list(range(40))
    assert [len(data.splits[split].texts) for split in SPLITS] == [32, 4, 4]
    assert Counter(data.splits["test"].texts) == {"a": 2, "b": 2}


def test_the_spec_is_all_a_model_needs() -> None:
    spec = made().spec
    assert (spec.inputs, spec.input_size, spec.shape, spec.output_size) == ("images", 1, (1, 28, 28), 10)
    assert spec.classes == tuple("0123456789")
    assert DataSpec.from_dict(spec.to_dict()) == spec


def test_training_pixels_have_mean_0_and_deviation_1() -> None:
    data = made(batch_size=200)
    (batch,) = data.train_dataloader()
    assert batch.inputs.mean().item() == pytest.approx(0, abs=1e-4)
    assert batch.inputs.std(correction=0).item() == pytest.approx(1, abs=1e-4)


def test_what_a_trained_model_reads_is_what_it_was_trained_on(tmp_path: Path) -> None:
    folder = squares(tmp_path / "a")
    data = made(path={"train": folder, "val": folder, "test": folder})
    raw = instantiate(data.spec.raw)
    (batch,) = data.loader("test")
    files = sorted(folder.rglob("*.png"))
    assert torch.equal(batch.inputs, torch.stack([raw.read(file) for file in files]))


def test_pictures_of_all_sizes_are_brought_to_that_of_the_first_or_the_one_asked_for(tmp_path: Path) -> None:
    squares(tmp_path / "a", size=6)
    squares(tmp_path / "a", labels="c", size=9)
    assert made(path=tmp_path / "a").spec.shape == (1, 6, 6)
    assert made(path=tmp_path / "a", picture={"size": [4, 5], "channels": 3}).spec.shape == (3, 4, 5)
    assert made(path=tmp_path / "a", picture={"size": 8}).spec.shape == (1, 8, 8)


def test_files_are_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = squares(tmp_path / "a")
    first = made(path=folder)
    monkeypatch.setattr("seqmodels.data.images.pictures.Picture.pixels", None)
    again = made(path=folder)
    assert greys(again, "test") == greys(first, "test")
    assert isinstance(again.splits["train"].pixels, np.memmap)


def test_a_changed_file_is_decoded_again(tmp_path: Path) -> None:
    folder = squares(tmp_path / "a")
    before = made(path=dict.fromkeys(SPLITS, folder))
    Image.fromarray(np.full((6, 6), 99, np.uint8)).save(folder / "a" / "0.png")
    after = made(path=dict.fromkeys(SPLITS, folder))
    assert (greys(before, "test")[0], greys(after, "test")[0]) == (0, 99)


def broken(tmp_path: Path) -> Path:
    folder = squares(tmp_path / "a")
    (folder / "a" / "4.png").write_bytes(b"")
    return folder


def test_a_damaged_picture_stops_with_its_name(tmp_path: Path) -> None:
    for _ in range(2):  # nothing half done is kept
        with pytest.raises(ValueError, match=r"a/4.png is empty, expected a picture$"):
            made(path=broken(tmp_path))


def test_a_damaged_picture_is_skipped_and_counted_if_asked(tmp_path: Path) -> None:
    folder = broken(tmp_path)
    for _ in range(2):  # the second time they are not decoded again
        data = made(path=dict.fromkeys(SPLITS, folder), on_error="skip")
        assert sorted(greys(data, "test")) == [i for i in range(20) if i != 4]
        assert data.describe()["skipped"].startswith("3 skipped, the first: ")
        assert "a/4.png is empty" in data.describe()["skipped"]
        assert [label for _, label in zip(greys(data, "test"), data.splits["test"].texts, strict=True)] == [
            *"a" * 9,
            *"b" * 10,
        ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"generate": None}, "expected the path of pictures or a function that generates them, got neither"),
        ({"picture": {"size": [1, 2, 3]}}, "size must be a number of pixels, or two for height and width, got"),
        ({"picture": {"channels": 2}}, r"a picture has 1 channel \(grey\) or 3 \(colours\), got 2"),
        ({"on_error": "ignore"}, "on_error must be 'stop' or 'skip', got 'ignore'"),
        ({"path": {"val": "a"}}, "expected a file for train and possibly val and test, got {'val': 'a'}"),
        ({"path": {"train": "a", "dev": "b"}}, "expected a file for train and possibly val and test, got"),
    ],
)
def test_arguments_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)


def test_what_cannot_be_learnt_from_is_refused(tmp_path: Path) -> None:
    folder = squares(tmp_path / "a", labels="a")
    with pytest.raises(ValueError, match=r"a: expected at least two classes, got only 'a'$"):
        made(path=folder)
    with pytest.raises(ValueError, match=r"b: 'c' is no training label, those are: a, b$"):
        made(path={"train": squares(tmp_path / "c"), "test": squares(tmp_path / "b", labels="c")})
    with pytest.raises(ValueError, match=r"the val split of .*d: expected pictures, got none$"):
        made(path=squares(tmp_path / "d", count=2))


def test_the_baseline_of_classes_is_linear_in_the_pixels() -> None:
    dark, light = np.zeros((5, 5), np.uint8), np.full((5, 5), 250, np.uint8)
    rows = [TitledPicture(dark, "dark", "1"), TitledPicture(light, "light", "2")] * 4
    wrong = [TitledPicture(dark, "dark", "1")] * 3 + [TitledPicture(dark, "light", "2")]
    data = made(generate=lambda _: {"train": rows, "val": rows, "test": wrong})
    assert data.baseline() == {"accuracy": 0.75}


def test_the_description_names_what_there_is() -> None:
    assert made().describe() == {
        "data": "digits (generated)",
        "rows": "120 train, 20 val, 20 test",
        "pictures": "28 x 28 pixels, grey",
        "classes": "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    }


def test_mnist() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs MNIST at $SEQMODELS_DATA/mnist")
    folder = Path(os.environ["SEQMODELS_DATA"]) / "mnist"
    path = {"train": folder / "train-images-idx3-ubyte.gz", "test": folder / "t10k-images-idx3-ubyte.gz"}
    data = made(path=path)
    assert [len(data.splits[split].texts) for split in SPLITS] == [54_001, 5999, 10_000]  # a tenth of each class
    assert data.spec.raw["mean"] == pytest.approx(0.1307, abs=0.002)  # the figures that are commonly quoted
    assert data.spec.raw["std"] == pytest.approx(0.3081, abs=0.002)
    assert data.baseline()["accuracy"] == pytest.approx(0.9, abs=0.02)
