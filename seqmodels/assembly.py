"""From plain values to objects: what a config names is built here, before training and when a run is loaded."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from seqmodels.layers import TokenEmbedding, ValueEmbedding, recurrent_stack
from seqmodels.layers.head import Head
from seqmodels.mappings import SequenceMapping
from seqmodels.types import DataSpec


def instantiate(node: Any, *, trusted: Sequence[str] | None = None) -> Any:
    """Build what a tree of plain values describes.

    A mapping with `_target_` (a dotted name) becomes a call of that name with the other entries as keywords, or,
    with `_partial_: true`, a function that still takes the rest. Everything else stays as it is.

    Args:
        node: plain values.
        trusted: top-level packages a target may come from; any if None. Values of unknown origin, a checkpoint's
            for example, must not choose what is called.

    Raises:
        ValueError: a target does not exist or is not trusted.
        TypeError: a target does not take the arguments given.

    Example:
        >>> half = instantiate({"_target_": "math.pow", "_partial_": True})
        >>> half(2, -1)
        0.5
    """
    if isinstance(node, Mapping):
        built = {k: instantiate(v, trusted=trusted) for k, v in node.items() if k not in ("_target_", "_partial_")}
        if "_target_" not in node:
            return built
        target = _resolve(node["_target_"], trusted)
        if node.get("_partial_"):
            return partial(target, **built)
        return target(**built)
    if isinstance(node, list):
        return [instantiate(item, trusted=trusted) for item in node]
    return node


def _resolve(name: str, trusted: Sequence[str] | None) -> Callable[..., Any]:
    if trusted is not None and name.split(".", maxsplit=1)[0] not in trusted:
        raise ValueError(f"{name!r} is not from a trusted package ({', '.join(trusted)})")
    module, _, attribute = name.rpartition(".")
    try:
        target: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"there is no {name!r}: {error}") from error
    return target


def build_mapping(
    recipe: Mapping[str, Any],
    spec: DataSpec,
    *,
    vectors: Tensor | None = None,
    trusted: Sequence[str] | None = None,
) -> SequenceMapping:
    """The Lightning module that a recipe describes, for data of the given spec.

    Args:
        recipe: `model`, `task` and, for training, `optimizer` and `scheduler`, as the config groups of those names.
        spec: what the data holds; every size comes from it.
        vectors: where the embedding starts (vocabulary, size).
        trusted: see `instantiate`.
    """
    model, task = dict(recipe["model"]), recipe["task"]
    embedding = _embedding(spec, model.pop("embedding_size"), model.pop("embedding_dropout"), vectors)
    head_dropout = model.pop("head_dropout")
    layers = recurrent_stack(input_size=embedding.output_size, **instantiate(model, trusted=trusted))
    pooling = instantiate(task["pooling"], trusted=trusted)(layers) if task.get("pooling") else None
    mapping: SequenceMapping = instantiate(task["mapping"], trusted=trusted)(
        embedding=embedding,
        layers=layers,
        head=Head(layers.output_size, spec.output_size, pooling=pooling, dropout=head_dropout),
        objective=instantiate(task["objective"], trusted=trusted)(spec),
        optimizer=instantiate(recipe.get("optimizer"), trusted=trusted),
        scheduler=instantiate(recipe.get("scheduler"), trusted=trusted),
    )
    mapping.recipe = {
        "model": {**recipe["model"], "embedding_size": embedding.output_size},
        "task": {**task},
    }
    return mapping


def _embedding(spec: DataSpec, size: int, dropout: float, vectors: Tensor | None) -> TokenEmbedding | ValueEmbedding:
    if spec.inputs == "values":
        return ValueEmbedding(spec.input_size)
    return TokenEmbedding(spec.input_size, size, padding_index=spec.padding_index, vectors=vectors, dropout=dropout)


def parameter_count(module: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
