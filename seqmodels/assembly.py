"""From plain values to objects: what a config names is built here, before training and when a run is loaded.

A config is typed by a person, and may name anything: `instantiate` and `build_mapping`. A checkpoint may come from a
stranger, and may only name members of a closed list, or what the person trusts: `restore_mapping`.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, nn

from seqmodels.data.raw import RawInput
from seqmodels.data.vocabulary import Vocabulary
from seqmodels.declared_types import check_keys
from seqmodels.kinds import AnyName, ListedNames, Trusted, import_name
from seqmodels.layers import SequenceLayer, Stack, TokenEmbedding, ValueEmbedding, recurrent_stack
from seqmodels.layers.decoder import Decoder
from seqmodels.layers.head import Head
from seqmodels.layers.images import ImageEmbedding
from seqmodels.layers.spelling import SpelledWordEmbedding
from seqmodels.mappings import SequenceMapping
from seqmodels.model_checks import check_counts, check_spec, check_weights
from seqmodels.recipes import Builder
from seqmodels.types import DataSpec

Embedding = TokenEmbedding | SpelledWordEmbedding | ValueEmbedding | ImageEmbedding
NOT_OF_LAYERS = ("embedding_size", "embedding_dropout", "head_dropout")


def instantiate(node: Any) -> Any:
    """Build what a tree of plain values describes, whatever it names: for values that a person has typed.

    A mapping with `_target_` (a dotted name) becomes a call of that name with the other entries as keywords, or,
    with `_partial_: true`, a function that still takes the rest. Everything else stays as it is.

    Args:
        node: plain values of a config, never of a checkpoint: they choose what is imported and called.

    Raises:
        ValueError: a target does not exist.
        TypeError: a target does not take the arguments given.

    Example:
        >>> half = instantiate({"_target_": "math.pow", "_partial_": True})
        >>> half(2, -1)
        0.5
    """
    if isinstance(node, Mapping):
        built = {k: instantiate(v) for k, v in node.items() if k not in ("_target_", "_partial_")}
        if "_target_" not in node:
            return built
        target = import_name(node["_target_"])
        return partial(target, **built) if node.get("_partial_") else target(**built)
    return [instantiate(item) for item in node] if isinstance(node, list) else node


def build_mapping(recipe: Mapping[str, Any], spec: DataSpec, *, vectors: Tensor | None = None) -> SequenceMapping:
    """Build the Lightning module that a person's recipe describes, for data of the given spec.

    What is built can be loaded again: `model` and `task` are checked as those of a checkpoint are, but may name any
    class and function.

    Args:
        recipe: `model`, `task` and, for training, `optimizer` and `scheduler`, as the config groups of those names.
        spec: what the data holds; every size comes from it.
        vectors: where the embedding starts (vocabulary, size).

    Raises:
        ValueError: a name does not exist or is of the wrong kind, a key is unknown, a value of the wrong type.
    """
    model = dict(recipe["model"])
    if vectors is not None:
        model["embedding_size"] = vectors.shape[1]
    builder = Builder(AnyName(), instantiate)
    training = {name: instantiate(recipe.get(name)) for name in ("optimizer", "scheduler")}
    mapping = _mapping(builder.model(model), builder.task(recipe["task"]), spec, vectors, **training)
    mapping.recipe = {"model": model, "task": {**recipe["task"]}}
    return mapping


def restore_mapping(
    saved: Mapping[str, Any], weights: Mapping[str, Tensor], trusted: Sequence[Trusted] = ()
) -> tuple[SequenceMapping, RawInput | None]:
    """Build the mapping of a checkpoint, which may come from a stranger, and what reads raw input for it.

    Args:
        saved: `recipe` and `spec`, as `SequenceMapping.on_save_checkpoint` leaves them.
        weights: the state of the mapping. No memory is allocated for a mapping that it does not fit.
        trusted: see `kinds.ListedNames`.

    Raises:
        ValueError: a name is not of the closed list, a key is unknown, a value of the wrong type, or the weights are
            not those of the model described.
    """
    recipe, builder = saved["recipe"], Builder(ListedNames(trusted))
    check_keys(recipe, "recipe", ("model", "task"), ("model", "task"))
    spec = builder.spec(saved["spec"])
    model, task = {**builder.model(recipe["model"]), "init": None}, builder.task(recipe["task"])
    check_counts(recipe, spec, weights)
    check_spec(spec)
    with torch.device("meta"):
        check_weights(_mapping(model, task, spec).state_dict(), weights)
    mapping = _mapping(model, task, spec)
    mapping.load_state_dict(weights)
    mapping.recipe = dict(recipe)
    return mapping, builder.raw_input(spec.raw) if spec.raw else None


def _mapping(
    model: Mapping[str, Any],
    task: Mapping[str, Any],
    spec: DataSpec,
    vectors: Tensor | None = None,
    **training: Any,
) -> SequenceMapping:
    """Join what a recipe names."""
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
        **training,
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
    others = {name: value for name, value in model.items() if name not in NOT_OF_LAYERS}
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
