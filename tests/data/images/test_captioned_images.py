"""Captioned pictures: texts with an end, each caption a row, the baseline of the nearest picture."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqmodels.data import CaptionedImagesData
from seqmodels.data.base import SPLITS
from seqmodels.data.generated.scenes import scenes
from seqmodels.data.images.formats import TitledPicture
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.data.written_baselines import written_baseline
from seqmodels.objectives.text_metrics import Bleu, ExactMatch
from seqmodels.types import Batch
from tests.data.images.picture_files import greys, squares

FEW = 160


def made(**arguments: Any) -> CaptionedImagesData:
    data = CaptionedImagesData(**{"path": None, "generate": partial(scenes, count=FEW), **arguments})
    data.setup()
    return data


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
    data = made(unit=unit, batch_size=20)
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
    data = made(path=captioned(tmp_path))
    seen = [set(greys(data, split)) for split in SPLITS]
    assert sum(map(len, seen)) == 30
    assert [len(data.splits[split].texts) for split in SPLITS] == [48, 6, 6]
    assert len(data.splits["train"].pixels) == 24
    for text, grey in zip(data.splits["test"].texts, greys(data, "test"), strict=True):
        assert text.endswith(f" {grey}")


def test_columns_are_named(tmp_path: Path) -> None:
    captioned(tmp_path)
    table = (tmp_path / "a.csv").read_text().replace("image,caption", "file,says")
    (tmp_path / "b.csv").write_text(table)
    data = made(path=tmp_path / "b.csv", columns={"picture": "file", "text": "says"})
    assert len(data.splits["train"].texts) == 48


def test_a_missing_picture_stops_with_its_row(tmp_path: Path) -> None:
    path = captioned(tmp_path)
    (tmp_path / "a/a/2.png").unlink()
    with pytest.raises(ValueError, match=r"a.csv:6: .*a/a/2.png is not a readable picture: .*No such file"):
        made(path=path)
    assert "2 skipped" in made(path=path, on_error="skip").describe()["skipped"]


def test_the_baseline_of_captions_is_that_of_the_nearest_picture() -> None:
    dark, grey, light = (np.full((5, 5, 3), value, np.uint8) for value in (0, 110, 250))
    rows = [TitledPicture(dark, "it is a dark night", "1"), TitledPicture(light, "it is a light day", "2")]
    test = [TitledPicture(grey, "it is a dark night", "1"), TitledPicture(grey, "it is a grey dawn", "2")]
    data = made(generate=lambda _: {"train": rows, "val": rows, "test": test})
    baseline = data.baseline()
    assert baseline["exact"] == 0.5
    assert 0 < baseline["bleu"] < 100


def test_the_baseline_is_measured_as_a_model_is() -> None:
    wanted = [item.text for item in scenes(0, count=FEW)["test"]]
    said = wanted[:10] + wanted[5:15]
    baseline = written_baseline(said, wanted, Vocabulary.words(wanted, marks=True))
    assert baseline["bleu"] == pytest.approx(Bleu()(said, wanted).item(), rel=1e-5)
    assert baseline["exact"] == pytest.approx(ExactMatch()(said, wanted).item())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"unit": "letters"}, "unit must be 'words' or 'characters', got 'letters'"),
        ({"unit": "characters", "words": {"max_size": 5}}, "words are counted where words are written, not characters"),
    ],
)
def test_arguments_of_captions_out_of_range(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        made(**arguments)
