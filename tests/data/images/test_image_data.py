"""Labelled and captioned pictures, and pictures as sequences: batches, parts, floors, and what is refused."""

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
from seqmodels.data import CaptionedImagesData, LabelledImagesData, PixelSequencesData
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.glyphs import digits
from seqmodels.data.generated.scenes import scenes
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.images.image_data import ImageData
from seqmodels.data.images.pixel_sequences import PixelSequence
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.data.written_floors import written_floor
from seqmodels.objectives.text_metrics import Bleu, ExactMatch
from seqmodels.types import Batch, DataSpec

FEW = 160


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))


def made(kind: type[ImageData] = LabelledImagesData, **arguments: Any) -> Any:
    generators = {CaptionedImagesData: scenes, LabelledImagesData: digits, PixelSequencesData: digits}
    data = kind(**{"path": None, "generate": partial(generators[kind], count=FEW), **arguments})
    data.setup()
    return data


def squares(folder: Path, labels: str = "ab", count: int = 20, size: int = 6) -> Path:
    """Pictures of one grey each, which their name tells."""
    for number in range(count):
        path = folder / labels[number % len(labels)] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((size, size), number, np.uint8)).save(path)
    return folder


def grey_of(data: ImageData, batch: Batch) -> list[int]:
    pictures = batch.inputs * data.picture.std + data.picture.mean
    return (255 * pictures.flatten(1).mean(1)).round().int().tolist()


def greys(data: ImageData, split: Split) -> list[int]:
    """Of each row of a part, the grey of its picture."""
    return [grey for batch in data.loader(split) for grey in grey_of(data, batch)]


def test_batches_hold_every_picture_and_its_class(tmp_path: Path) -> None:
    data = made(path=squares(tmp_path / "a", count=40), batch_size=7)
    seen = []
    for batch in [batch for split in SPLITS for batch in data.loader(split)]:
        assert [data.spec.classes[i] for i in batch.targets.tolist()] == ["ab"[i % 2] for i in grey_of(data, batch)]
        seen += grey_of(data, batch)
    assert sorted(seen) == list(range(40))
    assert [len(data.parts[split].texts) for split in SPLITS] == [32, 4, 4]
    assert Counter(data.parts["test"].texts) == {"a": 2, "b": 2}


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
    raw = instantiate(data.spec.raw, trusted=["seqmodels"])
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
    assert isinstance(again.parts["train"].pixels, np.memmap)


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
        assert [label for _, label in zip(greys(data, "test"), data.parts["test"].texts, strict=True)] == [
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
    with pytest.raises(ValueError, match=r"the val part of .*d: expected pictures, got none$"):
        made(path=squares(tmp_path / "d", count=2))


def test_the_floor_of_classes_is_linear_in_the_pixels() -> None:
    dark, light = np.zeros((5, 5), np.uint8), np.full((5, 5), 250, np.uint8)
    rows = [TitledPicture(dark, "dark", "1"), TitledPicture(light, "light", "2")] * 4
    wrong = [TitledPicture(dark, "dark", "1")] * 3 + [TitledPicture(dark, "light", "2")]
    data = made(generate=lambda _: {"train": rows, "val": rows, "test": wrong})
    assert data.floor() == {"accuracy": 0.75}


def test_the_description_names_what_there_is() -> None:
    assert made().describe() == {
        "data": "digits (generated)",
        "rows": "120 train, 20 val, 20 test",
        "pictures": "28 x 28 pixels, grey",
        "classes": "0, 1, 2, 3, 4, 5, 6, 7, 8, 9",
    }


def texts(data: CaptionedImagesData, batch: Batch) -> list[str]:
    words = Vocabulary.from_json(data.spec.target_vocabulary)
    assert batch.target_lengths is not None
    for row, length in zip(batch.targets, batch.target_lengths.tolist(), strict=True):
        assert row[length - 1] == words.end_index
        assert not row[length:].any()
    return [
        words.decode(row[: length - 1].tolist())
        for row, length in zip(batch.targets, batch.target_lengths.tolist(), strict=True)
    ]


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_captions_are_written_with_an_end(unit: str) -> None:
    data = made(CaptionedImagesData, unit=unit, batch_size=20)
    (batch,) = data.val_dataloader()
    assert texts(data, batch) == [item.text for item in scenes(0, count=FEW)["val"]]
    assert batch.inputs.shape == (20, 1, 3, 32, 32)
    assert data.spec.output_size == len(Vocabulary.from_json(data.spec.target_vocabulary))


def captioned(tmp_path: Path) -> Path:
    squares(tmp_path / "a", count=30)
    rows = [f"a/{'ab'[i % 2]}/{i}.png,{text} {i}" for i in range(30) for text in ("grey", "a picture of grey")]
    (tmp_path / "a.csv").write_text("\n".join(["image,caption", *rows]))
    return tmp_path / "a.csv"


def test_each_caption_of_a_picture_is_a_row_and_they_stay_together(tmp_path: Path) -> None:
    data = made(CaptionedImagesData, path=captioned(tmp_path))
    seen = [set(greys(data, split)) for split in SPLITS]
    assert sum(map(len, seen)) == 30
    assert [len(data.parts[split].texts) for split in SPLITS] == [48, 6, 6]
    assert len(data.parts["train"].pixels) == 24
    for text, grey in zip(data.parts["test"].texts, greys(data, "test"), strict=True):
        assert text.endswith(f" {grey}")


def test_columns_are_named(tmp_path: Path) -> None:
    captioned(tmp_path)
    table = (tmp_path / "a.csv").read_text().replace("image,caption", "file,says")
    (tmp_path / "b.csv").write_text(table)
    data = made(CaptionedImagesData, path=tmp_path / "b.csv", columns={"picture": "file", "text": "says"})
    assert len(data.parts["train"].texts) == 48


def test_a_missing_picture_stops_with_its_row(tmp_path: Path) -> None:
    path = captioned(tmp_path)
    (tmp_path / "a/a/2.png").unlink()
    with pytest.raises(ValueError, match=r"a.csv:6: .*a/a/2.png is not a readable picture: .*No such file"):
        made(CaptionedImagesData, path=path)
    assert "2 skipped" in made(CaptionedImagesData, path=path, on_error="skip").describe()["skipped"]


def test_the_floor_of_captions_is_that_of_the_nearest_picture() -> None:
    dark, grey, light = (np.full((5, 5, 3), value, np.uint8) for value in (0, 110, 250))
    rows = [TitledPicture(dark, "it is a dark night", "1"), TitledPicture(light, "it is a light day", "2")]
    test = [TitledPicture(grey, "it is a dark night", "1"), TitledPicture(grey, "it is a grey dawn", "2")]
    data = made(CaptionedImagesData, generate=lambda _: {"train": rows, "val": rows, "test": test})
    floor = data.floor()
    assert floor["exact"] == 0.5
    assert 0 < floor["bleu"] < 100


def test_the_floor_is_measured_as_a_model_is() -> None:
    wanted = [item.text for item in scenes(0, count=FEW)["test"]]
    said = wanted[:10] + wanted[5:15]
    floor = written_floor(said, wanted, Vocabulary.words(wanted, marks=True))
    assert floor["bleu"] == pytest.approx(Bleu()(said, wanted).item(), rel=1e-5)
    assert floor["exact"] == pytest.approx(ExactMatch()(said, wanted).item())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "letters"}, "unit must be 'words' or 'characters', got 'letters'"),
        ({"unit": "characters", "words": {"max_size": 5}}, "words are counted where words are written, not characters"),
    ],
)
def test_arguments_of_captions_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(CaptionedImagesData, **arguments)


@pytest.mark.parametrize(("reading", "shape"), [("pixels", (784, 1)), ("rows", (28, 28))])
@pytest.mark.parametrize("permuted", [False, True])
def test_a_sequence_holds_every_pixel_once(reading: str, shape: tuple[int, int], permuted: bool) -> None:
    data = made(PixelSequencesData, reading=reading, permuted=permuted, batch_size=20)
    plain = made(batch_size=20)
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
    first, second = (made(PixelSequencesData, permuted=True, seed=seed).picture for seed in (0, 1))
    assert torch.equal(first.order, second.order)
    assert first.order[:6].tolist() == np.random.RandomState(0).permutation(784)[:6].tolist()
    raw = instantiate(first.recipe(), trusted=["seqmodels"])
    assert torch.equal(raw.read(np.eye(28, dtype=np.uint8)), first.read(np.eye(28, dtype=np.uint8)))


def test_colours_of_a_pixel_are_one_step() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    steps = PixelSequence(channels=3, height=2, width=2).read(picture)
    assert (255 * steps).round().int().tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    rows = PixelSequence(channels=3, height=2, width=2, reading="rows").read(picture)
    assert (255 * rows).round().int().tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_pictures_are_read_by_pixels_or_rows() -> None:
    with pytest.raises(ValueError, match=r"^pictures are read by 'pixels' or 'rows', got 'columns'$"):
        made(PixelSequencesData, reading="columns")


def test_mnist() -> None:
    if "SEQMODELS_DATA" not in os.environ:
        pytest.skip("needs MNIST at $SEQMODELS_DATA/mnist")
    folder = Path(os.environ["SEQMODELS_DATA"]) / "mnist"
    path = {"train": folder / "train-images-idx3-ubyte.gz", "test": folder / "t10k-images-idx3-ubyte.gz"}
    data = made(path=path)
    assert [len(data.parts[split].texts) for split in SPLITS] == [54_001, 5999, 10_000]  # a tenth of each class
    assert data.spec.raw["mean"] == pytest.approx(0.1307, abs=0.002)  # the figures that are commonly quoted
    assert data.spec.raw["std"] == pytest.approx(0.3081, abs=0.002)
    assert data.floor()["accuracy"] == pytest.approx(0.9, abs=0.02)
