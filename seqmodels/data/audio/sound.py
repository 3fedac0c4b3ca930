"""Sound: a recording in, its log-mel features out."""

import io
import math
from dataclasses import dataclass
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import librosa
import numpy as np
import soundfile
import torch
from jaxtyping import Float
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from seqmodels.data.raw import RawInput

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".au")
LOWEST, HIGHEST = -2.0, 2.0


class Sound(NamedTuple):
    """Samples, (time,) or (time, channels), and how many of them make a second."""

    samples: NDArray[np.float32]
    sample_rate: int


@dataclass(frozen=True)
class LogMel(RawInput):
    """The power of a sound in bands of equal width on the mel scale, in decibels, moment by moment.

    Each recording is its own measure: 2 is its loudest moment in any band, and -2 what lies `decibels` or more below
    that. So it makes no difference how far the microphone was. Several channels are averaged to one, and a sound of
    another sample rate is resampled.

    Args:
        sample_rate: in samples per second, of what is analysed; half of it is the highest frequency.
        num_mels: number of bands.
        window: seconds of sound behind one moment.
        hop: seconds from one moment to the next.
        stack: moments side by side in one step, so that long recordings make fewer steps.
        decibels: how much quieter than the loudest moment the quietest is that still counts.

    Raises:
        ValueError: one of them is not positive, or `hop` is less than a sample.

    Example:
        >>> second = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
        >>> steps = LogMel(sample_rate=8000, num_mels=20, stack=2).read(second)
        >>> steps.shape
        torch.Size([51, 40])
        >>> int(steps[25, :20].argmax())  # 440 Hz lies in the fourth band
        3
    """

    sample_rate: int = 16000
    num_mels: int = 40
    window: float = 0.025
    hop: float = 0.01
    stack: int = 1
    decibels: float = 80.0

    def __post_init__(self) -> None:
        for name in ("sample_rate", "num_mels", "window", "hop", "stack", "decibels"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be positive, got {getattr(self, name)}")
        if min(self.hop, self.window) * self.sample_rate < 1:
            raise ValueError(f"window and hop must last a sample at least, got {self.window} and {self.hop} seconds")

    @property
    def size(self) -> int:
        """Values of a step."""
        return self.num_mels * self.stack

    @property
    def seconds(self) -> float:
        """From one step to the next."""
        return self.stack * round(self.hop * self.sample_rate) / self.sample_rate

    def read(self, item: str | PathLike[str] | bytes | Sound | ArrayLike) -> Float[Tensor, "time size"]:
        """The steps of a recording.

        Args:
            item: the path of a sound file (WAV, FLAC, Ogg, MP3); the bytes of one; a `Sound`; or samples of the
                `sample_rate` of these features.

        Raises:
            ValueError: there is no such file, it is no sound file or a damaged one, has no samples, or samples that
                are not finite numbers.
        """
        if isinstance(item, str | PathLike):
            return self._of_file(Path(item))
        if isinstance(item, bytes):
            item = decoded(item)
        if not isinstance(item, Sound):
            item = Sound(np.asarray(item, dtype=np.float32), self.sample_rate)
        return self._stacked(self._moments(self._samples(item)))

    def several(self, inputs: Any) -> list[Any]:
        """One recording or a list of them, as a list."""
        return [inputs] if isinstance(inputs, str | PathLike | bytes | Sound | np.ndarray) else list(inputs)

    def example(self) -> str:
        """Return what a person could type for an item."""
        return "recording.wav"

    def items(self, file: Path) -> list[Any]:
        """The recording itself."""
        return [file]

    def describe(self) -> str:
        """One line."""
        return (
            f"{self.num_mels} mel bands up to {self.sample_rate // 2:,} Hz, a step every {1000 * self.seconds:.3g} ms; "
            f"stereo is averaged, other sample rates are converted to {self.sample_rate:,} Hz"
        )

    def pictures(self, steps: Float[Tensor, "time size"]) -> Float[Tensor, "moments mels"]:
        """The moments again, one by one."""
        return steps.reshape(-1, self.num_mels)

    def _of_file(self, path: Path) -> Tensor:
        try:
            return self.read(path.read_bytes())
        except OSError as error:
            raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    def _samples(self, sound: Sound) -> NDArray[np.float32]:
        """One channel, at the wanted rate."""
        samples, rate = sound
        if samples.ndim not in (1, 2):
            raise ValueError(f"expected samples (time,) or (time, channels), got shape {samples.shape}")
        if samples.size == 0:
            raise ValueError("the sound is empty: it has no samples")
        if not np.isfinite(samples).all():
            place = int(np.argmin(np.isfinite(samples.reshape(len(samples), -1)).all(1)))
            raise ValueError(f"sample {place} is not a finite number")
        one: NDArray[np.float32] = samples if samples.ndim == 1 else samples.mean(axis=1)
        if rate == self.sample_rate:
            return one
        resampled: NDArray[np.float32] = librosa.resample(one, orig_sr=rate, target_sr=self.sample_rate)
        return resampled

    def _moments(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """(time, mels), from `LOWEST` to `HIGHEST`."""
        window, hop = round(self.window * self.sample_rate), round(self.hop * self.sample_rate)
        spectrum = 2 ** math.ceil(math.log2(window))
        padded = np.pad(samples, (0, max(0, spectrum - len(samples))))
        waves = librosa.stft(padded, n_fft=spectrum, hop_length=hop, win_length=window)
        power = _filters(self.sample_rate, spectrum, self.num_mels) @ np.abs(waves) ** 2
        share = power / max(float(power.max()), float(np.finfo(np.float32).tiny))
        decibels = librosa.power_to_db(share, amin=10 ** (-self.decibels / 10), top_db=None)
        scaled: NDArray[np.float32] = HIGHEST + decibels.T * (HIGHEST - LOWEST) / self.decibels
        return scaled.astype(np.float32)

    def _stacked(self, moments: NDArray[np.float32]) -> Tensor:
        missing = -len(moments) % self.stack
        padded = np.pad(moments, ((0, missing), (0, 0)), constant_values=LOWEST)
        return torch.from_numpy(padded.reshape(-1, self.size))


@lru_cache
def _filters(sample_rate: int, spectrum: int, num_mels: int) -> NDArray[np.float32]:
    """From frequencies to bands, (mels, frequencies)."""
    filters: NDArray[np.float32] = librosa.filters.mel(sr=sample_rate, n_fft=spectrum, n_mels=num_mels)
    return filters


def decoded(data: bytes) -> Sound:
    """What the bytes of a sound file hold.

    Raises:
        ValueError: they are no sound file, or a damaged one.
    """
    if not data:
        raise ValueError("the file is empty (0 bytes), expected a sound file")
    try:
        samples, sample_rate = soundfile.read(io.BytesIO(data), dtype="float32")
    except soundfile.LibsndfileError as error:
        raise ValueError(f"not a sound file that can be read: {error.error_string}") from error
    return Sound(samples, sample_rate)
