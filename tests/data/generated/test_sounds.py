"""Generated sounds are what they are called, and depend on the seed only."""

from collections import Counter
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from seqmodels.data.audio.labelled_audio import LabelledAudioData
from seqmodels.data.audio.sound import LogMel, Sound
from seqmodels.data.audio.transcribed_audio import TranscribedAudioData
from seqmodels.data.base import SequenceData
from seqmodels.data.generated.sounds import LETTERS, sounds, spelled_tones

MEL = LogMel(sample_rate=8000, num_mels=20)


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
    counts = Counter(recording.text for recordings in sounds(0, count=90).values() for recording in recordings)
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
