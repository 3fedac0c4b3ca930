"""A run folder belongs to one run, and one process at a time uses it: real processes, kills and disks."""

import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from seqmodels import run_claim
from seqmodels.atomic_files import atomic_write
from seqmodels.locked_folders import acquire
from seqmodels.run_claim import claim, is_running
from seqmodels.run_folder import RunFolder, RunFolderError, RunInputs
from tests.mounts import fill, make_read_only, small_disk
from tests.processes import exit_code, fork, running

INPUTS = RunInputs({"seed": 1, "model": {}, "data": {}, "task": {}}, "abc", {"input_size": 3})
Wait = Callable[[], None]


def make_run(path: Path, *, finished: bool = True, checkpoint: bool = True) -> dict[str, bytes]:
    with claim(path) as folder:
        folder.start(INPUTS)
        folder.last.parent.mkdir()
        if checkpoint:
            folder.last.write_bytes(b"weights")
        folder.set_state("finished" if finished else "interrupted")
    return content(path)


def content(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    with claim(tmp_path / "logs" / "a" / "run") as folder:
        assert folder.path.is_dir()
        assert not folder.resumes
        folder.start(INPUTS)
    assert set(content(folder.path)) == {"config.yaml", "data.json", "status.json"}


def test_an_empty_folder_is_taken_and_removed_again_if_it_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    with pytest.raises(KeyError), claim(tmp_path / "run"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("finished", "kind"), [(True, "a finished"), (False, "an unfinished")])
def test_a_run_is_refused_with_the_two_ways_on(tmp_path: Path, finished: bool, kind: str) -> None:
    before = make_run(tmp_path / "run", finished=finished)
    pattern = f"holds {kind} run of 20.*: resume=true resumes it, overwrite=true replaces it$"
    with pytest.raises(RunFolderError, match=pattern), claim(tmp_path / "run"):
        pass
    assert content(tmp_path / "run") == before


def test_both_ways_at_once_are_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(RunFolderError, match="expected one of them, got both"),
        claim(tmp_path / "run", resume=True, overwrite=True),
    ):
        pass
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("finished", [True, False])
def test_a_resumed_run_is_as_it_was_until_it_starts(tmp_path: Path, finished: bool) -> None:
    before = make_run(tmp_path / "run", finished=finished)
    with claim(tmp_path / "run", resume=True) as folder:
        assert folder.resumes
        assert folder.read_inputs() == INPUTS
    assert content(tmp_path / "run") == before


def test_an_overwritten_run_is_as_it_was_until_the_new_one_starts(tmp_path: Path) -> None:
    before = make_run(tmp_path / "run")
    with claim(tmp_path / "run", overwrite=True) as folder:
        assert not folder.resumes
    assert content(tmp_path / "run") == before
    with claim(tmp_path / "run", overwrite=True) as folder:
        folder.start(INPUTS)
        assert not folder.last.exists()
        assert folder.read_status()["state"] == "running"


def test_a_run_without_a_checkpoint_starts_anew(tmp_path: Path) -> None:
    make_run(tmp_path / "run", finished=False, checkpoint=False)
    with claim(tmp_path / "run", resume=True) as folder:
        assert not folder.resumes
        folder.start(INPUTS)


def test_a_finished_run_that_lost_its_checkpoint_is_not_removed_by_resuming(tmp_path: Path) -> None:
    before = make_run(tmp_path / "run", checkpoint=False)
    with (
        pytest.raises(RunFolderError, match=r"without last\.ckpt to resume: overwrite=true replaces it"),
        claim(tmp_path / "run", resume=True),
    ):
        pass
    assert content(tmp_path / "run") == before


def test_resuming_where_there_is_no_run_yet(tmp_path: Path) -> None:
    for name in ("missing", "empty", "with a log"):
        (tmp_path / name).mkdir() if name != "missing" else None
        (tmp_path / name / "slurm.out").touch() if name == "with a log" else None
        with claim(tmp_path / name, resume=True) as folder:
            assert not folder.resumes
            folder.start(INPUTS)


@pytest.mark.parametrize("flags", [{}, {"overwrite": True}, {"resume": True}], ids=["plain", "overwrite", "resume"])
@pytest.mark.parametrize("name", ["config.yaml", "metrics.json", "checkpoints/last.ckpt", "hparams.yaml"])
def test_files_of_something_else_are_never_replaced(tmp_path: Path, name: str, flags: dict[str, bool]) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("name: mine")
    shown = name.split("/", maxsplit=1)[0]
    with pytest.raises(RunFolderError, match=rf"holds no run but other files \({shown}\)"), claim(tmp_path, **flags):
        pass
    assert content(tmp_path) == {name: b"name: mine"}


@pytest.mark.parametrize("flags", [{}, {"overwrite": True}], ids=["plain", "overwrite"])
def test_a_folder_of_other_files_is_refused(tmp_path: Path, flags: dict[str, bool]) -> None:
    for name in "dbca":
        (tmp_path / name).touch()
    pattern = r"holds no run but other files \(a, b, c, \.\.\.\): choose another folder"
    with pytest.raises(RunFolderError, match=pattern), claim(tmp_path, **flags):
        pass
    assert len(content(tmp_path)) == 4


@pytest.mark.parametrize("linked", ["metrics.json", "checkpoints", "checkpoints/last.ckpt"])
def test_links_out_of_the_folder_are_not_followed(tmp_path: Path, linked: str) -> None:
    make_run(tmp_path / "run")
    place = tmp_path / "run" / linked
    target = tmp_path / "elsewhere"
    if place.exists():
        place.rename(target)
    else:
        target.write_text("mine")
    place.symlink_to(target)
    before = content(tmp_path)
    with pytest.raises(RunFolderError, match="is a link or behind one"), claim(tmp_path / "run", overwrite=True):
        pass
    assert content(tmp_path) == before
    with claim(tmp_path / "run", resume=True) as folder:
        assert folder.resumes


def test_a_link_in_place_of_the_lock_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / run_claim.LOCK).symlink_to(tmp_path / "mine")
    with pytest.raises(RunFolderError, match="is a link, expected a file"), claim(tmp_path / "run"):
        pass
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_link_to_a_folder_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "logs").symlink_to(tmp_path / "disk")
    make_run(tmp_path / "logs" / "run")
    assert (tmp_path / "disk" / "run" / "config.yaml").exists()
    with claim(tmp_path / "logs" / "run", overwrite=True) as folder:
        folder.start(INPUTS)


def test_a_second_process_is_told_which_one_uses_the_folder(tmp_path: Path) -> None:
    make_run(tmp_path / "run")

    def use(wait: Wait) -> None:
        with claim(tmp_path / "run", resume=True):
            wait()

    assert not is_running(tmp_path / "run")
    with running(use) as process:
        assert is_running(tmp_path / "run")
        before = content(tmp_path / "run")
        for flags in ({}, {"resume": True}, {"overwrite": True}):
            pattern = f"is in use by process {process} on .* since 20.*: wait for it"
            with pytest.raises(RunFolderError, match=pattern), claim(tmp_path / "run", **flags):
                pass
        assert content(tmp_path / "run") == before
    assert not is_running(tmp_path / "run")
    with claim(tmp_path / "run", resume=True) as folder:
        assert folder.resumes


def test_the_lock_ends_with_the_block(tmp_path: Path) -> None:
    for _ in range(2):
        with claim(tmp_path / "run"):
            assert is_running(tmp_path / "run")
            with pytest.raises(RunFolderError, match=f"in use by process {os.getpid()} "), claim(tmp_path / "run"):
                pass
        assert not is_running(tmp_path / "run")


def test_looking_whether_it_runs_does_not_keep_others_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "run")

    (tmp_path / "run" / run_claim.LOCK).touch()

    def look(wait: Wait) -> None:
        # As `is_running` does, for longer.
        acquire(tmp_path / "run" / run_claim.LOCK, shared=True)
        wait()

    with running(look) as process:
        looks: list[bool] = []

        def lock(folder: Path, held: ExitStack) -> bool:
            looks.append(_lock(folder, held))
            if len(looks) == 3:
                os.kill(process, signal.SIGKILL)
            return looks[-1]

        _lock = run_claim._lock
        monkeypatch.setattr(run_claim, "_lock", lock)
        with claim(tmp_path / "run", resume=True):
            assert looks[:3] == [False] * 3


def test_trainings_of_the_same_second_get_folders_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "task" / "data-model-20260101-000000"
    path.mkdir(parents=True)  # as Hydra does, for all of them
    (gate, opened), (said, told) = os.pipe(), os.pipe()

    def train() -> None:
        os.close(opened)
        os.read(gate, 1)
        with claim(path, exact=False) as folder:
            folder.start(INPUTS)
            os.write(told, f"{os.getpid()} {folder.path.name}\n".encode())
            while (path.parent / "wait").exists():
                os.sched_yield()

    (path.parent / "wait").touch()
    processes = [fork(train) for _ in range(8)]
    os.close(told)
    os.close(opened)  # all of them go on at once
    lines = b""
    while lines.count(b"\n") < 8:
        lines += os.read(said, 4096)
    (path.parent / "wait").unlink()
    assert [exit_code(process) for process in processes] == [0] * 8
    owners = {name: int(process) for process, name in (line.split() for line in lines.decode().splitlines())}
    assert set(owners) == {path.name, *(f"{path.name}-{number}" for number in range(2, 9))}
    assert set(owners.values()) == set(processes)
    for name, process in owners.items():
        assert RunFolder(path.parent / name).read_status()["process"] == process


def test_a_chosen_name_is_never_that_of_a_run_before(tmp_path: Path) -> None:
    before = make_run(tmp_path / "run")
    (tmp_path / "run-2").mkdir()
    (tmp_path / "run-3").write_text("a file")
    with claim(tmp_path / "run", exact=False, resume=True) as folder:
        assert folder.path == tmp_path / "run-4"
        assert not folder.resumes
        folder.start(INPUTS)
    assert content(tmp_path / "run") == before


def test_what_killed_processes_left_is_removed(tmp_path: Path) -> None:
    make_run(tmp_path / "run")
    (tmp_path / "run" / "other run").mkdir()
    files = ["run/metrics.json", "run/checkpoints/last.ckpt", "run/other run/last.ckpt"]

    def die(path: Path) -> None:
        with atomic_write(path) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    for name in files:
        assert exit_code(fork(lambda name=name: die(tmp_path / name))) == -signal.SIGKILL
    with claim(tmp_path / "run", resume=True):
        left = [path.parent.name for path in tmp_path.rglob("*.unfinished")]
        assert left == ["other run"]


COUNTED = ((os, "fsync"), (Path, "unlink"), (Path, "replace"), (Path, "write_text"))


def die_at(number: int) -> None:
    """Let this process be killed before the n-th change that it makes to files."""
    calls = iter(range(1, 1000))

    def count(change: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            if next(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **kwargs)

        return counted

    for owner, name in COUNTED:
        setattr(owner, name, count(getattr(owner, name)))


@pytest.mark.parametrize("kind", ["new", "overwritten", "resumed"])
def test_a_run_that_is_killed_anywhere_can_be_resumed(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # counted, but slow

    def start(number: int) -> None:
        die_at(number)
        with claim(path, resume=kind == "resumed", overwrite=kind == "overwritten") as folder:
            folder.start(INPUTS)

    codes = []
    while not codes or codes[-1]:
        path = tmp_path / f"run {len(codes)}"
        if kind != "new":
            make_run(path, finished=kind == "overwritten")
        codes.append(exit_code(fork(lambda: start(len(codes) + 1))))
        assert not is_running(path)
        with claim(path, resume=True) as folder:
            folder.start(INPUTS)
            assert folder.read_inputs() == INPUTS
            assert folder.last.exists() == folder.resumes
        assert not list(path.rglob(".*"))
    assert set(codes[:-1]) == {-signal.SIGKILL}
    assert len(codes) > 8


def test_a_file_in_place_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for path, error in {tmp_path / "file": FileExistsError, tmp_path / "file" / "run": NotADirectoryError}.items():
        with pytest.raises(error, match=f"^cannot use {path} as a run folder: "), claim(path):
            pass
    assert content(tmp_path) == {"file": b"mine"}


def test_a_read_only_disk_is_named(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        before = make_run(disk / "run")
        make_read_only(disk)
        for path, flags in {disk / "new": {}, disk / "run": {"resume": True}}.items():
            pattern = f"^cannot use {path} as a run folder: Read-only file system$"
            with pytest.raises(OSError, match=pattern), claim(path, **flags):
                pass
        with pytest.raises(RunFolderError, match="holds a finished run"), claim(disk / "run"):
            pass
        assert content(disk / "run") == before
        assert not is_running(disk / "run")


def test_a_full_disk_is_named_and_harms_nothing(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        before = make_run(disk / "run")
        (disk / "empty").mkdir()
        filling = fill(disk)
        for path, flags in {disk / "empty": {}, disk / "run": {"resume": True}, disk / "new": {}}.items():
            pattern = f"^cannot use {path} as a run folder: No space left on device$"
            with pytest.raises(OSError, match=pattern), claim(path, **flags):
                pass
        assert content(disk / "run") == before
        filling.unlink()
        with claim(disk / "run", resume=True) as folder:
            assert folder.resumes


def test_without_locks_a_folder_can_still_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_claim, "acquire", lambda *_args, **_kwargs: None)
    make_run(tmp_path / "run")
    assert not is_running(tmp_path / "run")
    with claim(tmp_path / "run", resume=True) as folder:
        assert folder.resumes
    with claim(tmp_path / "run", exact=False) as folder:
        assert folder.path.name == "run-2"
