"""Recordings become batches of features with their classes; what cannot be learnt from is refused."""

import os
import re
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from seqmodels.data.audio.formats import by_name
from seqmodels.data.audio.labelled_audio import LabelledAudioData
from seqmodels.data.base import SPLITS
from seqmodels.data.generated.sounds import sounds
from seqmodels.data.row_errors import RowErrors
from seqmodels.types import DataSpec
from tests.data.audio.labelled_sounds import MEL, labelled
from tests.sound_files import as_bytes, folder, tone, write

CONFIGS = Path(__file__).parents[3] / "configs"


def test_batches_hold_the_features_and_classes_of_their_recordings(tmp_path: Path) -> None:
    base = folder(tmp_path / "a", count=20)
    data = labelled(path=base, batch_size=4)
    files = {
        (label, tuple(MEL.read(base / label / f"{number}.wav").flatten().tolist()))
        for label in ("low", "high")
        for number in range(20)
    }
    found = [
        (data.spec.classes[target], tuple(row[:length].flatten().tolist()))
        for split in SPLITS
        for inputs, targets, lengths, _ in data.loader(split)
        for row, target, length in zip(inputs, targets, lengths, strict=True)
    ]
    assert len(found) == 40
    assert set(found) == files
    for split, share in zip(SPLITS, (16, 2, 2), strict=True):
        assert Counter(data.splits[split].texts) == {"low": share, "high": share}


def test_rows_are_padded_with_zeros(tmp_path: Path) -> None:
    data = labelled(path=folder(tmp_path / "a"), batch_size=16)
    batch = next(iter(data.train_dataloader()))
    assert batch.inputs.shape[1] == int(batch.lengths.max())
    for row, length in zip(batch.inputs, batch.lengths, strict=True):
        assert (row[length:] == 0).all()
        assert (row[:length] != 0).all()


def test_the_spec_is_all_a_model_needs(tmp_path: Path) -> None:
    spec = labelled(path=folder(tmp_path / "a")).spec
    assert (spec.inputs, spec.input_size, spec.output_size, spec.classes) == ("values", 20, 2, ("high", "low"))
    assert spec.raw == MEL.recipe()
    assert DataSpec.from_dict(spec.to_dict()) == spec


def test_a_folder_for_each_split(tmp_path: Path) -> None:
    data = labelled(path={"train": folder(tmp_path / "a", count=9), "test": folder(tmp_path / "b", count=3)})
    assert [len(data.splits[split].rows) for split in SPLITS] == [16, 2, 6]
    assert data.splits["test"].origin == str(tmp_path / "b")


def test_a_class_of_the_test_split_must_be_trained_on(tmp_path: Path) -> None:
    train, test = folder(tmp_path / "a"), folder(tmp_path / "b")
    write(test / "middle" / "0.wav", tone())
    with pytest.raises(ValueError, match=r"b: 'middle' is no training label, those are: high, low$"):
        labelled(path={"train": train, "test": test})


def test_one_class_is_refused(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "a" / "low" / f"{number}.wav", tone())
    with pytest.raises(ValueError, match=r"a: expected at least two classes, got only 'low'$"):
        labelled(path=tmp_path / "a")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match=r"a: expected recordings, got none$"):
        labelled(path=tmp_path / "a")
    with pytest.raises(ValueError, match="path of recordings or a function that generates them, got neither"):
        LabelledAudioData(path=None)
    with pytest.raises(ValueError, match="on_error must be 'stop' or 'skip', got 'ignore'"):
        LabelledAudioData(path=tmp_path, on_error="ignore")  # type: ignore[arg-type]


def test_stereo_and_other_sample_rates_are_read_beside_each_other(tmp_path: Path) -> None:
    base = folder(tmp_path / "a")
    left = tone(300.0, rate=16000)
    write(base / "low" / "stereo.wav", np.stack([left, left], axis=1), rate=16000)
    data = labelled(path=dict.fromkeys(SPLITS, base))
    row = next(
        row for row in data.splits["test"].rows if data.splits["test"].features.places[row].endswith("stereo.wav")
    )
    steps = data.examples["test"][[row]].inputs[0]
    assert torch.equal(steps, MEL.read(base / "low" / "stereo.wav"))
    assert len(steps) == len(MEL.read(tone(300.0)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the file is empty \(0 bytes\)"),
        (b"no sound", "not a sound file that can be read"),
        (as_bytes(tone())[:10], "not a sound file that can be read"),
        (as_bytes(tone()[:0]), "the sound is empty: it has no samples"),
    ],
)
def test_a_bad_recording_stops_or_is_skipped(tmp_path: Path, content: bytes, message: str) -> None:
    base = folder(tmp_path / "a")
    (base / "low" / "bad.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"low/bad\.wav: {message}"):
        labelled(path=base)
    data = labelled(path=base, on_error="skip")
    assert sum(len(data.splits[split].rows) for split in SPLITS) == 20
    assert message.split("\\", maxsplit=1)[0] in data.describe()["skipped"]


def test_bad_recordings_stop_or_are_skipped_and_told(tmp_path: Path) -> None:
    base = folder(tmp_path / "a")
    (base / "low" / "bad.wav").write_bytes(b"")
    with pytest.raises(ValueError, match=r"low/bad\.wav: the file is empty \(0 bytes\)"):
        labelled(path=base)
    for _ in range(2):  # computed, and from the cache
        data = labelled(path=base, on_error="skip")
        assert sum(len(data.splits[split].rows) for split in SPLITS) == 20
        assert data.describe()["skipped"].startswith(f"1 skipped, the first: {base}/low/bad.wav: the file is empty")
    with pytest.raises(ValueError, match="the file is empty"):
        labelled(path=base)
    assert "skipped" not in labelled(path=folder(tmp_path / "b")).describe()


@pytest.mark.skipif("SEQMODELS_DATA" not in os.environ, reason="needs the data sets in $SEQMODELS_DATA")
def test_spoken_digits_have_their_official_split() -> None:
    config = yaml.safe_load((CONFIGS / "data" / "fsdd.yaml").read_text())
    archive = Path(os.environ["SEQMODELS_DATA"]) / config["path"]["test"]["name"]
    names = [recording.place for recording in by_name(archive, RowErrors(), pattern="(.*)")]
    numbers = {}
    for split, format in config["format"].items():
        found = [name for name in names if re.fullmatch(format["pattern"], name.removeprefix(f"{archive}/"))]
        numbers[split] = {int(name.removesuffix(".wav").rpartition("_")[2]) for name in found}
        assert len(found) == 60 * len(numbers[split])
    assert numbers == {"train": set(range(10, 50)), "val": set(range(5, 10)), "test": set(range(5))}


@pytest.mark.skipif("SEQMODELS_DATA" not in os.environ, reason="needs the data sets in $SEQMODELS_DATA")
def test_spoken_digits_of_one_speaker_are_read() -> None:
    archive = Path(os.environ["SEQMODELS_DATA"]) / "fsdd" / "recordings.tar.xz"
    theo = partial(by_name, pattern=r"recordings/(\d)_theo_[0-4]\.wav")
    assert len(labelled(path=dict.fromkeys(SPLITS, archive), format=theo).splits["test"].rows) == 50


def test_the_baseline_is_that_of_the_mean_spectrum() -> None:
    baseline = labelled(path=None, generate=partial(sounds, count=200)).baseline()
    assert 0.2 < baseline["accuracy"] < 1


def test_the_description_says_what_is_heard(tmp_path: Path) -> None:
    lines = labelled(path=folder(tmp_path / "a")).describe()
    assert lines["recordings"] == "16 train, 2 val, 2 test"
    assert lines["classes"] == "high (10), low (10)"
    assert lines["features"].startswith("20 mel bands up to 4,000 Hz, a step every 10 ms; stereo is averaged")
    assert labelled(path=None, generate=partial(sounds, count=100)).describe()["data"] == "sounds (generated)"
