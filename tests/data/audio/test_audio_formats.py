"""Folders, archives and tables of sound files, and strings joined from them."""

import tarfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from seqmodels.data.audio.formats import Recording, by_kind, by_name, joined, listed
from seqmodels.data.audio.sound import Sound, decoded
from seqmodels.data.row_errors import RowErrors
from tests.sound_files import as_bytes, folder, pack, tone, write


def opened(recording: Recording) -> Sound:
    sound = recording.open()
    return sound if isinstance(sound, Sound) else decoded(sound)


def test_a_folder_and_its_archives_hold_the_same(tmp_path: Path) -> None:
    base = folder(tmp_path / "sounds", count=3)
    (base / "low" / "notes.txt").write_text("no sound")
    expected = [(r.text, opened(r).samples.tolist()) for r in by_kind(base, RowErrors())]
    assert [text for text, _ in expected] == ["high"] * 3 + ["low"] * 3
    for suffix in ("tar.gz", "tar.xz", "tar.bz2"):
        archive = pack(tmp_path / f"a.{suffix}", base)
        found = [(r.text, opened(r).samples.tolist()) for r in by_kind(archive, RowErrors())]
        assert sorted(found) == sorted(expected)
    recording = next(by_kind(archive, RowErrors()))
    assert recording.place in (f"{archive}/sounds/low/0.wav", f"{archive}/sounds/high/0.wav")


def test_names_tell_the_label(tmp_path: Path) -> None:
    for name in ("3_anna_0.wav", "3_anna_7.wav", "4_ben_0.wav", "4_ben_12.wav"):
        write(tmp_path / "recordings" / name, tone())
    for path in (tmp_path, pack(tmp_path / "a.tar.gz", tmp_path / "recordings")):
        read = partial(by_name, path, RowErrors())
        assert sorted(r.text for r in read(pattern=r"recordings/(\d)_[a-z]+_[0-4]\.wav")) == ["3", "4"]
        assert [r.text for r in read(pattern=r"(?:.*/)?\d_([a-z]+)_\d\d\.wav")] == ["ben"]
    with pytest.raises(ValueError, match="a pattern with a group"):
        list(by_name(tmp_path, RowErrors(), pattern=".*"))


def test_a_table_lists_files_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "wav" / "a.wav", tone())
    (tmp_path / "t.csv").write_text("path,label\nwav/a.wav,low\n")
    (tmp_path / "t.tsv").write_text("file\ttext\nwav/a.wav\tlow tone\n")
    (tmp_path / "t.jsonl").write_text('{"path": "wav/a.wav", "label": 3}\n')
    (only,) = by_kind(tmp_path / "t.csv", RowErrors())
    assert only == Recording(tmp_path / "wav" / "a.wav", "low", f"{tmp_path}/t.csv:2: wav/a.wav")
    assert [r.text for r in by_kind(tmp_path / "t.tsv", RowErrors(), sound="file", text="text")] == ["low tone"]
    assert [r.text for r in listed(tmp_path / "t.jsonl", RowErrors())] == ["3"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,label\na.wav,x\n", "has no column 'path', but: 'file', 'label'"),
        ("path,label\na.wav,\n", r"t\.csv:2: expected a text under 'label', got ''"),
        ("path,label\na.wav,x,y\n", r"t\.csv:2: expected 2 fields, got more"),
        ("path,label\na.wav\n", r"t\.csv:2: expected a text under 'label', got None"),
        ("path,label\na.wav,caf\xe9\n", r"t\.csv:2: not UTF-8 text"),
    ],
)
def test_a_bad_row_has_its_place(tmp_path: Path, table: str, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(table.encode("latin-1"))
    with pytest.raises(ValueError, match=message):
        list(listed(tmp_path / "t.csv", RowErrors()))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "none.tar").write_bytes(b"")
    (tmp_path / "text.tar.gz").write_text("this is no archive")
    for suffix in ("gz", "xz"):
        whole = pack(tmp_path / f"whole.tar.{suffix}", folder(tmp_path / "sounds")).read_bytes()
        (tmp_path / f"cut.tar.{suffix}").write_bytes(whole[: len(whole) // 2])
    for name in ("none.tar", "text.tar.gz", "cut.tar.gz", "cut.tar.xz"):
        with pytest.raises(ValueError, match=f"{name}: not a whole tar archive") as caught:
            list(by_kind(tmp_path / name, RowErrors()))
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_an_error_of_its_row(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("path,label\nmissing.wav,x\n")
    (recording,) = listed(tmp_path / "t.csv", RowErrors())
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        recording.open()


def strings(path: Path, errors: RowErrors | None = None, **arguments: object) -> list[Recording]:
    settings = {"of": by_kind, "count": 20, "longest": 3, "silence": 0.1, **arguments}
    return list(joined(path, errors or RowErrors(), **settings))  # type: ignore[arg-type]


def test_a_string_is_its_recordings_one_behind_the_other(tmp_path: Path) -> None:
    low, high = tone(300.0), tone(2000.0)
    write(tmp_path / "low" / "a.wav", low, subtype="FLOAT")
    write(tmp_path / "high" / "a.wav", np.stack([high, high], axis=1), subtype="FLOAT")
    found = strings(tmp_path, silence=0.0, names={"low": "deep"})
    assert {len(recording.text.split()) for recording in found} == {1, 2, 3}
    for recording in found:
        parts = [{"deep": low, "high": high}[word] for word in recording.text.split()]
        assert np.array_equal(opened(recording).samples, np.concatenate(parts))


def test_silences_are_no_longer_than_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "low" / "a.wav", tone(seconds=0.2))
    for recording in strings(tmp_path, silence=0.1):
        number = len(recording.text.split())
        silence = len(opened(recording).samples) / 8000 - 0.2 * number
        assert 0 < silence < 0.1 * (number + 1)


def test_the_seed_decides_the_strings(tmp_path: Path) -> None:
    folder(tmp_path)
    first, again, other = ([r.text for r in strings(tmp_path, seed=seed)] for seed in (0, 0, 1))
    assert first == again != other


def test_recordings_of_two_rates_are_not_joined(tmp_path: Path) -> None:
    write(tmp_path / "low" / "a.wav", tone())
    write(tmp_path / "low" / "b.wav", tone(rate=16000), rate=16000)
    with pytest.raises(ValueError, match=r"one sample rate to be joined, got \[8000, 16000\]"):
        strings(tmp_path)


def test_a_bad_recording_is_left_out_of_the_strings(tmp_path: Path) -> None:
    write(tmp_path / "low" / "a.wav", tone())
    (tmp_path / "low" / "b.wav").write_bytes(as_bytes(tone())[:10])
    with pytest.raises(ValueError, match=r"low/b\.wav: not a sound file"):
        strings(tmp_path)
    errors = RowErrors("skip")
    assert len(strings(tmp_path, errors)) == 20
    assert errors.describe().startswith("1 skipped, the first: ")
    with tarfile.open(tmp_path / "none.tar", "w"):
        pass
    with pytest.raises(ValueError, match=r"none\.tar: expected recordings of one sample rate to be joined, got \[\]"):
        strings(tmp_path / "none.tar")
