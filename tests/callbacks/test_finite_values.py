from typing import Any

import pytest
import torch
from torch import Tensor, nn

from seqmodels.callbacks.finite_values import all_finite, first_not_finite, largest_finite, not_finite_in_checkpoint

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    "dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64], ids=str
)
@pytest.mark.parametrize("bad", [NAN, INF, -INF], ids=["nan", "inf", "-inf"])
def test_one_bad_value_among_many_is_found(dtype: torch.dtype, bad: float, device: str) -> None:
    tensors = [torch.ones(7, dtype=dtype, device=device), torch.ones(3, 5, dtype=dtype, device=device)]
    assert all_finite(tensors)
    tensors[1][2, 3] = bad
    assert not all_finite(tensors)
    assert first_not_finite([("a", tensors[0]), ("b", tensors[1])]) in ("b (nan)", "b (inf)")


def test_large_values_whose_sum_overflows_are_finite(device: str) -> None:
    assert all_finite([torch.full((9,), 3e38, device=device), torch.full((9,), -3e38, device=device)])
    assert not all_finite([torch.tensor([INF, -INF], device=device)])


def sparse_gradient(value: float) -> Tensor:
    embedding = nn.Embedding(4, 2, sparse=True)
    (value * embedding(torch.tensor([0, 2, 2]))).sum().backward()
    assert embedding.weight.grad is not None
    return embedding.weight.grad


def test_sparse_gradients_integers_and_nothing() -> None:
    assert all_finite([sparse_gradient(2.0), torch.ones(2, dtype=torch.long)])
    assert not all_finite([sparse_gradient(NAN)])
    assert all_finite([])
    assert all_finite([torch.empty(0)])


def test_the_largest_value_that_is_finite() -> None:
    assert largest_finite([("a", torch.tensor([1.0, INF])), ("b", torch.tensor([-2.0, NAN]))]) == ("b", 2.0)
    assert largest_finite([("a", torch.tensor([NAN]))]) is None


def checkpoint(weight: Tensor, buffer: Tensor, moment: Tensor) -> dict[str, Any]:
    state = {0: {"step": torch.tensor(3.0), "exp_avg": moment, "foreach": None}}
    return {"state_dict": {"weight": weight, "mask": buffer}, "optimizer_states": [{"state": state}]}


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ((1.0, 1.0, 1.0), None),
        ((1.0, -INF, 1.0), None),
        ((INF, 1.0, 1.0), "the weights weight (inf)"),
        ((NAN, 1.0, 1.0), "the weights weight (nan)"),
        ((1.0, NAN, 1.0), "the buffer mask (nan)"),
        ((1.0, 1.0, NAN), "the optimizer's exp_avg (nan)"),
    ],
)
def test_a_checkpoint_with_values_that_are_not_finite(values: tuple[float, ...], found: str | None) -> None:
    tensors = [torch.tensor([1.0, value]) for value in values]
    assert not_finite_in_checkpoint(checkpoint(*tensors), {"mask"}) == found


def test_a_checkpoint_of_weights_alone() -> None:
    assert not_finite_in_checkpoint({"state_dict": {"weight": torch.tensor(NAN)}}, set()) == "the weights weight (nan)"
