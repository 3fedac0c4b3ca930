"""From plain values to objects: what a config names is built here, before training and when a run is loaded."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from torch import Tensor, nn

from seqmodels.data.vocabulary import Vocabulary
from seqmodels.layers import SequenceLayer, Stack, TokenEmbedding, ValueEmbedding, recurrent_stack
from seqmodels.layers.decoder import Decoder
from seqmodels.layers.head import Head
from seqmodels.layers.images import ImageEmbedding
from seqmodels.layers.spelling import SpelledWordEmbedding
from seqmodels.mappings import SequenceMapping
from seqmodels.types import DataSpec

Embedding = TokenEmbedding | SpelledWordEmbedding | ValueEmbedding | ImageEmbedding
ELSEWHERE = ("embedding_size", "embedding_dropout", "head_dropout")  # of a model's values, those not for its layers


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
    model = dict(recipe["model"])
    if vectors is not None:
        model["embedding_size"] = vectors.shape[1]
    nodes = {**{name: recipe.get(name) for name in ("task", "optimizer", "scheduler")}, "model": model}
    mapping = _mapping(instantiate(nodes, trusted=trusted), spec, vectors)
    mapping.recipe = {"model": model, "task": {**recipe["task"]}}
    return mapping


def _mapping(built: Mapping[str, Any], spec: DataSpec, vectors: Tensor | None) -> SequenceMapping:
    model, task = built["model"], built["task"]
    embedding = _embedding(spec, model, vectors)
    layers = _layers(embedding.output_size, model)
    objective = task["objective"](spec)
    if "decoder" in task:
        head: nn.Module = _decoder(spec, objective.output_size, layers, model, task)
    else:
        pooling = task["pooling"](layers) if task.get("pooling") else None
        head = Head(layers.output_size, objective.output_size, pooling=pooling, dropout=model["head_dropout"])
    mapping: SequenceMapping = task["mapping"](
        embedding=embedding,
        layers=layers,
        head=head,
        objective=objective,
        optimizer=built["optimizer"],
        scheduler=built["scheduler"],
    )
    return mapping


def _embedding(spec: DataSpec, model: Mapping[str, Any], vectors: Tensor | None) -> Embedding:
    """From what the data holds to features."""
    size, dropout = model["embedding_size"], model["embedding_dropout"]
    tokens: dict[str, Any] = {"padding_index": spec.padding_index, "vectors": vectors, "dropout": dropout}
    match spec.inputs:
        case "values":
            return ValueEmbedding(spec.input_size, dropout=dropout)
        case "images":
            return ImageEmbedding(spec.shape, size, dropout=dropout)
        case "words":
            characters = len(Vocabulary.from_json(cast(str, spec.characters)))
            return SpelledWordEmbedding(spec.input_size, size, characters, **tokens)
        case "tokens":
            return TokenEmbedding(spec.input_size, size, **tokens)


def _layers(input_size: int, model: Mapping[str, Any], **changed: Any) -> Stack:
    others = {name: value for name, value in model.items() if name not in ELSEWHERE}
    return recurrent_stack(input_size=input_size, **{**others, **changed})


def _decoder(
    spec: DataSpec, output_size: int, encoder: SequenceLayer, model: Mapping[str, Any], task: Mapping[str, Any]
) -> Decoder:
    """As many layers of the same cell as the encoder has, reading one way."""
    if spec.target_vocabulary is None:
        raise ValueError("a decoder needs data with a target vocabulary")
    vocabulary = Vocabulary.from_json(spec.target_vocabulary)
    size, dropout = model["embedding_size"], model["embedding_dropout"]
    embedding = TokenEmbedding(len(vocabulary), size, padding_index=vocabulary.padding_index, dropout=dropout)
    layers = _layers(size, model, bidirectional=False)
    if task["decoder"]["input_feeding"]:
        layers = _layers(size + layers.output_size, model, bidirectional=False)
    return Decoder(
        embedding,
        layers,
        output_size,
        summary_size=encoder.output_size,
        start=vocabulary.start_index,
        end=vocabulary.end_index,
        forbidden=[0, vocabulary.unknown_index, vocabulary.start_index],
        attention=task["attention"](layers.output_size, encoder.output_size) if task.get("attention") else None,
        input_feeding=task["decoder"]["input_feeding"],
        dropout=model["head_dropout"],
    )


def parameter_count(module: nn.Module) -> int:
    """Number of trained parameters."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)
