"""Generated music keeps its rules."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.generated.tunes import FOLLOWS, MAJOR, MINOR, _triad, melodies, progressions


@given(seed=st.integers(0, 10_000))
def test_a_tune_is_in_one_key_and_in_time(seed: int) -> None:
    ((tune,),) = melodies(seed, count=1)
    classes = {note.pitch % 12 for note in tune}
    assert any(classes <= {(tonic + step) % 12 for step in scale} for tonic in range(12) for scale in (MAJOR, MINOR))
    assert all(b.start >= a.start + a.duration for a, b in itertools.pairwise(tune))
    assert tune[0].start == 0
    assert 60 < tune[-1].start + tune[-1].duration <= 64


@given(seed=st.integers(0, 10_000))
def test_a_tune_repeats_its_motif(seed: int) -> None:
    ((tune,),) = melodies(seed, count=1)
    bars = [
        [(note.pitch, note.start % 8, note.duration) for note in tune if note.start // 8 == bar] for bar in range(8)
    ]
    assert bars[0] == bars[2] == bars[6]
    assert [each[1:] for each in bars[0]] == [each[1:] for each in bars[1]]


@given(seed=st.integers(0, 10_000))
def test_chords_are_sung_by_up_to_four_voices_that_move_little(seed: int) -> None:
    (piece,) = progressions(seed, count=1)
    assert all(3 <= len(chord) <= 4 and list(chord) == sorted(set(chord)) for chord in piece)
    assert min(min(chord) for chord in piece) >= 40
    assert max(max(chord) for chord in piece) < 80
    full = [np.array(chord) for chord in piece if len(chord) == 4]
    assert np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(full)]) < 4


def test_a_chord_can_follow_only_where_there_is_a_way_on() -> None:
    assert set(FOLLOWS) == set(range(1, 8))
    assert {degree for after in FOLLOWS.values() for degree in after} <= set(FOLLOWS)


@pytest.mark.parametrize(
    ("degree", "tonic", "minor", "classes"),
    [
        (1, 0, False, (0, 4, 7)),
        (5, 0, False, (7, 11, 2)),
        (7, 0, False, (11, 2, 5)),
        (1, 9, True, (9, 0, 4)),
        (5, 9, True, (4, 8, 11)),
        (6, 9, True, (5, 9, 0)),
    ],
)
def test_triads(degree: int, tonic: int, minor: bool, classes: tuple[int, ...]) -> None:
    assert _triad(degree, tonic, minor) == classes


def test_music_is_drawn_by_the_seed_and_hardly_any_twice() -> None:
    assert melodies(3, count=5) == melodies(3, count=5) != melodies(4, count=5)
    assert progressions(3, count=5) == progressions(3, count=5) != progressions(4, count=5)
    assert len({str(tune) for tune in melodies(0, count=100)}) == 100
    assert len({str(piece) for piece in progressions(0, count=100)}) == 100
