"""Features tell what is heard, whatever the file; what cannot be heard is refused in one line."""

from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.assembly import instantiate
from seqmodels.data.audio.sound import HIGHEST, LOWEST, LogMel, Sound
from tests.sound_files import as_bytes, tone, write

MEL = LogMel(sample_rate=8000, num_mels=20)


@pytest.mark.parametrize("pitch", [200.0, 700.0, 1500.0, 3500.0])
def test_a_tone_is_loudest_in_its_band(pitch: float) -> None:
    loudest = int(MEL.read(tone(pitch)).mean(0).argmax())
    edges = librosa.mel_frequencies(MEL.num_mels + 2, fmax=4000)
    assert edges[loudest] < pitch < edges[loudest + 2]


def test_the_power_is_that_of_librosas_mel_spectrogram() -> None:
    sound = np.random.default_rng(0).standard_normal(4000).astype(np.float32)
    power = librosa.feature.melspectrogram(y=sound, sr=8000, n_fft=256, win_length=200, hop_length=80, n_mels=20)
    decibels = librosa.power_to_db(power, ref=np.max, top_db=80)
    wanted = HIGHEST + torch.from_numpy(decibels.T) * (HIGHEST - LOWEST) / 80
    torch.testing.assert_close(MEL.read(sound), wanted)


def test_levels_are_decibels_below_the_loudest_moment() -> None:
    quiet_then_loud = np.concatenate([0.01 * tone(seconds=0.5), tone(seconds=0.5)])
    steps = replace(MEL, decibels=60).read(quiet_then_loud)
    band = int(steps[75].argmax())
    below = (HIGHEST - steps[25, band]) / (HIGHEST - LOWEST) * 60
    assert float(steps.max()) == HIGHEST
    assert float(below) == pytest.approx(40, abs=0.5)  # a hundredth of the amplitude


@given(loudness=st.floats(1e-3, 10.0))
def test_loudness_makes_no_difference(loudness: float) -> None:
    sound = tone() + tone(1500.0)
    torch.testing.assert_close(MEL.read((loudness * sound).astype(np.float32)), MEL.read(sound), atol=2e-3, rtol=0)


def test_silence_is_silent() -> None:
    silence = MEL.read(np.zeros(800))
    torch.testing.assert_close(silence, torch.full_like(silence, LOWEST))


@pytest.mark.parametrize("length", [1, 2, 79, 80, 81, 255, 256, 257, 8000])
def test_any_length_has_its_steps(length: int) -> None:
    steps = MEL.read(np.random.default_rng(0).standard_normal(length))
    assert len(steps) == 1 + max(length, 256) // 80
    assert steps.isfinite().all()


def test_moments_are_stacked_side_by_side() -> None:
    plain, stacked = MEL.read(tone()), replace(MEL, stack=4).read(tone())
    assert len(plain) == 21
    assert stacked.shape == (6, 80)
    assert torch.equal(stacked.reshape(-1, 20)[:21], plain)
    assert (stacked.reshape(-1, 20)[21:] == LOWEST).all()
    assert replace(MEL, stack=4).seconds == pytest.approx(0.04)


def test_a_file_its_bytes_and_its_samples_read_the_same(tmp_path: Path) -> None:
    samples = tone()
    path = write(tmp_path / "a.wav", samples, subtype="FLOAT")
    for item in (str(path), path, path.read_bytes(), Sound(samples, 8000), samples.tolist()):
        assert torch.equal(MEL.read(item), MEL.read(samples))


@pytest.mark.parametrize("suffix", ["flac", "ogg", "mp3"])
def test_other_formats_are_read(tmp_path: Path, suffix: str) -> None:
    if suffix.upper() not in soundfile.available_formats():
        pytest.skip(f"this libsndfile reads no {suffix}")
    samples = tone(700.0, seconds=0.5)
    read, wanted = MEL.read(write(tmp_path / f"a.{suffix}", samples)), MEL.read(samples)
    assert int(read.mean(0).argmax()) == int(wanted.mean(0).argmax())


def test_stereo_is_averaged() -> None:
    left, right = tone(300.0), tone(2000.0)
    stereo = Sound(np.stack([left, right], axis=1), 8000)
    torch.testing.assert_close(MEL.read(stereo), MEL.read((left + right) / 2))


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100])
def test_another_sample_rate_is_converted(rate: int) -> None:
    read = MEL.read(Sound(tone(700.0, seconds=0.5, rate=rate), rate))
    wanted = MEL.read(tone(700.0, seconds=0.5))
    assert abs(len(read) - len(wanted)) <= 1
    loud = wanted[5:45] > 0
    torch.testing.assert_close(read[5:45][loud], wanted[5:45][loud], atol=0.1, rtol=0)


def test_the_recipe_reads_alike() -> None:
    mel = LogMel(sample_rate=8000, num_mels=20, hop=0.02, stack=2)
    again = instantiate(mel.recipe())
    assert again == mel


def test_one_input_or_several() -> None:
    sound = Sound(tone(), 8000)
    for one in ("a.wav", Path("a.wav"), b"RIFF", sound, sound.samples):
        assert MEL.several(one)[0] is one
        assert len(MEL.several([one, one])) == 2
    assert MEL.items(Path("a.wav")) == [Path("a.wav")]


def test_what_cannot_be_heard_is_refused(tmp_path: Path) -> None:
    whole = as_bytes(tone())
    (tmp_path / "none.wav").write_bytes(b"")
    (tmp_path / "cut.wav").write_bytes(whole[:20])
    (tmp_path / "text.wav").write_text("this is no sound")
    write(tmp_path / "empty.wav", np.zeros(0, np.float32))
    write(tmp_path / "nan.wav", np.array([0, np.nan, 0], np.float32), subtype="FLOAT")
    for name, message in (
        ("none.wav", "the file is empty"),
        ("cut.wav", "not a sound file that can be read: "),
        ("text.wav", "not a sound file that can be read: "),
        ("empty.wav", "it has no samples"),
        ("nan.wav", "sample 1 is not a finite number"),
        ("missing.wav", "cannot be read: No such file"),
        ("", "cannot be read: Is a directory"),
    ):
        with pytest.raises(ValueError, match=message) as caught:
            MEL.read(tmp_path / name)
        assert str(caught.value).startswith(str(tmp_path / name))
        assert "\n" not in str(caught.value)


def test_samples_of_three_axes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"got shape \(2, 3, 4\)"):
        MEL.read(np.zeros((2, 3, 4)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"stack": 0}, "stack must be positive, got 0"),
        ({"num_mels": -1}, "num_mels must be positive, got -1"),
        ({"sample_rate": 0}, "sample_rate must be positive"),
        ({"hop": 1e-9}, "at least, got 0.025 and 1e-09 seconds"),
        ({"decibels": float("nan")}, "decibels must be positive, got nan"),
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LogMel(**arguments)  # type: ignore[arg-type]
