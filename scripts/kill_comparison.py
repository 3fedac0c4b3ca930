"""What two runs may and may not have otherwise, where one of them was killed and resumed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

PATHS = ("best_model_path", "last_model_path", "kth_best_model_path", "dirpath", "best_k_models")
# Of `ModelCheckpoint`; Lightning does not restore it, and sets it anew in each validation.
NOT_RESTORED = ("current_score",)
EVENTS = "events.out.tfevents"
# How, where and when it ran.
OF_THE_PROCESS = ("command.txt", "overrides.yaml", "environment.json", "train.log")


def differences(run: Path, whole: Path) -> list[str]:
    """Return in what a run differs from one that was not killed; durations and paths aside."""
    found = [*_files(run, whole)]
    for name in ("best.ckpt", "last.ckpt"):
        mine, other = (_checkpoint(folder / "checkpoints" / name) for folder in (run, whole))
        found += [f"{name}: {place}" for place in _unequal(mine, other)]
    mine, other = (json.loads((folder / "metrics.json").read_text()) for folder in (run, whole))
    for report in (mine, other):
        report.pop("training_seconds")
    found += [f"metrics.json: {place}" for place in _unequal(mine, other)]
    mine, other = (_predictions(folder) for folder in (run, whole))
    found += ["predictions.jsonl"] if mine != other else []
    mine, other = _points(run), _points(whole)
    return found + [f"TensorBoard: {tag}" for tag in mine.keys() | other.keys() if mine.get(tag) != other.get(tag)]


def _files(run: Path, whole: Path) -> Iterator[str]:
    """Yield the files that only one of the runs has."""
    mine, other = (
        {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and EVENTS not in path.name}
        - {*OF_THE_PROCESS}
        for folder in (run, whole)
    )
    yield from (f"only one has {name}" for name in sorted(mine ^ other))


def _predictions(run: Path) -> str:
    path = run / "predictions.jsonl"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _checkpoint(path: Path) -> dict[str, Any]:
    state: dict[str, Any] = torch.load(path, weights_only=True)
    state.pop("event_files", None)
    state.pop("seqmodels_digests", None)
    state["callbacks"].pop("Timer", None)
    for callback in state["callbacks"].values():
        for key in (*PATHS, *NOT_RESTORED):
            callback.pop(key, None)
    return state


def _unequal(mine: Any, other: Any, place: str = "") -> Iterator[str]:
    """Yield the places at which nested values differ in a bit."""
    if type(mine) is not type(other):
        yield place
    elif isinstance(mine, dict):
        yield from (f"{place}/{key}" for key in mine.keys() ^ other.keys())
        for key in mine.keys() & other.keys():
            yield from _unequal(mine[key], other[key], f"{place}/{key}")
    elif isinstance(mine, list | tuple):
        if len(mine) != len(other):
            yield place
        for index, (a, b) in enumerate(zip(mine, other, strict=False)):
            yield from _unequal(a, b, f"{place}/{index}")
    elif isinstance(mine, torch.Tensor):
        if mine.dtype != other.dtype or not torch.equal(mine, other):
            yield place
    elif repr(mine) != repr(other):  # NaN is NaN, and 0.0 is not -0.0.
        yield place


def _points(run: Path) -> dict[str, list[Any]]:
    """Return what TensorBoard finds in a run by tag: values of scalars by step, steps of pictures and texts."""
    sizes = {"scalars": 0, "images": 0, "tensors": 0}
    events = EventAccumulator(str(run), size_guidance=sizes, purge_orphaned_data=False).Reload()
    tags = events.Tags()
    points: dict[str, list[Any]] = {
        tag: sorted((event.step, event.value) for event in events.Scalars(tag)) for tag in tags["scalars"]
    }
    points |= {f"{tag} (picture)": sorted(e.step for e in events.Images(tag)) for tag in tags["images"]}
    return points | {f"{tag} (text)": sorted(e.step for e in events.Tensors(tag)) for tag in tags["tensors"]}
