"""Checkpoints of one who means harm: nothing that they name is imported, called, written or removed."""

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import seqmodels
from seqmodels.checkpoints.digests import KEY, MAX_DEPTH, VERSION
from tests.checkpoint_files import at, state_of, trained, write, write_pickle, write_unchecked

ROOT = Path(__file__).parents[1]
MARK, VICTIM = "made_by_a_checkpoint", "victim"
TARGETS: dict[str, dict[str, Any]] = {
    "os.system": {"command": f"touch {MARK}"},
    "posix.system": {"command": f"touch {MARK}"},
    "os.remove": {"path": f"{VICTIM}/file"},
    "subprocess.Popen": {"args": ["touch", MARK]},
    "subprocess.run": {"args": ["touch", MARK]},
    "builtins.eval": {"source": f"open({MARK!r}, 'w')"},
    "builtins.exec": {"source": f"open({MARK!r}, 'w')"},
    "builtins.open": {"file": MARK, "mode": "w"},
    "builtins.__import__": {"name": "antigravity"},
    "builtins.dict": {},
    "shutil.rmtree": {"path": VICTIM},
    "shutil.move": {"src": VICTIM, "dst": MARK},
    "importlib.import_module": {"name": "antigravity"},
    "antigravity.webbrowser.open": {"url": "http://localhost"},
    "this.s": {},
    "pickle.loads": {"data": "cos\nsystem\n(S'touch x'\ntR."},
    "runpy.run_path": {"path_name": "script.py"},
    "socket.create_connection": {"address": ["localhost", 80]},
    "torch.utils.collect_env.run": {"command": f"touch {MARK}"},
    "torch.load": {"f": MARK, "weights_only": False},
    "torch.save": {"obj": 1, "f": MARK},
    "torch.hub.load": {"repo_or_dir": VICTIM, "model": "x", "source": "local"},
    "torch.hub.download_url_to_file": {"url": "file:script.py", "dst": MARK},
    "torch.jit.load": {"f": MARK},
    "torch.utils.cpp_extension.load": {"name": "x", "sources": ["x.cpp"]},
    "torch.nn.Linear": {"in_features": 10**12, "out_features": 10**6},
    "torch.optim.Adam": {},
    "torch.ones": {"size": [10**12]},
    "torchmetrics.MetricCollection": {"metrics": {}},
    "torchmetrics.text.BLEUScore": {},
    "torchmetrics.text.bert.BERTScore": {"model_name_or_path": VICTIM},
    "pytorch_lightning.Trainer": {"default_root_dir": MARK},
    "pytorch_lightning.callbacks.ModelCheckpoint": {"dirpath": VICTIM},
    "lightning_fabric.Fabric": {},
    "hydra.utils.instantiate": {"config": {"_target_": "os.getcwd"}},
    "hydra.utils.call": {"config": {"_target_": "os.getcwd"}},
    "omegaconf.OmegaConf.save": {"config": {}, "f": MARK},
    "yaml.unsafe_load": {"stream": "!!python/object/apply:os.getcwd []"},
    "numpy.save": {"file": MARK, "arr": [1]},
    "numpy.fromfile": {"file": MARK},
    "scipy.io.savemat": {"file_name": MARK, "mdict": {}},
    "matplotlib.pyplot.savefig": {"fname": MARK},
    "joblib.dump": {"value": 1, "filename": MARK},
    "sklearn.datasets.fetch_openml": {"name": "iris"},
    "sklearn.linear_model.LogisticRegression": {},
    "librosa.load": {"path": MARK},
    "soundfile.write": {"file": f"{MARK}.wav", "data": [0.0], "samplerate": 8000},
    "mido.MidiFile": {"filename": MARK},
    "PIL.Image.open": {"fp": MARK},
    "seqeval.metrics.f1_score": {"y_true": [], "y_pred": []},
    "tokenizers.Tokenizer.from_file": {"path": MARK},
    "tensorboard.program.TensorBoard": {},
    "torch.utils.tensorboard.SummaryWriter": {"log_dir": MARK},
    "rich.console.Console": {},
    "jaxtyping.install_import_hook": {"modules": "x", "typechecker": "os.system"},
    "seqmodels.data.prepared.clear": {},
    "seqmodels.data.LabelledTextData": {"path": VICTIM},
    "seqmodels.atomic_files.remove_unfinished": {"folder": VICTIM},
    "seqmodels.assembly.instantiate": {"node": {"_target_": "os.getcwd"}},
    "seqmodels.kinds.import_name": {"name": "antigravity.fly"},
    "seqmodels.train.main": {},
    "seqmodels.benchmark.user_cells.LayerNormLSTMCell": {},
    "seqmodels.layers.engines.native.build.build": {},
    "seqmodels.cells.Cell": {},
    "seqmodels.cells.GRUState": {"h": 1},
    "seqmodels.cells.init.torch": {},
    "seqmodels.objectives.Objective": {},
    "seqmodels.types.DataSpec": {"inputs": "values", "input_size": 1, "output_size": 1},
    "seqmodels.callbacks.view.View": {},
    "__main__.hook": {"event": "x", "arguments": []},
    "tests.load_watched.main": {},
    "no.such.module.at_all": {},
    "seqmodels": {},
    ".cells.LSTMCell": {},
    "": {},
}
OWN = {
    "a cell": "seqmodels.cells.LSTMCell",
    "an objective": "seqmodels.objectives.Classification",
    "a mapping": "seqmodels.mappings.ManyToOne",
    "a pooling": "seqmodels.layers.pooling.Mean",
    "an attention": "seqmodels.layers.attention.General",
    "a metric": "seqmodels.objectives.text_metrics.Bleu",
    "a reader": "seqmodels.data.synthetic.Numbers",
    "an initialisation": "seqmodels.cells.init.uniform",
    "a teacher forcing": "seqmodels.mappings.teacher_forcing.linear",
}
TAKES = {
    "seqmodels.recipe.model.cell": "a cell",
    "seqmodels.recipe.model.init": "an initialisation",
    "seqmodels.recipe.task.mapping": "a mapping",
    "seqmodels.recipe.task.objective": "an objective",
    "seqmodels.recipe.task.pooling": "a pooling",
    "seqmodels.recipe.task.attention": "an attention",
    "seqmodels.recipe.task.mapping.teacher_forcing": "a teacher forcing",
    "seqmodels.recipe.task.objective.metrics.bleu": "a metric",
    "seqmodels.spec.raw": "a reader",
}
ELSEWHERE = [
    *(f"seqmodels.recipe.task.{name}" for name in ("anything", "monitor", "mode", "decoder", "decoder.input_feeding")),
    *(f"seqmodels.recipe.task.mapping.{name}" for name in ("anything", "max_length", "optimizer", "embedding")),
    *(f"seqmodels.recipe.task.objective.{name}" for name in ("anything", "label_smoothing", "metrics", "spec")),
    *(f"seqmodels.recipe.model.{name}" for name in ("anything", "hidden_size", "num_layers", "dropout", "engine")),
    *(f"seqmodels.recipe.model.cell.{name}" for name in ("anything", "bias", "device", "dtype", "input_size")),
    *(f"seqmodels.recipe.{name}" for name in ("optimizer", "scheduler", "callbacks", "data")),
    *(
        f"seqmodels.spec.{name}"
        for name in ("anything", "inputs", "input_size", "classes", "mean", "target_vocabulary")
    ),
    *(f"seqmodels.spec.raw.{name}" for name in ("anything", "vocabulary", "max_length")),
    *("seqmodels.recipe", "seqmodels.spec", "seqmodels.anything", "seqmodels", "anything", "state_dict.anything"),
    *("hyper_parameters", "callbacks.anything", "loops.anything", "optimizer_states.0.state", "lr_schedulers.0"),
]
HARMFUL = ("os.system", "torch.utils.collect_env.run", "shutil.rmtree", "seqmodels.data.prepared.clear", "torch.ones")


def nodes() -> Iterator[tuple[str, str, Any]]:
    """Places, names, and what stands there: all names at some places, some names at all places."""
    for place, taken in TAKES.items():
        everything = place.endswith(("cell", "bleu", "raw"))
        names = {**(TARGETS if everything else {name: TARGETS[name] for name in HARMFUL})}
        names |= {name: {} for kind, name in OWN.items() if kind != taken}
        is_partial = {} if place.endswith(("bleu", "raw")) else {"_partial_": True}
        for name, arguments in names.items():
            yield place, name, {"_target_": name, **is_partial, **arguments}
    for place in ELSEWHERE:
        for name in HARMFUL[:2]:
            yield place, name, {"_target_": name, **TARGETS[name]}
        yield place, "a list", [{"_target_": HARMFUL[0], **TARGETS[HARMFUL[0]]}]


class Call:
    """An object whose pickle calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def pickles() -> Iterator[bytes]:
    """Pickles that call what no checkpoint needs to."""
    calls = [
        Call(os.system, f"touch {MARK}"),
        Call(os.remove, f"{VICTIM}/file"),
        Call(subprocess.Popen, ["touch", MARK]),
        Call(eval, f"open({MARK!r}, 'w')"),
        Call(__import__, "antigravity"),
        Call(getattr, os, "system") if sys.platform == "win32" else Call(getattr, "text", "join"),
        Call(open, MARK, "w"),
        Call(bytearray, 10**12),
        Call(np.save, MARK, [1]),
        Call(torch.load, MARK),
        Call(torch.ones, 10**12),
        Call(torch.utils.collect_env.run, f"touch {MARK}"),
        Call(torch.hub.load, VICTIM, "x"),
        Call(seqmodels.load, MARK),
        Call(partial, os.system, f"touch {MARK}"),
    ]
    for call in calls:
        yield pickle.dumps({"state_dict": call}, protocol=2)
        yield pickle.dumps({call.call[1][0] if isinstance(call.call[1][0], str) else 1: [call]}, protocol=2)
    yield b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R."  # imports encodings.rot_13
    yield b"\x80\x02}X\x01\x00\x00\x00ac_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86Rs."
    yield b"\x80\x02}" + b")" + b"\x85" * 1_000_000 + b"K\x01s."  # hashed as a key, it would end the process
    yield b"\x80\x02}X\x01\x00\x00\x00a" + b"]" * 100_000 + b"a" * 99_999 + b"s."
    yield b"\x80\x02}X\x01\x00\x00\x00a]r\xff\xff\xff\xff" + b"s."  # the memo would have four thousand million entries
    yield b"\x80\x02}X\x01\x00\x00\x00a](]q\x00" + b"h\x00" * 9 + b"es."


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


@pytest.mark.parametrize("name", ODD)
def test_an_odd_checkpoint_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = write_odd(name, tmp_path / "odd.ckpt")
    with pytest.raises(ValueError, match=r"odd\.ckpt") as raised:
        seqmodels.load(path)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < len(str(path)) + 500


def test_nothing_is_imported_called_written_or_removed(tmp_path: Path) -> None:
    files, place = tmp_path / "files", tmp_path / "place"
    for folder in (files, place, place / VICTIM):
        folder.mkdir()
    (place / VICTIM / "file").write_text("still there")
    (place / "script.py").write_text(f"open({MARK!r}, 'w')")
    (files / "000-good.ckpt").write_bytes(trained("translation"))
    names = {}
    for number, (where, name, node) in enumerate(nodes()):
        state = state_to_change()
        state["state_dict"] = {"a": torch.ones(1)}  # What is named is refused before weights are looked at.
        changed(where, node)(state)
        path = write(state, files / f"1-{number:05}.ckpt")
        names[path.name] = f"{name} at {where}"
    for number, content in enumerate(pickles()):
        names[write_pickle(content, files / f"2-{number:05}.ckpt").name] = f"pickle {number}: {content[:60]!r}"
    names |= {write_odd(name, files / f"3-{number:05}.ckpt").name: name for number, name in enumerate(ODD)}

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "SEQMODELS_CACHE": str(place / VICTIM)}
    run = subprocess.run(
        [sys.executable, "-m", "tests.load_watched", str(files)],
        cwd=place,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    report = json.loads(run.stdout)

    assert len(report["found"]) == len(names) > 500
    bad = {
        names[file]: found
        for file, found in report["found"].items()
        if found["events"]
        or found["imported"]
        or not found["error"].startswith(f"ValueError: {files / file}")
        or "\n" in found["error"]
        or (file.startswith("1-") and "weight" in found["error"])
    }
    assert bad == {}
    assert report["grown"] < 200 << 20
    assert sorted(path.name for path in place.rglob("*")) == ["file", "script.py", VICTIM]
    assert run.stderr == ""
