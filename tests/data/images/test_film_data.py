"""Films of folders, animations and tables: a label for each frame or a sentence for all, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seqmodels.data.generated.moving_shapes import MOVES, movements, stories
from seqmodels.data.images.film_data import CaptionedFilmData, LabelledFilmData
from seqmodels.data.images.frames import Frames
from seqmodels.data.vocabulary import Vocabulary


def write_films(root: Path, count: int = 12) -> None:
    """Folders of frames that grow brighter or darker, a table of their labels and one of captions."""
    labels, captions = ["frame,label"], ["film,caption"]
    for number in range(count):
        (root / f"film{number}").mkdir(parents=True)
        brighter = number % 2
        captions.append(f"film{number},it grows {'brighter' if brighter else 'darker'}")
        for t in range(3 + number % 3):
            value = 40 * t if brighter else 200 - 40 * t
            Image.fromarray(np.full((10, 12), value, dtype=np.uint8)).save(root / f"film{number}" / f"{t}.png")
            labels.append(f"film{number}/{t}.png,{'brighter' if brighter else 'darker'}")
    (root / "labels.csv").write_text("\n".join(labels) + "\n")
    (root / "captions.csv").write_text("\n".join(captions) + "\n")


def test_frames_of_a_folder_make_a_film_with_a_label_each(tmp_path: Path) -> None:
    write_films(tmp_path)
    data = LabelledFilmData(path=tmp_path / "labels.csv", size=8, batch_size=20)
    data.setup()
    assert data.spec.classes == ("brighter", "darker")
    assert data.spec.shape == (1, 8, 8)
    assert [len(data.splits[split].texts) for split in ("train", "val", "test")] == [10, 1, 1]
    batch = next(iter(data.train_dataloader()))
    assert batch.inputs.shape == (10, 5, 1, 8, 8)
    assert torch.equal(batch.lengths, batch.target_lengths)
    for row, length in enumerate(batch.lengths.tolist()):
        brightness = batch.inputs[row, :length].mean((1, 2, 3))
        kind = data.spec.classes[batch.targets[row, 0]]
        assert (brightness.diff() > 0).all() == (kind == "brighter")


def test_a_film_has_a_sentence(tmp_path: Path) -> None:
    write_films(tmp_path)
    data = CaptionedFilmData(path=tmp_path / "captions.csv", size=8, batch_size=20)
    data.setup()
    batch = next(iter(data.train_dataloader()))
    words = Vocabulary.from_json(data.spec.target_vocabulary or "")
    assert {words.decode(row) for row in batch.targets} <= {"it grows brighter <end>", "it grows darker <end>"}
    assert 0 <= data.baseline()["exact"] <= 1


def test_a_trained_model_reads_folders_animations_and_arrays(tmp_path: Path) -> None:
    write_films(tmp_path, 1)
    raw = Frames(1, 8, 8)
    frames = [Image.open(file) for file in sorted((tmp_path / "film0").iterdir())]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    expected = raw.read(tmp_path / "film0")
    assert expected.shape == (3, 1, 8, 8)
    torch.testing.assert_close(raw.read(str(tmp_path / "film.gif")), expected, atol=0.01, rtol=0)
    torch.testing.assert_close(raw.read(np.stack([np.asarray(frame) for frame in frames])), expected)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("film99/0.png,darker", r"labels\.csv:50: there is no .*film99/0\.png"),
        ("film0/0.png", r"labels\.csv:50: "),
        ("broken/0.png,darker", r"labels\.csv:50: .*broken/0\.png is not a readable picture"),
        ("broken/1.png,darker", r"labels\.csv:50: .*broken/1\.png is empty"),
        ("film0/0.png,", r"labels\.csv:50: expected a text under 'label', got ''"),
        ("film0/0.png,caf\udce9", r"labels\.csv:50: not UTF-8 text: byte 0xe9"),
    ],
)
def test_a_bad_row_is_named_or_skipped(tmp_path: Path, row: str, message: str) -> None:
    write_films(tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "0.png").write_text("no picture")
    (tmp_path / "broken" / "1.png").touch()
    with (tmp_path / "labels.csv").open("a", errors="surrogateescape") as file:
        file.write(row + "\n")
    with pytest.raises(ValueError, match=message):
        LabelledFilmData(path=tmp_path / "labels.csv").setup()
    data = LabelledFilmData(path=tmp_path / "labels.csv", on_error="skip")
    data.setup()
    assert data.describe()["skipped"].startswith("1 skipped")


def test_an_empty_folder_and_wrong_columns_are_refused(tmp_path: Path) -> None:
    write_films(tmp_path, 2)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="expected the frames of a film, got none"):
        Frames(1, 8, 8).read(tmp_path / "empty")
    with pytest.raises(ValueError, match="no column 'film'"):
        CaptionedFilmData(path=tmp_path / "labels.csv").setup()
    with pytest.raises(ValueError, match="neither"):
        CaptionedFilmData()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.gif", b"", r"captions\.csv:14: .*a\.gif is not a readable film: cannot identify"),
        ("a.gif", b"no film", r"captions\.csv:14: .*a\.gif is not a readable film: cannot identify"),
        ("a.gif", b"GIF89a\x0a\0\x0a\0\0\0\0,", r"captions\.csv:14: .*a\.gif is not a readable film: "),
        ("b.gif", b"", r"captions\.csv:14: there is no .*a\.gif"),
    ],
)
def test_a_damaged_animation_is_named_or_skipped(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    write_films(tmp_path)
    (tmp_path / name).write_bytes(content)
    with (tmp_path / "captions.csv").open("a") as file:
        file.write("a.gif,it flickers\n")
    with pytest.raises(ValueError, match=message) as caught:
        CaptionedFilmData(path=tmp_path / "captions.csv").setup()
    assert "\n" not in str(caught.value)
    data = CaptionedFilmData(path=tmp_path / "captions.csv", on_error="skip")
    data.setup()
    assert data.describe()["skipped"].startswith("1 skipped")


def test_labels_that_cannot_be_learnt_are_refused(tmp_path: Path) -> None:
    write_films(tmp_path)
    rows = [line for line in (tmp_path / "labels.csv").read_text().splitlines() if not line.endswith("brighter")]
    (tmp_path / "one.csv").write_text("\n".join(rows))
    with pytest.raises(ValueError, match=r"one\.csv: expected at least two classes, got only 'darker'$"):
        LabelledFilmData(path=tmp_path / "one.csv").setup()
    (tmp_path / "other.csv").write_text("frame,label\nfilm0/0.png,flickering\n")
    with pytest.raises(ValueError, match=r"other\.csv: 'flickering' is no training label, those are: brighter, dark"):
        LabelledFilmData(path={"train": tmp_path / "labels.csv", "test": tmp_path / "other.csv"}).setup()
    (tmp_path / "none.csv").write_text("frame,label\n")
    with pytest.raises(ValueError, match=r"none\.csv: expected films, got none$"):
        LabelledFilmData(path={"train": tmp_path / "labels.csv", "test": tmp_path / "none.csv"}).setup()


def test_generated_films_are_told_rightly() -> None:
    for film in movements(3, count=20):
        assert 12 <= len(film.film) <= 20
        assert set(film.texts) <= set(MOVES)
    told = [film.texts[0] for film in stories(3, count=20)]
    assert told == [film.texts[0] for film in stories(3, count=20)]
    assert all(text.startswith("the ") for text in told)
