"""The features of recordings are computed once, and again when something has changed."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import torch

from seqmodels.data.audio import recordings as module
from seqmodels.data.audio.formats import Recording, by_kind, by_name, joined
from seqmodels.data.audio.sound import LogMel
from seqmodels.data.row_errors import RowErrors
from tests.data.audio.labelled_sounds import labelled
from tests.sound_files import folder, pack, tone, write


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    reads: list[object] = []
    read = LogMel.read
    monkeypatch.setattr(LogMel, "read", lambda self, item: reads.append(item) or read(self, item))
    return reads


@pytest.mark.parametrize("kind", ["folder", "archive", "table", "joined"])
def test_features_are_computed_again_only_when_something_changed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = folder(tmp_path / "a", count=5)
    path, format = base, partial(by_kind)
    touched = sound = base / "low" / "0.wav"
    if kind == "archive":
        path = touched = pack(tmp_path / "a.tar.gz", base)
    elif kind == "table":
        path = tmp_path / "t.csv"
        files = sorted(base.rglob("*.wav"))
        path.write_text(
            "path,label\n" + "".join(f"{file.relative_to(tmp_path)},{file.parent.name}\n" for file in files)
        )
    elif kind == "joined":
        format = partial(joined, of=by_kind, count=10, longest=1)
    reads = count_reads(monkeypatch)
    first = labelled(path=path, format=format)
    assert len(reads) == 10
    again = labelled(path=path, format=format)
    assert len(reads) == 10
    assert torch.equal(first.examples["train"][[0, 1]].inputs, again.examples["train"][[0, 1]].inputs)
    labelled(path=path, format=format, features=LogMel(sample_rate=8000, num_mels=10))
    assert len(reads) == 20
    os.utime(touched, (0, 0))
    labelled(path=path, format=format)
    assert len(reads) == 20
    write(sound, tone(500.0, seconds=0.1))
    if kind == "archive":
        pack(path, base)
    labelled(path=path, format=format)
    assert len(reads) == 30


def test_the_features_of_somebody_elses_format_are_not_kept(tmp_path: Path, cache: Path) -> None:
    def own(path: Path, errors: RowErrors) -> Iterator[Recording]:
        yield from by_name(path, errors)

    data = labelled(path=folder(tmp_path / "a"), format=own)
    assert len(data.splits["train"].rows) == 16
    assert not list(cache.iterdir())
    assert len(labelled(path=tmp_path / "a").splits["train"].rows) == 16
    assert len(list((cache / "prepared").iterdir())) == 1


def test_names_of_functions_tell_settings_apart() -> None:
    inner = partial(by_name, pattern="(a)")
    first = module.settings(partial(joined, of=inner, count=3))
    assert first == {
        "name": "seqmodels.data.audio.formats.joined",
        "keywords": {
            "of": {"name": "seqmodels.data.audio.formats.by_name", "keywords": {"pattern": "(a)"}},
            "count": 3,
        },
    }
