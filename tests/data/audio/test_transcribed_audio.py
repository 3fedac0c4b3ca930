"""Recordings become batches of features with their texts; a text that does not fit its recording is named."""

import os
import re
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from seqmodels.data.audio.formats import Recording, by_kind, by_name, joined
from seqmodels.data.audio.sound import LogMel, Sound
from seqmodels.data.audio.transcribed_audio import TranscribedAudioData
from seqmodels.data.base import SPLITS, Split
from seqmodels.data.generated.sounds import spelled_tones
from seqmodels.data.vocabulary import Vocabulary
from tests.sound_files import tone, write

MEL = LogMel(sample_rate=8000, num_mels=20)


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


def test_texts_are_written_in_characters_or_words(tmp_path: Path) -> None:
    texts = ["on off", "off", "on on", *["off on"] * 17]
    splits = dict.fromkeys(SPLITS, transcripts(tmp_path / "a", *texts))
    for unit, entries in (("characters", [" ", "f", "n", "o"]), ("words", ["on", "off"])):
        for end_mark in (False, True):
            data = transcribed(path=splits, format=by_text, unit=unit, end_mark=end_mark)
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
    splits = {split: transcripts(tmp_path / split, "ab" if split == "train" else "ax") for split in SPLITS}
    data = transcribed(path=splits, format=by_text)
    assert data.examples["test"][[0]].targets.tolist() == [[4, 1]]
    assert data.describe()["texts"] == "in 2 characters: ab"


def test_an_impossible_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="unit must be 'characters' or 'words', got 'phonemes'"):
        TranscribedAudioData(path=None, generate=spelled_tones, unit="phonemes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "needed"),
    [("abcdefghijklmnopqrstu", 21), ("abcdefghijklmnopqrstuv", 22), ("a" * 11, 21), ("a" * 12, 23), ("aab" * 6, 24)],
)
def test_ctc_needs_a_step_for_each_token_and_one_between_equal_ones(tmp_path: Path, text: str, needed: int) -> None:
    splits = dict.fromkeys(SPLITS, transcripts(tmp_path / "a", "abc", text))
    steps = 21
    assert len(MEL.read(tmp_path / "a" / "1.wav")) == steps
    if needed <= steps:
        assert len(transcribed(path=splits, format=by_text).splits["train"].rows) == 2
        return
    place = rf"table\.tsv:3: 1\.wav: expected a recording of at least {needed} steps for '{text}', got {steps}"
    with pytest.raises(ValueError, match=place):
        transcribed(path=splits, format=by_text)
    data = transcribed(path=splits, format=by_text, on_error="skip")
    assert [data.splits[split].texts for split in SPLITS] == [["abc"]] * 3
    assert [len(batch.targets) for batch in data.train_dataloader()] == [1]
    assert re.match(rf"3 skipped, the first: .*{place}", data.describe()["skipped"])
    assert len(transcribed(path=splits, format=by_text, end_mark=True).splits["train"].rows) == 2


def test_the_repeated_words_of_a_text_count_not_its_letters(tmp_path: Path) -> None:
    words = " ".join(["off"] * 11)
    splits = dict.fromkeys(SPLITS, transcripts(tmp_path / "a", words, "on"))
    assert len(transcribed(path=splits, format=by_text, unit="words").splits["train"].rows) == 2
    with pytest.raises(ValueError, match=r"table\.tsv:2: .* at least 54 steps for 'off off"):
        transcribed(path=splits, format=by_text)


def test_a_split_of_which_no_text_fits_is_named(tmp_path: Path) -> None:
    splits = {split: transcripts(tmp_path / split, "a" * 50 if split == "test" else "ab") for split in SPLITS}
    with pytest.raises(ValueError, match=r"test/table\.tsv: expected recordings, got none \(1 skipped, the first: "):
        transcribed(path=splits, format=by_text, on_error="skip")


def test_a_generated_text_must_fit_too() -> None:
    def generate(_: int) -> dict[Split, list[Recording]]:
        return {split: [Recording(Sound(tone(), 8000), "a" * 30, f"{split} 7")] for split in SPLITS}

    with pytest.raises(ValueError, match=r"^train 7: expected a recording of at least 59 steps for 'aaa"):
        transcribed(path=None, generate=generate)


def test_the_baseline_is_a_flat_start() -> None:
    baseline = transcribed(path=None, generate=partial(spelled_tones, count=100)).baseline()
    assert set(baseline) == {"word_error_rate", "character_error_rate"}
    assert baseline["character_error_rate"] > 0.1


def test_the_description_says_what_is_said() -> None:
    lines = transcribed(path=None, generate=partial(spelled_tones, count=20)).describe()
    assert lines["data"] == "spelled_tones (generated)"
    assert lines["texts"].startswith("in 12 characters: abc")
    assert "skipped" not in lines


@pytest.mark.skipif("SEQMODELS_DATA" not in os.environ, reason="needs the data sets in $SEQMODELS_DATA")
def test_spoken_digits_are_read_and_joined() -> None:
    archive = Path(os.environ["SEQMODELS_DATA"]) / "fsdd" / "recordings.tar.xz"
    theo = partial(by_name, pattern=r"recordings/(\d)_theo_[0-4]\.wav")
    format = partial(joined, of=theo, count=5, longest=7, names={"0": "zero"})
    data = transcribed(path=dict.fromkeys(SPLITS, archive), format=format, unit="words")
    assert data.examples["test"][[0]].targets.shape[1] == len(data.splits["test"].texts[0].split())
