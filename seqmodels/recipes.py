"""From the plain values of a recipe to what they name, each value checked against the type that its owner declares."""

from collections.abc import Callable, Mapping, Set
from functools import partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from torchmetrics import Metric

from seqmodels.declared_types import PLAIN, arguments_of, check_keys, fits, is_plain, named, shown
from seqmodels.kinds import (
    ATTENTION,
    CELL,
    INITIALISATION,
    MAPPING,
    METRIC,
    OBJECTIVE,
    POOLING,
    RAW_INPUT,
    TEACHER_FORCING,
    Kind,
    Names,
)
from seqmodels.layers import recurrent_stack
from seqmodels.types import DataSpec

PLACED = ("device", "dtype")
"""Arguments of cells that no recipe chooses: a model is built where it is used."""


class Builder:
    """Builds what a recipe names.

    A dictionary with `_target_`, the name of a class or function, becomes an object or, with `_partial_: true`, a
    function that still takes the arguments that the program passes. Nothing is called before it is known to be of the
    kind that belongs at its place, and to declare these arguments, of these types.

    Args:
        names: which classes and functions can be named.
        instantiate: builds a dictionary with `_target_` where no type is declared; None refuses it.
    """

    def __init__(self, names: Names, instantiate: Callable[[Any], Any] | None = None) -> None:
        self.names, self.instantiate = names, instantiate

    def model(self, recipe: Any) -> dict[str, Any]:
        """Return the arguments of the layers and the embedding.

        Raises:
            ValueError: a key is missing or unknown, or a value is of the wrong type.
        """
        others = {"embedding_size": int, "embedding_dropout": float, "head_dropout": float}
        hints = {**arguments_of(recurrent_stack, given=("cell", "input_size", "init")), **others}
        nodes = {"cell": CELL, "init": INITIALISATION}
        return self._places(recipe, "model", nodes, hints, required={"cell", "hidden_size", *others})

    def task(self, recipe: Any) -> dict[str, Any]:
        """Return the mapping, the objective, and what else a task names.

        Raises:
            ValueError: a key is missing or unknown, or a value is of the wrong type.
        """
        hints = {"monitor": str, "mode": Literal["min", "max"], "decoder": Mapping[str, bool]}
        nodes = {"mapping": MAPPING, "objective": OBJECTIVE, "pooling": POOLING, "attention": ATTENTION}
        built = self._places(recipe, "task", nodes, hints, required={"mapping", "objective"})
        if "decoder" in built:
            check_keys(built["decoder"], "task.decoder", {"input_feeding"}, {"input_feeding"})
        return built

    def spec(self, values: Any) -> DataSpec:
        """Return the spec that `DataSpec.to_dict` has given.

        Raises:
            ValueError: a key is missing or unknown, or a value is of the wrong type.
        """
        hints = {name: hint for name, hint in get_type_hints(DataSpec).items() if name != "raw"}
        check_keys(values, "spec", {*hints, "raw"}, {"inputs", "input_size", "output_size"})
        for name, hint in hints.items():
            if name in values:
                self.value(values[name], hint, f"spec.{name}")
        if values.get("raw", {}) != {}:
            self.raw_input(values["raw"])
        return DataSpec.from_dict(values)

    def raw_input(self, recipe: Any) -> Any:
        """Return the reader of raw input that a spec names.

        Raises:
            ValueError: it is none, or a value is of the wrong type.
        """
        return self.node(recipe, RAW_INPUT, "spec.raw", is_partial=False)

    def node(self, node: Any, kind: Kind, place: str, *, is_partial: bool) -> Any:
        """Return what a dictionary with `_target_` names.

        Args:
            node: the dictionary.
            kind: what belongs there.
            place: for errors.
            is_partial: whether the program passes further arguments.

        Raises:
            ValueError: it names something else, or a value is of the wrong type.
        """
        if not isinstance(node, Mapping) or not isinstance(node.get("_target_"), str):
            raise ValueError(f"{place}: expected the {kind.name} as a dictionary with `_target_`, got {shown(node)}")
        if node.get("_partial_", False) is not is_partial:
            raise ValueError(f"{place}: expected `_partial_` to be {is_partial}, got {shown(node.get('_partial_'))}")
        try:
            target = self.names.find(node["_target_"], kind)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        hints = arguments_of(target, given=(*kind.given, *PLACED))
        values = {name: value for name, value in node.items() if name not in ("_target_", "_partial_")}
        check_keys(values, place, hints.keys(), ())
        arguments = {name: self.value(value, hints[name], f"{place}.{name}") for name, value in values.items()}
        return partial(target, **arguments) if is_partial else target(**arguments)

    def value(self, value: Any, hint: Any, place: str) -> Any:
        """Return what a value stands for, which must be of the declared type.

        Args:
            value: plain, or a dictionary with `_target_` where an object is declared.
            hint: the declared type.
            place: for errors.

        Raises:
            ValueError: it is of another type.
        """
        if isinstance(value, Mapping) and "_target_" in value:
            kind = _kind_of(hint)
            if kind is not None:
                return self.node(value, kind, place, is_partial=kind.base is None)
            if self.instantiate is not None:
                return self.instantiate(value)
        elif isinstance(value, Mapping) and get_origin(hint) is Mapping:
            return {name: self.value(each, get_args(hint)[1], f"{place}.{name}") for name, each in value.items()}
        if not is_plain(value) or not fits(value, hint):
            raise ValueError(f"{place}: expected {named(hint)}, got {shown(value)}")
        return value

    def _places(
        self, recipe: Any, place: str, nodes: Mapping[str, Kind], hints: Mapping[str, Any], required: Set[str]
    ) -> dict[str, Any]:
        """Return the values of a part of a recipe: functions that take further arguments, and plain values."""
        check_keys(recipe, place, {*nodes, *hints}, required)
        built = {
            name: self.value(recipe[name], hint, f"{place}.{name}") for name, hint in hints.items() if name in recipe
        }
        for name, kind in nodes.items():
            if name in required or recipe.get(name) not in (None, {}):
                built[name] = self.node(recipe[name], kind, f"{place}.{name}", is_partial=True)
        return built


def _kind_of(hint: Any) -> Kind | None:
    """Return what belongs where a type is declared; None for plain values, and where several types are."""
    types = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    kinds = [kind for kind in map(_kind, types) if kind is not None]
    return kinds[0] if len(kinds) == 1 else None


def _kind(hint: Any) -> Kind | None:
    if get_origin(hint) is Callable:
        return TEACHER_FORCING if hint == Callable[[float], float] else Kind("function", None)
    if hint is Metric:
        return METRIC
    is_object = isinstance(hint, type) and get_origin(hint) is None and hint not in (*PLAIN, Any)
    return Kind(hint.__name__, hint) if is_object else None
