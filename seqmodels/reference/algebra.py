"""What every equation here is made of, and what goes back through it."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def sigmoid(z: Array) -> Array:
    """s(z) = 1 / (1 + exp(-z)), written so that no z overflows; s' = s (1 - s)."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def affine(W: Array, b: Array, x: Array) -> Array:
    """z = W x + b, for a batch whose vectors are the rows of `x`.

    Args:
        W: (out, in).
        b: (out).
        x: (batch, in).

    Returns:
        z: (batch, out).
    """
    return x @ W.T + b


def affine_backward(W: Array, x: Array, dz: Array) -> tuple[Array, Array, Array]:
    """Gradients of `affine`: dx = Wᵀ dz, dW = dz xᵀ, db = dz, the last two summed over the batch.

    The matrix is transposed on the way back: x_j reaches the loss through column j of W, so that
    dx_j = Σ_i W_ij dz_i. Many hand-written recurrent networks multiply by W where Wᵀ belongs; as W_hh is
    square, the shapes fit all the same, and only the gradient is wrong. In code it looks the other way
    round, because a batch holds its vectors as rows: W x is written `x @ W.T`, and Wᵀ dz is `dz @ W`.

    Args:
        W: (out, in).
        x: (batch, in).
        dz: (batch, out), gradient of the loss with respect to z.

    Returns:
        dx: (batch, in).
        dW: (out, in).
        db: (out).

    Example:
        >>> W = np.array([[1.0, 2.0], [0.0, 1.0]])
        >>> dx, _, _ = affine_backward(W, x=np.array([[5.0, 7.0]]), dz=np.array([[1.0, 0.0]]))
        >>> dx
        array([[1., 2.]])
    """
    return dz @ W, dz.T @ x, dz.sum(axis=0)
