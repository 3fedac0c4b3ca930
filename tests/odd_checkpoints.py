"""Checkpoints that no training writes: keys missing or of other types, endless lists, sizes beyond all memory."""

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch

from seqmodels.checkpoints.digests import KEY, MAX_DEPTH, VERSION
from seqmodels.data.vocabulary import Vocabulary
from tests.checkpoint_files import at, state_of, write, write_unchecked


def state_to_change() -> dict[str, Any]:
    """A trained model's checkpoint, with what a training needs to go on left out."""
    trained_model = state()
    return {
        "state_dict": dict(trained_model["state_dict"]),
        "seqmodels": copy.deepcopy(trained_model["seqmodels"]),
        "epoch": 1,
        "global_step": 2,
        "loops": {},
        "callbacks": {},
        "optimizer_states": [{"state": {}, "param_groups": []}],
        "lr_schedulers": [{}],
    }


@cache
def state() -> dict[str, Any]:
    return state_of("translation")


def changed(place: str, value: Any) -> Callable[[dict[str, Any]], Any]:
    """A change of what stands at a place."""

    def change(state: dict[str, Any]) -> None:
        container, key = at(state, place)
        container[key] = value

    return change


def without(place: str) -> Callable[[dict[str, Any]], Any]:
    """A change that takes away what stands at a place."""

    def change(state: dict[str, Any]) -> None:
        container, key = at(state, place)
        del container[key]

    return change


def endless() -> list[Any]:
    """A list that holds itself, twice."""
    items: list[Any] = []
    items += [items, items]
    return items


def deep(depth: int) -> list[Any]:
    """Lists in lists."""
    return [deep(depth - 1)] if depth else []


def doubled(depth: int) -> list[Any]:
    """As many items as two to that power, in a few bytes."""
    items: list[Any] = ["x"]
    for _ in range(depth):
        items = [items, items]
    return items


def panicking() -> str:
    """A vocabulary of pieces of words with a prefix that none of its pieces has."""
    vocabulary = json.loads(Vocabulary.subwords(["low lower lowest", "new newer newest"], max_size=30).to_json())
    vocabulary["model"]["continuing_subword_prefix"] = "a prefix"
    return json.dumps(vocabulary)


MODEL, TASK, SPEC = "seqmodels.recipe.model", "seqmodels.recipe.task", "seqmodels.spec"
WEIGHT = "layers.layers.0.forward_layer.cell.weight_hh"
ODD: dict[str, Callable[[dict[str, Any]], Any]] = {
    "recipe is a list": changed("seqmodels.recipe", []),
    "recipe is empty": changed("seqmodels.recipe", {}),
    "recipe is missing": without("seqmodels.recipe"),
    "recipe has another key": changed("seqmodels.recipe.more", {}),
    "recipe has a number as a key": changed("seqmodels.recipe", {1: {}, "model": {}, "task": {}}),
    "spec is missing": without("seqmodels.spec"),
    "spec is a text": changed("seqmodels.spec", "tokens"),
    "spec is empty": changed("seqmodels.spec", {}),
    "spec has another key": changed(f"{SPEC}.more", 1),
    "seqmodels is a list": changed("seqmodels", [1]),
    "seqmodels is missing": without("seqmodels"),
    "state_dict is a text": changed("state_dict", "weights"),
    "state_dict is missing": without("state_dict"),
    "state_dict is empty": changed("state_dict", {}),
    "state_dict holds a text": changed("state_dict", {"a": "b"}),
    "state_dict has numbers as keys": changed("state_dict", {1: torch.ones(1)}),
    "epoch is a text": changed("epoch", "1"),
    "loops is a list": changed("loops", []),
    "optimizer_states is a dictionary": changed("optimizer_states", {}),
    "a weight is missing": lambda state: state["state_dict"].pop(WEIGHT),
    "a weight too many": lambda state: state["state_dict"].update(more=torch.ones(1)),
    "a weight of another shape": lambda state: state["state_dict"].update({WEIGHT: torch.ones(3, 3)}),
    "a weight of integers": lambda state: state["state_dict"].update({WEIGHT: state["state_dict"][WEIGHT].long()}),
    "a complex weight": lambda state: state["state_dict"].update({WEIGHT: state["state_dict"][WEIGHT].cfloat()}),
    "task is a text": changed(TASK, "translation"),
    "no objective": without(f"{TASK}.objective"),
    "objective is None": changed(f"{TASK}.objective", None),
    "a target is a number": changed(f"{MODEL}.cell._target_", 3),
    "a target is missing": without(f"{MODEL}.cell._target_"),
    "a target is very long": changed(f"{MODEL}.cell._target_", "a." * 100_000),
    "partial is a text": changed(f"{MODEL}.cell._partial_", "yes"),
    "not partial": changed(f"{MODEL}.cell._partial_", False),
    "a metric is partial": changed(f"{TASK}.objective.metrics.bleu._partial_", True),
    "hidden_size is a text": changed(f"{MODEL}.hidden_size", "big"),
    "hidden_size is a truth value": changed(f"{MODEL}.hidden_size", True),
    "hidden_size is huge": changed(f"{MODEL}.hidden_size", 10**12),
    "hidden_size is no machine integer": changed(f"{MODEL}.hidden_size", 10**30),
    "hidden_size is zero": changed(f"{MODEL}.hidden_size", 0),
    "hidden_size is negative": changed(f"{MODEL}.hidden_size", -4),
    "hidden_size is nested": changed(f"{MODEL}.hidden_size", {"a": 1}),
    "too many layers": changed(f"{MODEL}.num_layers", 10**9),
    "too many sizes of layers": changed(f"{MODEL}.hidden_size", [4] * 20_000),
    "no layers": changed(f"{MODEL}.hidden_size", []),
    "embedding_size is huge": changed(f"{MODEL}.embedding_size", 10**12),
    "bidirectional is a text": changed(f"{MODEL}.bidirectional", "no"),
    "dropout is a text": changed(f"{MODEL}.dropout", "0.5"),
    "dropout is NaN": changed(f"{MODEL}.dropout", float("nan")),
    "an engine that does not exist": changed(f"{MODEL}.engine", "os.system"),
    "a label smoothing that is none": changed(f"{TASK}.objective.label_smoothing", "x"),
    "input_feeding is a number": changed(f"{TASK}.decoder.input_feeding", 1),
    "input_size is huge": changed(f"{SPEC}.input_size", 10**12),
    "input_size is another": changed(f"{SPEC}.input_size", 3),
    "output_size is huge": changed(f"{SPEC}.output_size", 10**12),
    "output_size is negative": changed(f"{SPEC}.output_size", -1),
    "classes of another number": changed(f"{SPEC}.classes", ["a"]),
    "inputs of an unknown kind": changed(f"{SPEC}.inputs", "smells"),
    "inputs are words without characters": changed(f"{SPEC}.inputs", "words"),
    "a shape that is none": changed(f"{SPEC}.shape", "large"),
    "padding beyond the vocabulary": changed(f"{SPEC}.padding_index", 10**9),
    "a vocabulary that is none": changed(f"{SPEC}.vocabulary", "{}"),
    "a vocabulary over which the tokenizers library panics": changed(f"{SPEC}.vocabulary", panicking()),
    "another vocabulary to read with": changed(f"{SPEC}.raw.vocabulary", Vocabulary.characters("ab").to_json()),
    "a written vocabulary that is none": changed(f"{SPEC}.target_vocabulary", "[" * 100_000),
    "no written vocabulary": changed(f"{SPEC}.target_vocabulary", None),
    "a reader without arguments": changed(f"{SPEC}.raw", {"_target_": "seqmodels.data.synthetic.Numbers"}),
    "lists nested deep": changed(f"{TASK}.monitor", deep(MAX_DEPTH - 8)),
    "lists nested too deep": changed(f"{TASK}.monitor", deep(200)),
    "an endless list in the recipe": changed(f"{TASK}.anything", endless()),
    "an endless list in the spec": changed(f"{SPEC}.classes", endless()),
    "an endless list of callbacks": changed("callbacks.anything", endless()),
    "a list of two to the power of 50 items": changed(f"{SPEC}.classes", doubled(50)),
    "digests that are none": lambda state: state.update({KEY: "digests"}),
    "digests of a later version": lambda state: state.update({KEY: {"version": 9, "values": "", "tensors": []}}),
}


def write_odd(name: str, path: Path) -> Path:
    """An odd checkpoint; one that cannot have digests has wrong ones."""
    state = state_to_change()
    ODD[name](state)
    if not name.startswith(("an endless", "lists nested too", "a list of two")):
        return write(state, path) if KEY not in state else write_unchecked(state, path)
    return write_unchecked({**state, KEY: {"version": VERSION, "values": "0" * 64, "tensors": []}}, path)
