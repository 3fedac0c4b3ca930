"""Labelled series from folders and archives; what is wrong with one is named by its file, and its line."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from seqmodels.data.generated.stick_figures import ACTIONS, stick_figures
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.series.formats import SMARTPHONE_SIGNALS, LabelledSeries, series_files, smartphone_archive
from seqmodels.data.series.labelled_series import LabelledSeriesData, SeriesSteps

ROOT = os.environ.get("SEQMODELS_DATA")


def folder_of(root: Path, rows: int = 20) -> Path:
    for label, slope in (("down", -1), ("up", 1)):
        (root / label).mkdir(parents=True)
        for i in range(rows):
            lines = [f"{slope * t + i},{t}" for t in range(3 + i % 4)]
            (root / label / f"{i:02}.csv").write_text("x,t\n" + "\n".join(lines) + "\n")
    return root


def test_a_folder_of_files_is_read_standardised_and_cut(tmp_path: Path) -> None:
    data = LabelledSeriesData(path=folder_of(tmp_path), batch_size=40)
    data.setup()
    assert data.spec.classes == ("down", "up")
    assert data.spec.columns == ("x", "t")
    assert [len(data.rows[split]) for split in ("train", "val", "test")] == [32, 4, 4]
    batch = next(iter(data.train_dataloader()))
    valid = np.concatenate([row[:length] for row, length in zip(batch.inputs, batch.lengths, strict=True)])
    np.testing.assert_allclose(valid.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(valid.std(0), 1, atol=1e-6)
    raw = SeriesSteps(**{k: v for k, v in data.spec.raw.items() if k != "_target_"})
    first = raw.read(tmp_path / "up" / "00.csv")
    assert first.shape == (3, 2)
    assert first[1, 0] > first[0, 0]


def test_pieces_of_a_recording_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    root = folder_of(tmp_path, rows=2)
    (root / "up" / "long").mkdir()
    for piece in ("a", "b"):
        (root / "up" / "long" / f"{piece}.csv").write_text("x,t\n1,2\n")
    found = {series.place: series for series in series_files(root, RowErrors())}
    assert {Path(place).relative_to(root).as_posix() for place in found} >= {"up/00.csv", "up/long/a.csv"}
    assert len(found) == 6
    pieces = [series for place, series in found.items() if "long" in place]
    assert {series.recording for series in pieces} == {str(root / "up" / "long")}
    assert {series.label for series in pieces} == {"up"}
    assert len({series.recording for series in found.values()}) == 5


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"up/99\.csv: expected a header and rows of numbers"),
        (b"x,t\n", r"up/99\.csv: expected a header and rows of numbers"),
        (b"x,t\n1,2\n\n", r"up/99\.csv: line 3: expected 2 finite numbers, got ''"),
        (b"x,t\n1,2\n1,two\n", r"up/99\.csv: line 3: could not convert .*'two'"),
        (b"x,t\n1,2\n1\n", r"up/99\.csv: line 3: expected 2 finite numbers, got '1'"),
        (b"x,t\n1,nan\n", r"up/99\.csv: line 2: expected 2 finite numbers"),
        (b"x,t\n\xff,2\n", r"up/99\.csv: .*not UTF-8"),
    ],
)
def test_a_bad_file_is_named_or_skipped(tmp_path: Path, content: bytes, message: str) -> None:
    root = folder_of(tmp_path)
    (root / "up" / "99.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        LabelledSeriesData(path=root).setup()
    data = LabelledSeriesData(path=root, on_error="skip")
    data.setup()
    assert data.describe()["skipped"].startswith("1 skipped, the first: ")


def test_what_does_not_belong_together_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"expected a folder of files <label>/<series>\.csv"):
        LabelledSeriesData(path=tmp_path / "empty").setup()
    root = folder_of(tmp_path / "two")
    (root / "up" / "99.csv").write_text("x,time\n1,2\n")
    with pytest.raises(ValueError, match=r"expected columns x, t, got x, time"):
        LabelledSeriesData(path=root).setup()
    with pytest.raises(ValueError, match="neither"):
        LabelledSeriesData()
    train, test = folder_of(tmp_path / "train"), tmp_path / "test"
    (test / "sideways").mkdir(parents=True)
    (test / "sideways" / "0.csv").write_text("x,t\n1,2\n")
    with pytest.raises(ValueError, match=r"test: 'sideways' is no training label, those are: down, up$"):
        LabelledSeriesData(path={"train": train, "test": test}).setup()
    with pytest.raises(ValueError, match=r"expected a format for the test file, got only one for train$"):
        LabelledSeriesData(path={"train": train, "test": test}, format={"train": series_files}).setup()


def test_a_trained_model_reads_files_and_arrays(tmp_path: Path) -> None:
    raw = SeriesSteps(("x", "t"), (0.0, 0.0), (1.0, 1.0))
    file = tmp_path / "one.csv"
    file.write_text("x,t\n1,2\n")
    assert raw.read(str(file)).tolist() == raw.read([[1, 2]]).tolist() == [[1.0, 2.0]]
    file.write_text("x,y\n1,2\n")
    with pytest.raises(ValueError, match=r"one\.csv: expected columns x, t, got x, y"):
        raw.read(file)
    with pytest.raises(ValueError, match="there is no file"):
        raw.read("nowhere.csv")
    with pytest.raises(ValueError, match="steps of 2 finite numbers"):
        raw.read([[1.0, np.inf]])


def test_figures_move_differently_and_the_baseline_cannot_tell_the_order_of_poses() -> None:
    series = stick_figures(0, count=400)
    assert {one.label for one in series} == set(ACTIONS)
    assert all(np.array_equal(a.values, b.values) for a, b in zip(series, stick_figures(0, count=400), strict=True))
    data = LabelledSeriesData(generate=lambda seed: stick_figures(seed, count=400))
    data.setup()
    assert 0.5 < data.baseline()["accuracy"] < 0.85


def signals(path: Path, **changed: bytes | None) -> Path:
    """The archive of three windows of two steps, with some files changed, or without them."""
    files = {f"{signal}_test": b"1 2\n3 4\n5 6\n" for signal in SMARTPHONE_SIGNALS} | {"y_test": b"1\n2\n1\n"} | changed
    with tarfile.open(path, "w:xz") as archive:
        for name, content in files.items():
            if content is not None:
                entry = tarfile.TarInfo(f"data/{name}.txt")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return path


def windows(path: Path, errors: RowErrors | None = None) -> list[LabelledSeries]:
    return list(smartphone_archive(path, errors or RowErrors(), split="test", activities=["sitting", "lying"]))


def test_windows_of_one_class_in_a_row_are_one_recording(tmp_path: Path) -> None:
    signal = b"1 2\n3 4\n5 6\n7 8\n9 1\n"
    files = dict.fromkeys([f"{name}_test" for name in SMARTPHONE_SIGNALS], signal)
    path = signals(tmp_path / "a.tar.xz", **files, y_test=b"1\n1\n2\n1\n1\n")
    assert [window.recording.rsplit(":", 1)[1] for window in windows(path)] == ["1", "1", "3", "4", "4"]


def test_pieces_of_a_recording_stay_in_one_split() -> None:
    def pieces(seed: int) -> list[LabelledSeries]:
        return [
            LabelledSeries(np.full((2, 1), number), ("x",), "ab"[number % 2], f"{number}.{piece}", str(number))
            for number in range(40)
            for piece in range(5)
        ]

    data = LabelledSeriesData(generate=pieces)
    data.setup()
    splits = [{float(row[0]) for row in data.rows[split].inputs} for split in ("train", "val", "test")]
    assert [len(split) for split in splits] == [32, 4, 4]
    assert len(set.union(*splits)) == 40


def test_windows_of_the_archive_have_all_signals(tmp_path: Path) -> None:
    found = windows(signals(tmp_path / "a.tar.xz", total_acc_z_test=b"7 8\n9 10\n11 12\n"))
    assert [window.label for window in found] == ["sitting", "lying", "sitting"]
    assert found[1].values[:, 0].tolist() == [3, 4]
    assert found[1].values[:, -1].tolist() == [9, 10]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_test": None}, r"a\.tar\.xz has no file y_test\.txt$"),
        ({"y_test": b"1\n2\n"}, r"a\.tar\.xz: expected as many rows in every test file, got \[3, .*, 2\]$"),
        ({"y_test": b""}, r"a\.tar\.xz/y_test\.txt: expected rows of numbers: the file is empty$"),
        ({"body_acc_x_test": b"1 2\n3 x\n5 6\n"}, r"body_acc_x_test\.txt: expected rows of numbers: .*'x'"),
        ({"body_acc_x_test": b"1 2\n3\n5 6\n"}, r"body_acc_x_test\.txt: expected rows of numbers: "),
        ({"body_acc_x_test": b"1 \xff\n3 4\n5 6\n"}, r"body_acc_x_test\.txt: expected rows of numbers: "),
        ({"y_test": b"1\n3\n1\n"}, r"a\.tar\.xz:test:2: expected a class from 1 to 2, got 3$"),
    ],
)
def test_a_bad_archive_is_named_in_one_line(tmp_path: Path, changed: dict[str, bytes | None], message: str) -> None:
    path = signals(tmp_path / "a.tar.xz", **changed)
    with pytest.raises(ValueError, match=message) as caught:
        windows(path)
    assert "\n" not in str(caught.value)


def test_a_bad_window_may_be_skipped_but_not_half_an_archive(tmp_path: Path) -> None:
    path, errors = signals(tmp_path / "a.tar.xz", y_test=b"1\n3\n1\n"), RowErrors("skip")
    assert len(windows(path, errors)) == 2
    assert errors.skipped == 1
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"a\.tar\.xz: not a whole tar archive: "):
        windows(path)


@pytest.mark.skipif(ROOT is None, reason="SEQMODELS_DATA is not set")
def test_the_smartphone_archive() -> None:
    path = Path(ROOT or "") / "uci_har_subset" / "UCI_HAR_subset.tar.xz"
    names = ["walking", "upstairs", "downstairs", "sitting", "standing", "lying"]
    found = list(smartphone_archive(path, RowErrors(), split="test", activities=names))
    assert len(found) == 950
    assert found[0].values.shape == (128, 9)
    assert {window.label for window in found} == set(names)
    with pytest.raises(ValueError, match="expected a class from 1 to 2, got"):
        list(smartphone_archive(path, RowErrors(), split="test", activities=names[:2]))
