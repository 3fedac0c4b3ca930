"""The made-up series are what their names say."""

import numpy as np
import pytest

from seqmodels.data.generated.series import energy, random_walk, sine, stock, weather


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


def test_a_share_has_independent_returns_that_depend_on_its_seed() -> None:
    prices = stock(0, steps=5000, drift=0.0, volatility=0.01)[:, 0]
    returns = np.diff(np.log(prices))
    assert prices[0] == pytest.approx(100)
    assert returns.std() == pytest.approx(0.01, rel=0.05)
    assert np.corrcoef(returns[1:], returns[:-1])[0, 1] == pytest.approx(0, abs=0.05)
    assert not np.allclose(stock(0, steps=9), stock(1, steps=9))
    np.testing.assert_array_equal(stock(1, steps=9), stock(1, steps=9))


def test_demand_repeats_by_day_and_by_week() -> None:
    quiet = energy(0, steps=24 * 21, noise=0.0)
    load = quiet.values[:, 0] - 0.0004 * np.arange(24 * 21)
    np.testing.assert_allclose(load[: 24 * 7], load[24 * 7 : 24 * 14])
    np.testing.assert_allclose(load[:24], load[24:48])
    assert not np.allclose(load[:24], load[24 * 5 : 24 * 6])  # Saturday
    assert quiet.times is not None
    np.testing.assert_array_equal(np.diff(quiet.times), 3600)
    errors = energy(0, noise=0.5).values - energy(0, noise=0.0).values
    assert np.corrcoef(errors[1:, 0], errors[:-1, 0])[0, 1] == pytest.approx(0.9, abs=0.03)
    assert not np.allclose(energy(0).values, energy(1).values)


def test_weather_goes_with_the_year_and_follows_pressure() -> None:
    table = weather(0)
    assert table.columns == ("temperature", "pressure", "wind")
    temperature, pressure, wind = table.values.T
    assert temperature[180:210].mean() - temperature[:30].mean() > 10
    season = 11 - 8 * np.cos(2 * np.pi * (np.arange(len(wind)) / 365.2425 + 48 - 0.05))
    assert np.corrcoef((temperature - season)[1:], pressure[:-1])[0, 1] > 0.5
    assert wind.min() > 0
    np.testing.assert_array_equal(table.values, weather(0).values)
