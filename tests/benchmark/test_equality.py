"""What is not equal is refused."""

import pytest
import torch

from seqmodels.benchmark.equality import TOLERANCE, UnequalError, check_equal

RIGHT = {"output 0": torch.tensor([1.0, -2.0]), "gradient of x": torch.tensor([100.0, 0.0])}


def test_the_largest_relative_difference() -> None:
    other = {**RIGHT, "gradient of x": torch.tensor([100.0, 1e-4])}
    assert check_equal(other, RIGHT, "float32") == pytest.approx(1e-6)
    assert check_equal(RIGHT, RIGHT, "float64") == 0.0


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_more_than_the_dtype_explains(dtype: str) -> None:
    right = {name: tensor.double() for name, tensor in RIGHT.items()}
    wrong = {**right, "output 0": right["output 0"] * (1 + 2 * TOLERANCE[dtype])}
    with pytest.raises(UnequalError, match="output 0 differs"):
        check_equal(wrong, right, dtype)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"output 0": RIGHT["output 0"]}, "expected output 0, gradient of x, got output 0"),
        ({**RIGHT, "output 0": torch.ones(2, 1)}, r"has shape \(2, 1\), expected \(2,\)"),
        ({**RIGHT, "output 0": torch.tensor([1.0, float("nan")])}, "output 0 differs by inf"),
    ],
)
def test_something_else_altogether(wrong: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(UnequalError, match=message):
        check_equal(wrong, RIGHT, "float32")
