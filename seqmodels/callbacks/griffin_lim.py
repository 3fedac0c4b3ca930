"""Log-mel features as sound again."""

import math

import librosa
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seqmodels.data.audio.sound import HIGHEST, LOWEST, LogMel

ITERATIONS = 32
LOUDEST = 0.9


def audible(steps: Float[Tensor, "time size"], features: LogMel) -> Float[Tensor, "1 samples"]:
    """What the features hold of a recording, at their sample rate, its peak at 0.9; silent if they are.

    Within a band, power is spread as evenly as the filters allow. Phases, of which features say nothing, are found so
    that the overlapping windows fit together.

    Args:
        steps: the features of a recording.
        features: what was computed of it.

    Source:
        D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier transform", IEEE Transactions on
        Acoustics, Speech and Signal Processing 32(2), 1984; its fast version, as in librosa.

    Example:
        >>> features = LogMel(sample_rate=8000)
        >>> hum = np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)
        >>> audible(features.read(hum), features).shape
        torch.Size([1, 4000])
    """
    moments = features.pictures(steps).numpy()
    decibels = features.decibels * (moments.T - HIGHEST) / (HIGHEST - LOWEST)
    power = np.where(moments.T > LOWEST, librosa.db_to_power(decibels), 0)
    window, hop = (round(seconds * features.sample_rate) for seconds in (features.window, features.hop))
    spectrum = 2 ** math.ceil(math.log2(window))
    amplitudes = librosa.feature.inverse.mel_to_stft(power, sr=features.sample_rate, n_fft=spectrum)
    # A seed of its own: whoever only looks draws none of the numbers of training.
    wave = librosa.griffinlim(amplitudes, n_iter=ITERATIONS, hop_length=hop, win_length=window, random_state=0)
    peak = np.abs(wave).max(initial=0.0)
    return torch.from_numpy((LOUDEST / peak if peak else 0.0) * wave).float().unsqueeze(0)
