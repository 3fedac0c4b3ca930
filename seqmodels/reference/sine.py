"""The first thing everybody trains a recurrent network on, and what its first weights decide."""

from dataclasses import dataclass

import numpy as np

from seqmodels.reference.algebra import Array, affine, affine_backward
from seqmodels.reference.rnn import RNN

STEPS = 25
TEST_WINDOWS = 75


@dataclass(frozen=True)
class SineResult:
    """What came of one training.

    Args:
        losses: by epoch, the mean loss (y - target)²/2 of the windows, each just before its update.
        predictions: of the test windows, (75).
        targets: what they should be, (75).
    """

    losses: list[float]
    predictions: Array
    targets: Array

    @property
    def test_error(self) -> float:
        """Mean of (prediction - target)² over the test windows, without the half of the loss."""
        return float(np.mean((self.predictions - self.targets) ** 2))


class SineNetwork:
    r"""A plain recurrent network that reads a window and tells the value after it.

    .. math::
        h_t &= \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h), \quad h_0 = 0 \\
        y &= W_{hy} h_T + b_y \\
        L &= \tfrac{1}{2} (y - \mathrm{target})^2

    The half makes dL/dy = y - target.

    Symbols:
        x_t: value at step t of T (batch, 1)
        h_t: state (batch, hidden_size)
        y: prediction (batch, 1)
        W_xh, W_hh: as in `RNN`
        W_hy: `weight_hy` (1, hidden_size)
        b_y: `bias_y` (1)

    b_h is one vector here, as in the textbooks: `bias_ih`, while `bias_hh` is not trained and remains zero.

    Attributes:
        parameters: what is trained, by name; changed in place.

    Args:
        hidden_size: entries of h.
        initial_scale: standard deviation of all weights at the start; biases start at zero.
        rng: draws the weights.
    """

    def __init__(self, hidden_size: int, initial_scale: float, rng: np.random.Generator) -> None:
        self.rnn = RNN.random(1, hidden_size, initial_scale, rng)
        self.weight_hy = initial_scale * rng.standard_normal((1, hidden_size))
        self.bias_y = np.zeros(1)
        self.parameters = self.rnn.parameters | {"weight_hy": self.weight_hy, "bias_y": self.bias_y}
        del self.parameters["bias_hh"]

    def predict(self, x: Array) -> Array:
        """The next value (batch, 1) of each window (batch, time, 1)."""
        _, h, _ = self.rnn.forward(x)
        return affine(self.weight_hy, self.bias_y, h)

    def loss_and_gradients(self, x: Array, target: Array) -> tuple[float, dict[str, Array]]:
        """L summed over the batch, and its gradient with respect to each of `parameters`, by name.

        Args:
            x: windows, (batch, time, 1).
            target: the value after each, (batch, 1).
        """
        outputs, h, tape = self.rnn.forward(x)
        dy = affine(self.weight_hy, self.bias_y, h) - target
        dh, dW_hy, db_y = affine_backward(self.weight_hy, h, dy)
        _, _, d_parameters = self.rnn.backward(tape, np.zeros_like(outputs), dh)
        gradients = d_parameters | {"weight_hy": dW_hy, "bias_y": db_y}
        return float(np.sum(dy**2) / 2), {name: gradients[name] for name in self.parameters}


def sine_windows(num_values: int) -> tuple[Array, Array]:
    """Every 25 consecutive values of sin(0), sin(1), ..., and the value after each.

    Args:
        num_values: how many values there are in all.

    Returns:
        x: (num_values - 25, 25, 1).
        target: (num_values - 25, 1).

    Example:
        >>> x, target = sine_windows(250)
        >>> x.shape, bool(target[0, 0] == np.sin(25.0))
        ((225, 25, 1), True)
    """
    values = np.sin(np.arange(num_values, dtype=np.float64))
    windows = np.lib.stride_tricks.sliding_window_view(values, STEPS + 1)
    return windows[:, :-1, np.newaxis], windows[:, -1:]


def train_sine(
    initial_scale: float,
    *,
    hidden_size: int = 128,
    epochs: int = 15,
    learning_rate: float = 1e-2,
    clip: float = 1.0,
    seed: int = 0,
) -> SineResult:
    """Train a `SineNetwork` by plain gradient descent, one window of sin(0..249) at a time, in order.

    Each entry of the gradient is clipped to [-clip, clip]. The test is on the last 75 windows of sin(0..399),
    whose targets sin(325..399) lie past all training values; to answer 0 always is an error of 0.5 there.

    The lesson is in `initial_scale`. With standard-normal weights (1.0) W_hh stretches a state about
    sqrt(128) = 11 times per step. Most units sit at the flat ends of tanh, the others enlarge every
    difference, and so h_T depends chaotically on the window. The gradient grows two- to threefold with every
    step back, to about 1e9 at the first; of that, clipping leaves the signs. W_hh follows them and grows, and
    the loss falls only because W_hy, drawn too large as well, shrinks. The test error stays near 0.4, from
    0.05 to 2 depending on the seed. With small weights (0.01) the network starts out almost linear: for a few
    epochs little seems to happen while they grow, then the same code finds the sine, to an error of 1e-6.

    Args:
        initial_scale: standard deviation of all weights at the start.
        hidden_size: entries of the state.
        epochs: passes over the 225 training windows.
        learning_rate: of the gradient descent.
        clip: bound on each entry of a gradient.
        seed: of the initial weights, the only thing drawn.

    Example:
        >>> result = train_sine(0.01, hidden_size=8, epochs=2)
        >>> len(result.losses), result.predictions.shape
        (2, (75,))
    """
    network = SineNetwork(hidden_size, initial_scale, np.random.default_rng(seed))
    x, target = sine_windows(250)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for i in range(len(x)):
            loss, gradients = network.loss_and_gradients(x[i : i + 1], target[i : i + 1])
            total += loss
            for name, gradient in gradients.items():
                network.parameters[name] -= learning_rate * np.clip(gradient, -clip, clip)
        losses.append(total / len(x))
    x, target = (part[-TEST_WINDOWS:] for part in sine_windows(400))
    return SineResult(losses, network.predict(x)[:, 0], target[:, 0])
