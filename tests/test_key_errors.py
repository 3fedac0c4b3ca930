"""Which errors are about a value of the config, and which are errors of the program."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest
import torch

from seqmodels import key_errors
from seqmodels.cells import RNNCell
from seqmodels.failed_expressions import failed_expression, is_raised
from seqmodels.key_errors import ConfigError, is_explained, is_out_of_memory, naming_keys
from seqmodels.layers import recurrent_stack

PLAIN: dict[str, Any] = {
    "seed": -1,
    "data": {"seed": -1, "batch_size": 8, "path": "rows.csv"},
    "model": {"hidden_size": 4, "dropout": 0.0},
    "optimizer": {"lr": -1.0, "betas": [0.9]},
    "task": {"monitor": "val/loss"},
    "callbacks": {"stopping": {"monitor": "val/loss"}},
}


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return the line for what a function raises, where some keys were typed."""

    def of(function: Callable[[], object], *typed: str) -> str:
        monkeypatch.setattr(key_errors, "typed_keys", lambda: list(typed))
        with pytest.raises(ConfigError) as caught, naming_keys(PLAIN):
            function()
        return str(caught.value)

    return of


def adam() -> None:
    torch.optim.AdamW([torch.zeros(1)], lr=-1.0, betas=[0.9])


def adam_with_one_beta() -> None:
    torch.optim.AdamW([torch.zeros(1)], lr=1.0, betas=[0.9])


def raising(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def test_what_a_library_raises_on_purpose_names_the_variable(line: Callable[..., str]) -> None:
    assert line(adam) == "optimizer.lr: Invalid learning rate: -1.0"


def test_what_fails_in_a_library_is_about_a_typed_value_only(line: Callable[..., str]) -> None:
    assert line(adam_with_one_beta, "optimizer.betas") == "optimizer.betas: list index out of range (got [0.9])"
    with pytest.raises(IndexError):
        line(adam_with_one_beta)


@pytest.mark.parametrize(
    ("message", "typed", "expected"),
    [
        ("`lr` is odd", [], "optimizer.lr: `lr` is odd (got -1.0)"),
        ("Found 'val/loss' nowhere", [], "task.monitor: Found 'val/loss' nowhere"),
        ("rows.csv:3: expected a number", ["data.path"], "data.path: rows.csv:3: expected a number"),
        ("bad batch_size", ["data.batch_size"], "data.batch_size: bad batch_size (got 8)"),
        ("a size of 8 is odd", ["data.batch_size"], "data.batch_size: a size of 8 is odd"),
        ("`seed` is bad\n HINT: call it", [], "seed: `seed` is bad (got -1)"),
        ("`Trainer(lr=-1.0)` is \x1b[31mbad\x1b[0m", [], "optimizer.lr: lr=-1.0 is bad"),
        ("model.dropout: expected a number, got 'x'", [], "model.dropout: expected a number, got 'x'"),
        ("model has no key 'size'", [], "model has no key 'size'"),
    ],
)
def test_the_key_in_a_message(line: Callable[..., str], message: str, typed: list[str], expected: str) -> None:
    assert line(raising(RuntimeError(message)), *typed) == expected


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("the sizes of two tensors differ"),
        AssertionError("lr"),
        IndexError("list index out of range"),
        KeyError("nowhere"),
        FileNotFoundError(2, "No such file or directory", "path/of/another"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_names_no_key_is_left_alone(error: Exception) -> None:
    with pytest.raises(type(error)), naming_keys(PLAIN):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 400 bytes. Error code 12"),
        RuntimeError("Storage size calculation overflowed with sizes=[1]"),
    ],
    ids=["Python", "device", "CPU", "beyond all memory"],
)
def test_too_little_memory(line: Callable[..., str], error: Exception) -> None:
    assert is_out_of_memory(error)
    start = "there is not enough memory for model.hidden_size=4, data.batch_size=8: smaller values need less of it"
    assert line(raising(error)).startswith(start)


def test_a_line_is_not_longer_than_300_characters(line: Callable[..., str]) -> None:
    text = line(raising(RuntimeError("`lr` " + "long " * 100)))
    assert len(text) == 300
    assert text.endswith("... (got -1.0)")


def test_what_this_project_says_on_purpose_is_explained() -> None:
    with pytest.raises(ValueError, match="hidden_size must be") as caught:
        recurrent_stack(RNNCell, 3, 0)
    assert is_explained(caught.value)
    assert is_explained(ConfigError("a line"))
    assert is_explained(PermissionError("not allowed"))
    assert not is_explained(ValueError("of somebody else"))
    assert not is_explained(TypeError("of the program"))


def test_the_expression_that_failed() -> None:
    with pytest.raises(ValueError, match="hidden_size") as raised:
        recurrent_stack(RNNCell, 3, 0)
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert is_raised(last)
    assert failed_expression(last).startswith('raise ValueError(f"hidden_size')
    with pytest.raises(IndexError) as failed:
        adam_with_one_beta()
    last = traceback.extract_tb(failed.value.__traceback__)[-1]
    assert not is_raised(last)
    assert failed_expression(last) == "betas[1]"
