"""How often a decoder in training reads the true token instead of its own, as training goes on.

Each is a function of the share of training that is done. It is decided anew for every row and step.

Source:
    S. Bengio et al., "Scheduled sampling for sequence prediction with recurrent neural networks", NeurIPS 2015,
    section 2.4.
"""

import math


def always(progress: float) -> float:  # noqa: ARG001
    """The true token at every step: known tokens are read in one go."""
    return 1.0


def linear(progress: float, *, start: float = 1.0, end: float = 0.5) -> float:
    """From one probability to another along a straight line.

    Args:
        progress: share of training that is done.
        start: at its beginning.
        end: at its end.

    Example:
        >>> linear(0.5, end=0.0)
        0.5
    """
    return start + (end - start) * progress


def inverse_sigmoid(progress: float, *, steepness: float = 10.0) -> float:
    """From nearly 1 to nearly 0, with one half in the middle.

    Args:
        progress: share of training that is done.
        steepness: of the fall.
    """
    return 1 / (1 + math.exp(steepness * (progress - 0.5)))
