"""Hostile values for checkpoints: names of all that could be called, and pickles that call it."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch

import seqmodels

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
