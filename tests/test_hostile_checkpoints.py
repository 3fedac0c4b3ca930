"""Hostile checkpoints: nothing that they name is imported, called, written or removed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import seqmodels
from tests.checkpoint_files import trained, write, write_pickle
from tests.hostile_values import MARK, VICTIM, nodes, pickles
from tests.odd_checkpoints import ODD, changed, state_to_change, write_odd

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ODD)
def test_an_odd_checkpoint_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    path = write_odd(name, tmp_path / "odd.ckpt")
    with pytest.raises(ValueError, match=r"odd\.ckpt") as raised:
        seqmodels.load(path)
    assert len(str(raised.value).splitlines()) == 1
    assert len(str(raised.value)) < len(str(path)) + 500


@pytest.mark.slow
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
    quiet = [name for name in ODD if "panics" not in name]
    names |= {write_odd(name, files / f"3-{number:05}.ckpt").name: name for number, name in enumerate(quiet)}

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
