"""The made-up series are what their names say."""

import numpy as np
import pytest

from seqmodels.data.generated.series import random_walk, sine


def test_a_sine_follows_from_its_last_two_values() -> None:
    values = sine(0)[:, 0]
    assert values.shape == (2000,)
    assert np.abs(values).max() == pytest.approx(1, abs=1e-2)
    np.testing.assert_allclose(values[2:], 2 * np.cos(0.2) * values[1:-1] - values[:-2], atol=1e-9)


def test_a_sine_starts_by_its_seed_and_takes_noise() -> None:
    assert not np.allclose(sine(0), sine(1))
    np.testing.assert_array_equal(sine(3, noise=0.5), sine(3, noise=0.5))
    assert (sine(3, noise=0.5) - sine(3)).std() == pytest.approx(0.5, rel=0.1)
    with pytest.raises(ValueError, match="period must be a positive number of steps, got 0"):
        sine(0, period=0)


def test_a_random_walk_is_predicted_by_its_last_value() -> None:
    walk = random_walk(0, steps=5000, step_size=2.0)
    assert walk.shape == (5000, 1)
    steps = np.diff(walk[:, 0])
    assert steps.std() == pytest.approx(2, rel=0.05)
    assert np.corrcoef(steps[1:], steps[:-1])[0, 1] == pytest.approx(0, abs=0.05)
