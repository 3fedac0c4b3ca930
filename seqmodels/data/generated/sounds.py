"""Made-up sounds: some that only the order of their moments tells apart, and tones that spell strings.

All lie in noise of random strength, begin anywhere and are of random pitch, length and loudness.
"""

from collections.abc import Callable, Mapping
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from seqmodels.data.audio.formats import Recording
from seqmodels.data.audio.sound import Sound
from seqmodels.data.base import SPLITS, Split

Samples = NDArray[np.float64]
Splits = dict[Split, list[Recording]]

LOWEST_PITCHES = (250.0, 1250.0)
PITCHES = (400.0, 700.0, 1200.0, 2000.0)
LETTERS = dict(zip("abcdefghijkl", permutations(PITCHES, 2), strict=True))


Kind = Callable[[Samples, float, float, np.random.Generator], Samples]


def _tone(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:
    return _swept(time, np.full(len(time), random.choice([low, high])))


def _tremolo(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:
    return _tone(time, low, high, random) * (0.55 + 0.45 * np.sin(2 * np.pi * random.uniform(6, 14) * time))


def _burst(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:  # noqa: ARG001
    return 0.7 * random.standard_normal(len(time))


def _rising(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:  # noqa: ARG001
    return _swept(time, low * (high / low) ** (time / time[-1]))


def _low_high(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:
    return _swept(time, np.where(time < random.uniform(0.3, 0.7) * time[-1], low, high))


def _swelling(time: Samples, low: float, high: float, random: np.random.Generator) -> Samples:
    wave: Samples = _tone(time, low, high, random) * 10 ** (-1.5 * (1 - time / time[-1]))
    return wave


def _backwards(kind: Kind) -> Kind:
    return lambda *arguments: kind(*arguments)[::-1]


def _swept(time: Samples, pitch: Samples) -> Samples:
    """A tone of changing pitch, in hertz."""
    wave: Samples = np.sin(2 * np.pi * np.cumsum(pitch) * time[1])
    return wave


KINDS: dict[str, Kind] = {
    "tone": _tone,
    "tremolo": _tremolo,
    "burst": _burst,
    "rising": _rising,
    "falling": _backwards(_rising),
    "low-high": _low_high,
    "high-low": _backwards(_low_high),
    "swelling": _swelling,
    "fading": _backwards(_swelling),
}


def sounds(seed: int, *, count: int = 2500, sample_rate: int = 8000, noise: float = 0.2) -> Splits:
    """Nine kinds of sounds, as many of each: a tone, a tremolo, a burst of noise, and three pairs that sound alike
    backwards: a rising and a falling tone, a low and a high tone in either order, a swelling and a fading tone.

    Args:
        seed: of every choice.
        count: number of sounds altogether: 80 % to train on, and 10 % each for validation and test.
        sample_rate: in samples per second.
        noise: how loud the noise is at most; the sounds have an amplitude of 1.

    Example:
        >>> splits = sounds(0, count=20)
        >>> [len(split) for split in splits.values()]
        [16, 2, 2]
        >>> splits["train"][0].text
        'falling'
    """
    random = np.random.default_rng(seed)

    def drawn(kind: str, number: int) -> Recording:
        time = np.arange(int(random.uniform(0.3, 0.7) * sample_rate)) / sample_rate
        low = np.exp(random.uniform(*np.log(LOWEST_PITCHES)))
        wave = _softened(KINDS[kind](time, low, low * random.uniform(1.6, 2.4), random))
        return Recording(_recorded(wave, sample_rate, noise, random), kind, f"sound {number}")

    kinds = random.permutation([list(KINDS)[i % len(KINDS)] for i in range(count)])
    return _cut([drawn(str(kind), number) for number, kind in enumerate(kinds)])


def spelled_tones(
    seed: int,
    *,
    count: int = 2500,
    sample_rate: int = 8000,
    noise: float = 0.3,
    shortest: int = 3,
    longest: int = 8,
) -> Splits:
    """Strings of the letters a to l, each letter two tones one after the other, out of four pitches.

    The same two tones in the other order are another letter. A letter lasts from 0.08 to 0.2 seconds, and a short
    silence stands behind it.

    Args:
        seed: of every choice.
        count: number of strings altogether: 80 % to train on, and 10 % each for validation and test.
        sample_rate: in samples per second.
        noise: how loud the noise is at most; the tones have an amplitude of 1.
        shortest: letters of a string at least.
        longest: letters of a string at most.

    Example:
        >>> recording = spelled_tones(0, count=10)["test"][0]
        >>> recording.text
        'hggfdada'
        >>> recording.sound.samples.dtype, recording.sound.sample_rate
        (dtype('float32'), 8000)
    """
    random = np.random.default_rng(seed)

    def letter(pitches: tuple[float, float]) -> list[Samples]:
        lasting, share = random.uniform(0.08, 0.2), random.uniform(0.35, 0.65)
        tones = [
            _swept(time, np.full(len(time), pitch * random.uniform(0.95, 1.05)))
            for pitch, part in zip(pitches, (share, 1 - share), strict=True)
            for time in [np.arange(int(lasting * part * sample_rate)) / sample_rate]
        ]
        return [*map(_softened, tones), np.zeros(int(random.uniform(0.02, 0.06) * sample_rate))]

    def drawn(number: int) -> Recording:
        letters = random.choice(list(LETTERS), size=random.integers(shortest, longest + 1))
        wave = np.concatenate([piece for name in letters for piece in letter(LETTERS[str(name)])])
        return Recording(_recorded(wave, sample_rate, noise, random), "".join(letters), f"string {number}")

    return _cut([drawn(number) for number in range(count)])


def _softened(wave: Samples) -> Samples:
    """With ends that do not click."""
    soft: Samples = wave * np.hanning(len(wave)) ** 0.2
    return soft


def _recorded(wave: Samples, sample_rate: int, noise: float, random: np.random.Generator) -> Sound:
    """With silence around it, and noise all over."""
    before, behind = (np.zeros(int(random.uniform(0, 0.1) * sample_rate)) for _ in range(2))
    whole = np.concatenate([before, wave, behind])
    whole = whole + random.uniform(0.1, 1) * noise * random.standard_normal(len(whole))
    return Sound((0.1 * random.uniform(0.3, 3) * whole).astype(np.float32), sample_rate)


def _cut(recordings: list[Recording]) -> Splits:
    tenth = len(recordings) // 10
    bounds: Mapping[Split, slice] = {
        "train": slice(0, len(recordings) - 2 * tenth),
        "val": slice(len(recordings) - 2 * tenth, len(recordings) - tenth),
        "test": slice(len(recordings) - tenth, None),
    }
    return {split: recordings[bounds[split]] for split in SPLITS}
