"""Recordings become batches of features with their classes or texts; features are computed once."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from seqmodels.data.audio import recordings as module
from seqmodels.data.audio.floors import class_by_spectrum, tokens_by_flat_start
from seqmodels.data.audio.formats import Recording, by_kind, by_name, joined
from seqmodels.data.audio.labelled_audio import LabelledAudioData
from seqmodels.data.audio.sound import LogMel, Sound
from seqmodels.data.audio.transcribed_audio import TranscribedAudioData
from seqmodels.data.base import SPLITS, SequenceData
from seqmodels.data.generated.sounds import LETTERS, sounds, spelled_tones
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec
from tests.sound_files import folder, pack, tone, write

CONFIGS = Path(__file__).parents[2] / "configs"
MEL = LogMel(sample_rate=8000, num_mels=20)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQMODELS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "prepared"


def labelled(**arguments: Any) -> LabelledAudioData:
    data = LabelledAudioData(**{"features": MEL, **arguments})
    data.setup()
    return data


def transcribed(**arguments: Any) -> TranscribedAudioData:
    data = TranscribedAudioData(**{"features": MEL, **arguments})
    data.setup()
    return data


def transcripts(path: Path, *texts: str) -> Path:
    for number in range(len(texts)):
        write(path / f"{number}.wav", tone(300.0 + 100 * number))
    table = path / "table.tsv"
    table.write_text("path\ttext\n" + "".join(f"{number}.wav\t{text}\n" for number, text in enumerate(texts)))
    return table


by_text = partial(by_kind, text="text")


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
        assert Counter(data.parts[split].texts) == {"low": share, "high": share}


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


def test_a_folder_for_each_part(tmp_path: Path) -> None:
    data = labelled(path={"train": folder(tmp_path / "a", count=9), "test": folder(tmp_path / "b", count=3)})
    assert [len(data.parts[split].rows) for split in SPLITS] == [16, 2, 6]
    assert data.parts["test"].origin == str(tmp_path / "b")


def test_a_class_of_the_test_part_must_be_trained_on(tmp_path: Path) -> None:
    train, test = folder(tmp_path / "a"), folder(tmp_path / "b")
    write(test / "middle" / "0.wav", tone())
    with pytest.raises(ValueError, match="b has 'middle', not among the classes: high, low"):
        labelled(path={"train": train, "test": test})


def test_one_class_is_refused(tmp_path: Path) -> None:
    for number in range(30):
        write(tmp_path / "a" / "low" / f"{number}.wav", tone())
    with pytest.raises(ValueError, match=r"at least two classes in .*, got low"):
        labelled(path=tmp_path / "a")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match="there is no recording for train in "):
        labelled(path=tmp_path / "a")
    with pytest.raises(ValueError, match="path of recordings or a function that generates them, got neither"):
        LabelledAudioData(path=None)
    with pytest.raises(ValueError, match="on_error must be 'stop' or 'skip', got 'ignore'"):
        LabelledAudioData(path=tmp_path, on_error="ignore")  # type: ignore[arg-type]


def test_bad_recordings_stop_or_are_skipped_and_told(tmp_path: Path) -> None:
    base = folder(tmp_path / "a")
    (base / "low" / "bad.wav").write_bytes(b"")
    with pytest.raises(ValueError, match=r"low/bad\.wav: the file is empty \(0 bytes\)"):
        labelled(path=base)
    for _ in range(2):  # computed, and from the cache
        data = labelled(path=base, on_error="skip")
        assert sum(len(data.parts[split].rows) for split in SPLITS) == 20
        assert data.describe()["skipped"].startswith(f"1 skipped, the first: {base}/low/bad.wav: the file is empty")
    with pytest.raises(ValueError, match="the file is empty"):
        labelled(path=base)
    assert "skipped" not in labelled(path=folder(tmp_path / "b")).describe()


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    reads: list[object] = []
    read = LogMel.read
    monkeypatch.setattr(LogMel, "read", lambda self, item: reads.append(item) or read(self, item))
    return reads


@pytest.mark.parametrize("kind", ["folder", "archive", "table", "joined"])
def test_features_are_computed_again_only_when_something_changed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = folder(tmp_path / "a", count=5)
    path, format = base, partial(by_kind)
    changed = base / "low" / "0.wav"
    if kind == "archive":
        path = changed = pack(tmp_path / "a.tar.gz", base)
    elif kind == "table":
        path = tmp_path / "t.csv"
        files = sorted(base.rglob("*.wav"))
        path.write_text(
            "path,label\n" + "".join(f"{file.relative_to(tmp_path)},{file.parent.name}\n" for file in files)
        )
    elif kind == "joined":
        format = partial(joined, of=by_kind, count=10, longest=1)
    reads = count_reads(monkeypatch)
    first = labelled(path=path, format=format)
    assert len(reads) == 10
    again = labelled(path=path, format=format)
    assert len(reads) == 10
    assert torch.equal(first.examples["train"][[0, 1]].inputs, again.examples["train"][[0, 1]].inputs)
    labelled(path=path, format=format, features=LogMel(sample_rate=8000, num_mels=10))
    assert len(reads) == 20
    os.utime(changed, (0, 0))
    labelled(path=path, format=format)
    assert len(reads) == 30


def test_the_features_of_somebody_elses_format_are_not_kept(tmp_path: Path, cache: Path) -> None:
    def own(path: Path, errors: RowErrors) -> Iterator[Recording]:
        yield from by_name(path, errors)

    data = labelled(path=folder(tmp_path / "a"), format=own)
    assert len(data.parts["train"].rows) == 16
    assert not cache.exists()
    assert len(labelled(path=tmp_path / "a").parts["train"].rows) == 16
    assert len(list(cache.iterdir())) == 1


def test_texts_are_written_in_characters_or_words(tmp_path: Path) -> None:
    texts = ["on off", "off", "on on", *["off on"] * 17]
    parts = dict.fromkeys(SPLITS, transcripts(tmp_path / "a", *texts))
    for unit, entries in (("characters", [" ", "f", "n", "o"]), ("words", ["on", "off"])):
        for end_mark in (False, True):
            data = transcribed(path=parts, format=by_text, unit=unit, end_mark=end_mark)
            vocabulary = Vocabulary.from_json(data.spec.target_vocabulary or "")
            assert sorted(vocabulary.tokens[4:]) == sorted(entries)
            assert data.spec.output_size == 4 + len(entries)
            written = []
            for batch in data.train_dataloader():
                assert batch.target_lengths is not None
                for row, length in zip(batch.targets, batch.target_lengths, strict=True):
                    assert (row[length:] == 0).all()
                    tokens = row[:length].tolist()
                    assert (tokens[-1] == vocabulary.end_index) == end_mark
                    written.append(vocabulary.decode(tokens[:-1] if end_mark else tokens))
            assert Counter(written) == Counter(texts)


def test_characters_not_trained_on_are_unknown(tmp_path: Path) -> None:
    parts = {split: transcripts(tmp_path / split, "ab" if split == "train" else "ax") for split in SPLITS}
    data = transcribed(path=parts, format=by_text)
    assert data.examples["test"][[0]].targets.tolist() == [[4, 1]]
    assert data.describe()["texts"] == "in 2 characters: ab"


def test_an_impossible_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="unit must be 'characters' or 'words', got 'phonemes'"):
        TranscribedAudioData(path=None, generate=spelled_tones, unit="phonemes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("generate", "kind"), [(sounds, LabelledAudioData), (spelled_tones, TranscribedAudioData)], ids=["sounds", "tones"]
)
def test_generated_recordings_depend_on_the_seed_only(generate: Any, kind: type[SequenceData]) -> None:
    def inputs(seed: int) -> torch.Tensor:
        data = kind(path=None, generate=partial(generate, count=30), features=MEL, seed=seed)  # type: ignore[call-arg]
        data.setup()
        assert len(data.examples["train"]) == 24  # type: ignore[arg-type]
        return data.examples["test"][[0, 1, 2]].inputs

    assert torch.equal(inputs(0), inputs(0))
    assert inputs(0).shape != inputs(1).shape or not torch.equal(inputs(0), inputs(1))


def test_every_kind_of_sound_is_as_frequent() -> None:
    counts = Counter(recording.text for part in sounds(0, count=90).values() for recording in part)
    assert set(counts.values()) == {10}
    assert len(counts) == 9


def test_a_letter_is_its_two_tones() -> None:
    recording = spelled_tones(0, count=10, shortest=1, longest=1, noise=0.0)["train"][0]
    assert isinstance(recording.sound, Sound)
    spectrum = np.abs(np.fft.rfft(recording.sound.samples))
    pitches = np.fft.rfftfreq(len(recording.sound.samples), 1 / recording.sound.sample_rate)
    for pitch in (400.0, 700.0, 1200.0, 2000.0):
        heard = spectrum[np.abs(pitches / pitch - 1) < 0.08].max() > 0.3 * spectrum.max()
        assert heard == (pitch in LETTERS[recording.text])


def test_the_mean_spectrum_knows_no_order() -> None:
    rising = torch.linspace(-1, 1, 9).unsqueeze(1)
    rows = [rising, rising.flip(0)] * 5
    assert class_by_spectrum(rows, ["up", "down"] * 5, rows, ["up", "down"] * 5) == 0.5
    loud = [rising, rising + 1] * 5
    assert class_by_spectrum(loud, ["a", "b"] * 5, loud, ["a", "b"] * 5) == 1.0


def test_tokens_of_equal_length_are_told_by_a_flat_start() -> None:
    generator = torch.Generator().manual_seed(0)
    sounds_of = torch.randn(4, 3, generator=generator)

    def spoken(*tokens: int) -> torch.Tensor:
        steps = sounds_of[list(tokens)].repeat_interleave(6, dim=0)
        return steps + 0.1 * torch.randn(steps.shape, generator=generator)

    known = [torch.randint(4, (length,), generator=generator).tolist() for length in (1, 2, 3, 4, 5) * 4]
    asked = [[0, 1, 2, 3], [3, 2], [1]]
    assert tokens_by_flat_start([spoken(*row) for row in known], known, [spoken(*row) for row in asked]) == asked
    assert tokens_by_flat_start([spoken(*row) for row in known], known, [spoken(2)[:1]]) == [[2]]


def test_more_tokens_than_steps_are_no_error() -> None:
    rows = [torch.zeros(2, 1), torch.ones(2, 1)]
    assert len(tokens_by_flat_start(rows, [[1, 1, 2], [2, 2, 1]], rows)[0]) == 3


def test_the_floors_are_named_like_the_metrics() -> None:
    assert 0.2 < labelled(path=None, generate=partial(sounds, count=200)).floor()["accuracy"] < 1
    floor = transcribed(path=None, generate=partial(spelled_tones, count=100)).floor()
    assert set(floor) == {"word_error_rate", "character_error_rate"}
    assert floor["character_error_rate"] > 0.1


def test_the_description_says_what_is_heard(tmp_path: Path) -> None:
    lines = labelled(path=folder(tmp_path / "a")).describe()
    assert lines["recordings"] == "16 train, 2 val, 2 test"
    assert lines["classes"] == "high (10), low (10)"
    assert lines["features"].startswith("20 mel bands up to 4,000 Hz, a step every 10 ms; stereo is averaged")
    generated = transcribed(path=None, generate=partial(spelled_tones, count=20)).describe()
    assert generated["data"] == "spelled_tones (generated)"


def test_names_of_functions_tell_settings_apart() -> None:
    inner = partial(by_name, pattern="(a)")
    first = module.settings(partial(joined, of=inner, count=3))
    assert first == {
        "name": "seqmodels.data.audio.formats.joined",
        "keywords": {
            "of": {"name": "seqmodels.data.audio.formats.by_name", "keywords": {"pattern": "(a)"}},
            "count": 3,
        },
    }


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
def test_spoken_digits_are_read_and_joined() -> None:
    archive = Path(os.environ["SEQMODELS_DATA"]) / "fsdd" / "recordings.tar.xz"
    theo = partial(by_name, pattern=r"recordings/(\d)_theo_[0-4]\.wav")
    assert len(labelled(path=dict.fromkeys(SPLITS, archive), format=theo).parts["test"].rows) == 50
    format = partial(joined, of=theo, count=5, longest=7, names={"0": "zero"})
    data = transcribed(path=dict.fromkeys(SPLITS, archive), format=format, unit="words")
    assert data.examples["test"][[0]].targets.shape[1] == len(data.parts["test"].texts[0].split())
