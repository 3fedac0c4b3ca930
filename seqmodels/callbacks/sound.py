"""Notes as sound: plucked strings, made of decaying harmonics."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmodels.data.music.notes import Note

RATE = 16_000
HARMONICS = 6
LOUDEST = 0.9
RELEASE = 0.05  # seconds in which a note that ends becomes silent


def sound_of(notes: Iterable[Note], *, seconds_per_step: float, longest: float = 20.0) -> Float[Tensor, "1 samples"]:
    """A sound at 16 kHz, its peak at 0.9; silent without notes.

    Args:
        notes: of all voices.
        seconds_per_step: how long a step lasts.
        longest: seconds after which it is cut off.

    Raises:
        ValueError: a step has no length.

    Example:
        >>> sound_of([Note(69, 0, 2)], seconds_per_step=0.5).shape
        torch.Size([1, 16800])
    """
    if seconds_per_step <= 0:
        raise ValueError(f"a step must last longer than 0 seconds, got {seconds_per_step}")
    heard = [note for note in notes if note.start * seconds_per_step < longest]
    end = max((note.start + note.duration for note in heard), default=0) * seconds_per_step
    mixed = np.zeros(round((min(end, longest) + RELEASE) * RATE))
    for pitch, start, duration in heard:
        begin = round(start * seconds_per_step * RATE)
        tone = _tone(pitch, min(duration * seconds_per_step, longest))[: len(mixed) - begin]
        mixed[begin : begin + len(tone)] += tone
    peak = np.abs(mixed).max(initial=0.0)
    return torch.from_numpy((LOUDEST / peak if peak else 0.0) * mixed).float().unsqueeze(0)


def _tone(pitch: int, seconds: float) -> NDArray[np.float64]:
    """Harmonics below half the sampling rate; the higher, the weaker and the sooner gone."""
    time = np.arange(round((seconds + RELEASE) * RATE)) / RATE
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    audible = [number for number in range(1, HARMONICS + 1) if number * frequency < RATE / 2]
    tone = np.sum(
        [np.exp(-2.0 * number * time) / number * np.sin(2 * np.pi * number * frequency * time) for number in audible],
        axis=0,
    )
    attack, release = np.clip(time / 0.005, 0, 1), np.clip((seconds + RELEASE - time) / RELEASE, 0, 1)
    return np.asarray(tone * attack * release)
