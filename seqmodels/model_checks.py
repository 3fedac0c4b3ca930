"""Checks of the model that a checkpoint describes, against the weights that it holds, before memory is allocated."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.types import DataSpec

MAX_TENSORS = 10_000
MAX_RECIPE_VALUES = 10_000


def check_counts(recipe: Any, spec: DataSpec, weights: Mapping[str, Tensor]) -> None:
    """Check that what a recipe and a spec describe is not larger than the weights.

    Args:
        recipe: of types that were checked.
        spec: likewise.
        weights: by name.

    Raises:
        ValueError: there are more layers than weights, or sizes that no weight can have.
    """
    if len(weights) > MAX_TENSORS or count_values(recipe) > MAX_RECIPE_VALUES:
        raise ValueError(f"expected at most {MAX_TENSORS:,} weights and {MAX_RECIPE_VALUES:,} values in the recipe")
    model = recipe["model"]
    hidden = model["hidden_size"] if isinstance(model["hidden_size"], list) else [model["hidden_size"]]
    layers = max(model.get("num_layers", 1), len(hidden))
    if layers > len(weights):
        raise ValueError(f"the recipe has {layers:,} layers, but there are {len(weights)} weights")
    numbers = sum(weight.numel() for weight in weights.values())
    sizes = {"spec.input_size": spec.input_size, "spec.output_size": spec.output_size}
    for name, size in {**sizes, "model.hidden_size": max(hidden, default=0)}.items():
        if not 0 < size <= numbers:
            raise ValueError(f"{name} is {size:,}, but the weights have {numbers:,} numbers in all")


def check_spec(spec: DataSpec) -> None:
    """Check that the sizes, names and vocabularies of a spec agree.

    Raises:
        ValueError: they do not.
    """
    own = {"vocabulary": spec.vocabulary, "characters": spec.characters, "target_vocabulary": spec.target_vocabulary}
    reads = spec.raw if str(spec.raw.get("_target_")).startswith("seqmodels.") else {}
    raw = {f"raw.{name}": reads.get(name) for name in ("vocabulary", "characters")}
    sizes = {name: _entries(text, f"spec.{name}") for name, text in {**own, **raw}.items() if text is not None}
    if spec.inputs in ("tokens", "words"):
        for name in ("vocabulary", "raw.vocabulary"):
            if sizes.get(name, spec.input_size) != spec.input_size:
                raise ValueError(f"spec.{name} has {sizes[name]:,} entries, but spec.input_size is {spec.input_size:,}")
    if spec.inputs == "words" and spec.characters is None:
        raise ValueError("spec.inputs is 'words', but there is no vocabulary of their characters")
    if sizes.get("raw.characters", 0) > sizes.get("characters", 0):
        raise ValueError("spec.raw.characters has more entries than spec.characters")
    if spec.classes and len(spec.classes) != spec.output_size:
        raise ValueError(f"spec.classes has {len(spec.classes)} names, but spec.output_size is {spec.output_size}")
    answers = len(spec.answers) or spec.output_size
    for name, values in {"mean": spec.mean, "std": spec.std}.items():
        if values and answers % len(values):
            raise ValueError(f"spec.{name} has {len(values)} numbers for {answers} predicted values")


def _entries(vocabulary: Any, name: str) -> int:
    """Return the number of entries of a serialised vocabulary."""
    try:
        return len(Vocabulary.from_json(vocabulary))
    except BaseException as error:  # The tokenizers library raises what is no Exception where its Rust code panics.
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ValueError(f"{name} is no vocabulary: {error}") from error


def check_weights(described: Mapping[str, Tensor], weights: Mapping[str, Tensor]) -> None:
    """Check that weights have the names, shapes and types of a described model.

    Args:
        described: the state of a model that was built without memory.
        weights: by name.

    Raises:
        ValueError: they do not.
    """
    for name, weight in described.items():
        if name not in weights:
            raise ValueError(f"the model has a weight {name} of shape {tuple(weight.shape)}, which is missing")
        found = weights[name]
        if found.shape != weight.shape or found.is_floating_point() != weight.is_floating_point() or found.is_complex():
            raise ValueError(
                f"expected the weight {name} of shape {tuple(weight.shape)} and type {weight.dtype}, "
                f"got {tuple(found.shape)} and {found.dtype}"
            )
    for name in weights:
        if name not in described:
            raise ValueError(f"the weight {name!r:.80} is none of the model's")


def count_values(value: Any) -> int:
    """Return how many plain values a tree of them has, keys included."""
    if isinstance(value, Mapping):
        return len(value) + sum(map(count_values, value.values()))
    return sum(map(count_values, value)) if isinstance(value, list | tuple) else 1
