"""Music by rule: melodies that repeat and vary a motif, and chord progressions in four voices."""

from functools import lru_cache
from itertools import combinations, product

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from seqmodels.data.music.notes import Chords, Note

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
RHYTHMS = ((2, 2, 2, 2), (3, 1, 2, 2), (1, 1, 2, 2, 2), (2, 1, 1, 4), (4, 2, 2), (2, 2, 4), (3, 1, 4), (2, 2, 2, 1, 1))
LEAPS = (-3, -2, -1, 0, 1, 2, 3, 4)
LEAP_SHARES = (0.03, 0.1, 0.3, 0.1, 0.27, 0.12, 0.05, 0.03)
BAR = 8

# Degrees that may follow a degree, as often as they are written.
FOLLOWS = {1: (4, 4, 4, 5, 5, 5, 6, 6, 2, 2), 2: (5, 5, 5, 7), 3: (6, 6, 4), 4: (5, 5, 2, 1, 7), 5: (1, 1, 1, 6)} | {
    6: (2, 2, 4, 4, 3),
    7: (1,),
}
HALF_CADENCES = ((1, 5), (2, 5), (4, 5))
FULL_CADENCES = ((4, 5, 1), (2, 5, 1), (2, 7, 1))
UPPER = range(55, 80)
BASS = range(40, 61)


def melodies(seed: int, *, count: int = 1000) -> list[list[list[Note]]]:
    """Tunes of eight bars in 4/4, in eighth notes: in random keys, major or minor.

    A tune has four phrases of two bars: a motif and its sequence, that again with another ending, a contrast, and the
    first again with a close on the tonic. The first note is one of the tonic chord.

    Args:
        seed: of every choice.
        count: number of tunes.

    Returns:
        Tunes of one voice each.

    Example:
        >>> melodies(0, count=1)[0][0][:3]
        [...]
    """
    random = np.random.default_rng(seed)
    return [[_tune(random)] for _ in range(count)]


def progressions(seed: int, *, count: int = 500) -> list[Chords]:
    """Four phrases of chords each, a step for each beat: random keys, functional harmony, cadences.

    The third phrase may stand in the key of the dominant. The bass sings a root or a third; the other voices take the
    chord where they move least, now and then somewhere else. A chord of two beats may come with a suspension.

    Args:
        seed: of every choice.
        count: number of progressions.

    Example:
        >>> [len(chord) for chord in progressions(0, count=1)[0][:3]]
        [4, 4, 4]
    """
    random = np.random.default_rng(seed)
    return [_progression(random) for _ in range(count)]


def _tune(random: Generator) -> list[Note]:
    scale = MAJOR if random.random() < 0.6 else MINOR
    tonic = int(random.integers(57, 69))
    first = int(random.choice([0, 2, 4], p=[0.6, 0.25, 0.15]))
    motif, contrast = _bar(random, first), _bar(random, int(random.choice([2, 4, 5])))
    step = int(random.choice([-1, 1, 2, -2]))
    opening = [*motif, *_moved(motif, step)]
    bars = [
        opening,
        [*motif, *_closed(random, goal=int(random.choice([1, 4])))],
        [*contrast, *_moved(contrast, -1)],
        [*motif, *_closed(random, goal=0)],
    ]
    notes, start = [], 0
    for degree, duration in (each for bar in bars for each in bar):
        if degree is not None:
            notes.append(Note(_pitch(tonic, scale, degree), start, duration))
        start += duration
    return notes


def _bar(random: Generator, first: int) -> list[tuple[int | None, int]]:
    """Degrees (0 the tonic, None a rest) and durations of a bar."""
    rhythm = RHYTHMS[int(random.integers(len(RHYTHMS)))]
    leaps = random.choice(LEAPS, size=len(rhythm) - 1, p=LEAP_SHARES)
    degrees: list[int | None] = np.clip(first + np.concatenate([[0], leaps.cumsum()]), -3, 9).tolist()
    if random.random() < 0.15:
        degrees[-1] = None
    return list(zip(degrees, rhythm, strict=True))


def _moved(bar: list[tuple[int | None, int]], step: int) -> list[tuple[int | None, int]]:
    return [(None if degree is None else degree + step, duration) for degree, duration in bar]


def _closed(random: Generator, goal: int) -> list[tuple[int | None, int]]:
    """A bar that goes down or up to a long note."""
    way = [(goal + 2, 2), (goal + 1, 2)] if random.random() < 0.6 else [(goal - 1, 2), (goal + 1, 2)]
    return [*way, (goal, 4)] if random.random() < 0.7 else [*way, (goal, 2), (None, 2)]


def _pitch(tonic: int, scale: tuple[int, ...], degree: int) -> int:
    octave, place = divmod(degree, len(scale))
    return tonic + 12 * octave + scale[place]


def _progression(random: Generator) -> Chords:
    minor, tonic = bool(random.random() < 0.4), int(random.integers(12))
    contrast = (tonic + 7) % 12 if random.random() < 0.5 else tonic
    steps: list[tuple[int, ...]] = []
    voices = np.array([48, 60, 64, 67]) + int(random.integers(-3, 4))
    for number, key in enumerate((tonic, tonic, contrast, tonic)):
        degrees = _phrase(random, FULL_CADENCES if number % 2 else HALF_CADENCES)
        for place, degree in enumerate(degrees):
            before, voices = voices, _voiced(random, voices, _triad(degree, key, minor), place == len(degrees) - 1)
            steps.extend(_beats(random, before, voices, place == len(degrees) - 1))
    return steps


def _phrase(random: Generator, cadences: tuple[tuple[int, ...], ...]) -> list[int]:
    """Degrees of the chords of a phrase, 1 the tonic."""
    degrees = [1]
    cadence = cadences[int(random.integers(len(cadences)))]
    while len(degrees) < 5 or cadence[0] not in FOLLOWS[degrees[-1]]:
        degrees.append(int(random.choice(FOLLOWS[degrees[-1]])))
    return [*degrees, *cadence]


def _triad(degree: int, tonic: int, minor: bool) -> tuple[int, ...]:
    """Pitch classes of root, third and fifth; the dominant of a minor key has a leading note."""
    scale = (*MINOR[:6], 11) if minor and degree in (5, 7) else MINOR if minor else MAJOR
    return tuple((tonic + scale[(degree - 1 + third) % 7]) % 12 for third in (0, 2, 4))


def _voiced(random: Generator, before: NDArray[np.int64], triad: tuple[int, ...], closing: bool) -> NDArray[np.int64]:
    """Where the four voices go, from low to high."""
    ways = _voicings(triad)
    movement = np.abs(ways - before).sum(axis=1) + 4.0 * (ways[:, 0] % 12 != triad[0]) * (1 + 2 * closing)
    return np.asarray(ways[np.argmin(movement + random.exponential(1.5, len(ways)))])


@lru_cache
def _voicings(triad: tuple[int, ...]) -> NDArray[np.int64]:
    """All ways to sing a triad: the bass on its root or third, the others on different keys, nothing left out."""
    upper = [way for way in combinations([p for p in UPPER if p % 12 in triad], 3) if way[2] - way[0] <= 16]
    basses = [pitch for pitch in BASS if pitch % 12 in triad[:2]]
    ways = [(bass, *way) for bass, way in product(basses, upper) if bass < way[0]]
    return np.array([way for way in ways if {pitch % 12 for pitch in way} == set(triad)])


def _beats(
    random: Generator, before: NDArray[np.int64], voices: NDArray[np.int64], closing: bool
) -> list[tuple[int, ...]]:
    """The one or two beats of a chord."""
    chord = tuple(voices.tolist())
    if not closing and random.random() < 0.7:
        return [chord]
    falling = [voice for voice in (1, 2, 3) if 0 < before[voice] - voices[voice] <= 2]
    if closing or not falling or random.random() < 0.4:
        return [chord, chord]
    late = voices.copy()
    late[falling[0]] = before[falling[0]]
    return [tuple(sorted(set(late.tolist()))), chord]
