"""Values of a recipe are checked against the types that their owners declare."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from torch import nn
from torchmetrics import Metric

from seqmodels import cells, kinds, mappings, objectives
from seqmodels.assembly import build_mapping, instantiate
from seqmodels.data.raw import RawInput
from seqmodels.declared_types import PLAIN, arguments_of, fits
from seqmodels.kinds import AnyName, Kind
from seqmodels.layers import attention, pooling
from seqmodels.mappings import teacher_forcing
from seqmodels.objectives import text_metrics
from seqmodels.recipes import PLACED, Builder
from seqmodels.types import DataSpec
from tests import own_classes
from tests.mappings.models import recipe

SPEC = DataSpec("tokens", 9, 3)


def listed() -> list[tuple[Kind, Any]]:
    """Every class and function that a checkpoint may name."""
    homes = [
        (kinds.CELL, vars(cells)),
        (kinds.INITIALISATION, vars(cells.init)),
        (kinds.MAPPING, vars(mappings)),
        (kinds.OBJECTIVE, vars(objectives)),
        (kinds.POOLING, vars(pooling)),
        (kinds.ATTENTION, vars(attention)),
        (kinds.METRIC, vars(text_metrics)),
        (kinds.TEACHER_FORCING, vars(teacher_forcing)),
        (kinds.RAW_INPUT, {each.__name__: each for each in subclasses(RawInput)}),
    ]
    return [
        (kind, value)
        for kind, home in homes
        for value in home.values()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and kind.fits(value)
        and value.__module__.startswith("seqmodels.")
        and kind.home is not None
        and f"{value.__module__}.".startswith(f"{kind.home.__name__}.")
    ]


def subclasses(kind: type) -> list[type]:
    return [kind, *(deeper for each in kind.__subclasses__() for deeper in subclasses(each))]


def declared(hint: Any) -> bool:
    """Whether a checkpoint's value can be checked against a type."""
    parts = getattr(hint, "__args__", None)
    if isinstance(hint, type) and not parts:
        return hint in PLAIN or hint is Metric
    if getattr(hint, "__origin__", None) is Literal:
        return True
    if hint == Callable[[float], float] or "Callable" in str(hint):
        return True
    return bool(parts) and all(part is Ellipsis or declared(part) for part in parts)


def test_all_that_can_be_named_declares_types_that_can_be_checked() -> None:
    found = listed()
    assert len(found) > 35
    open_ = {
        f"{value.__name__}.{name}": hint
        for kind, value in found
        for name, hint in arguments_of(value, given=(*kind.given, *PLACED)).items()
        if not declared(hint)
    }
    assert open_ == {}


@pytest.mark.parametrize(
    ("value", "hint", "expected"),
    [
        (1, int, True),
        (True, int, False),
        (1.0, int, False),
        (1, float, True),
        (math.inf, float, False),
        (10**30, float, True),
        ("1", float, False),
        (1, bool, False),
        (None, int | None, True),
        (None, int, False),
        ("rows", Literal["pixels", "rows"], True),
        ("columns", Literal["pixels", "rows"], False),
        (True, Literal[1], False),
        ([1, 2], Sequence[int], True),
        ([1, "2"], Sequence[int], False),
        ("12", Sequence[int], False),
        ([1, 2], int | Sequence[int], True),
        ([], tuple[str, ...], True),
        ({"a": True}, Mapping[str, bool], True),
        ({"a": 1}, Mapping[str, bool], False),
        ("x", Callable[[float], float], False),
        ("x", nn.Module, False),
        ("x", Path, True),
        ({"_target_": "os.system"}, Any, False),
        ([{"a": [{"_target_": "os.system"}]}], Any, False),
        ([{"a": [None]}], Any, True),
    ],
)
def test_a_value_fits_a_type(value: Any, hint: Any, expected: bool) -> None:
    assert fits(value, hint) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": {"hidden_size": "8"}}, r"^model\.hidden_size: expected a whole number.*, got '8'$"),
        ({"model": {"bidirectional": "no"}}, r"^model\.bidirectional: expected true or false, got 'no'$"),
        ({"model": {"engine": "fast"}}, r"^model\.engine: expected 'auto', .*, got 'fast'$"),
        ({"model": {"hiden_size": 8}}, r"^model has no key 'hiden_size': choose from .*hidden_size"),
        ({"task": {"polling": None}}, r"^task has no key 'polling': choose from .*pooling"),
        (
            {"task": {"objective": "x"}},
            r"^task\.objective: expected the objective as a dictionary with `_target_`, got",
        ),
        ({"task": {"mode": "best"}}, r"^task\.mode: expected 'min' or 'max', got 'best'$"),
        ({"task": {"decoder": {}}}, r"^task\.decoder: the key input_feeding is missing$"),
    ],
)
def test_a_config_is_checked_before_anything_is_built(change: dict[str, Any], message: str) -> None:
    changed = recipe()
    for part, values in change.items():
        changed[part] |= values
    with pytest.raises(ValueError, match=message):
        build_mapping(changed, SPEC)


def test_what_a_person_types_may_name_anything() -> None:
    named = recipe()
    named["model"]["cell"] = {"_target_": "tests.own_classes.SlowCell", "_partial_": True, "slowness": 2, "bias": False}
    named["task"]["objective"] = {
        "_target_": "tests.own_classes.Sharper",
        "_partial_": True,
        "sharpen": {"_target_": "math.pow", "_partial_": True},
    }
    mapping = build_mapping(named, SPEC)
    assert isinstance(mapping.objective, own_classes.Sharper)
    assert mapping.objective.sharpen(2, 3) == 8
    (cell,) = [module for module in mapping.modules() if isinstance(module, own_classes.SlowCell)]
    assert cell.bias_ih is None


def test_arguments_that_are_handed_on_count() -> None:
    assert arguments_of(own_classes.SlowCell, given=("input_size", "hidden_size")).keys() == {
        *("slowness", "bias", "proj_size", "device", "dtype")
    }
    builder = Builder(AnyName(), instantiate)
    node = {"_target_": "tests.own_classes.SlowCell", "_partial_": True, "slowness": "very"}
    with pytest.raises(ValueError, match=r"^model\.cell\.slowness: expected a number, got 'very'$"):
        builder.node(node, kinds.CELL, "model.cell", is_partial=True)
