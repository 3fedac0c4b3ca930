"""The lesson on initial weights, and the script that shows it."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from seqmodels.reference import SineNetwork, SineResult, sine_windows, train_sine

SCRIPT = Path(__file__).parents[2] / "scripts" / "from_scratch.py"


@pytest.mark.slow
def test_small_start_finds_the_sine_and_unscaled_start_does_not():
    small, unscaled = train_sine(0.01), train_sine(1.0, epochs=4)
    assert len(small.losses) == 15
    assert small.test_error < 1e-4
    assert small.losses[-1] < 1e-4
    np.testing.assert_allclose(small.targets, np.sin(np.arange(325.0, 400.0)))
    np.testing.assert_allclose(small.predictions, small.targets, atol=0.01)
    # The unscaled start is chaotic: rounding alone, another BLAS, moves its error between 0.05 and 2.
    assert unscaled.test_error > 0.02
    assert unscaled.losses[0] > 10


def test_windows_hold_25_values_and_the_one_after():
    x, target = sine_windows(250)
    assert x.shape == (225, 25, 1)
    assert target.shape == (225, 1)
    np.testing.assert_array_equal(x[3, :, 0], np.sin(np.arange(3.0, 28.0)))
    np.testing.assert_array_equal(target[:, 0], np.sin(np.arange(25.0, 250.0)))


def test_loss_is_half_the_squared_error_and_gradients_are_its_slopes():
    rng = np.random.default_rng(0)
    network = SineNetwork(4, 0.5, rng)
    x, target = sine_windows(28)
    loss, gradients = network.loss_and_gradients(x, target)
    assert loss == pytest.approx(0.5 * np.sum((network.predict(x) - target) ** 2))
    assert set(gradients) == {"weight_ih", "weight_hh", "bias_ih", "weight_hy", "bias_y"}
    for name, gradient in gradients.items():
        step = rng.standard_normal(gradient.shape)
        network.parameters[name] += 1e-5 * step
        above, _ = network.loss_and_gradients(x, target)
        network.parameters[name] -= 2e-5 * step
        below, _ = network.loss_and_gradients(x, target)
        network.parameters[name] += 1e-5 * step
        assert (above - below) / 2e-5 == pytest.approx(np.sum(gradient * step), rel=1e-6)


def test_losses_are_means_before_each_update():
    frozen = train_sine(0.1, hidden_size=4, epochs=2, clip=0.0, seed=3)
    x, target = sine_windows(250)
    loss, _ = SineNetwork(4, 0.1, np.random.default_rng(3)).loss_and_gradients(x, target)
    np.testing.assert_allclose(frozen.losses, loss / 225)


def test_clip_bounds_each_entry_of_an_update():
    loose = train_sine(0.1, hidden_size=4, epochs=1, clip=1e9)
    assert train_sine(0.1, hidden_size=4, epochs=1, clip=1e-3).losses != loose.losses
    assert train_sine(0.1, hidden_size=4, epochs=1, clip=1e10).losses == loose.losses


def test_seed_decides_everything():
    first = train_sine(0.1, hidden_size=4, epochs=1, seed=1)
    assert train_sine(0.1, hidden_size=4, epochs=1, seed=1).losses == first.losses
    assert train_sine(0.1, hidden_size=4, epochs=1, seed=2).losses != first.losses


def test_test_error_is_the_mean_square_without_the_half():
    assert SineResult([], np.array([3.0, 1.0]), np.array([1.0, 1.0])).test_error == 2.0


def test_script_prints_both_starts_and_writes_two_plots(tmp_path, capsys, monkeypatch):
    results = {}

    def train(scale, epochs):
        results[scale] = train_sine(scale, epochs=epochs, hidden_size=4)
        return results[scale]

    main = runpy.run_path(str(SCRIPT))["main"]
    monkeypatch.setitem(main.__globals__, "train_sine", train)
    main(["--output", str(tmp_path / "new" / "folder"), "--epochs", "2"])
    printed = capsys.readouterr().out
    assert set(results) == {1.0, 0.01}
    for result in results.values():
        assert len(result.losses) == 2
        assert all(f"{value:.2e}" in printed for value in (*result.losses, result.test_error))
    plots = sorted((tmp_path / "new" / "folder").iterdir())
    assert [plot.name for plot in plots] == ["loss.png", "predictions.png"]
    assert all(plot.read_bytes().startswith(b"\x89PNG") for plot in plots)
