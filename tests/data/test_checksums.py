"""A changed file is noticed by its size, by its times, or by its content where these do not tell."""

import os
from pathlib import Path

import pytest

from seqmodels.data import checksums
from seqmodels.data.checksums import (
    FileState,
    MismatchError,
    check_file,
    file_state,
    read_sealed,
    source_state,
    verify_always,
    write_sealed,
)

OLD = 5 * 10**9  # ns between the last change and the time a file was seen


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    return path


def seen_later(path: Path, nanoseconds: int, content: str = "abc") -> FileState:
    """The present times of a file, as if it had been seen so long after them with this content."""
    recorded = file_state(path)
    seen = max(recorded.modified, recorded.changed) + nanoseconds
    return recorded._replace(seen=seen, sha256=checksums.hashlib.sha256(content.encode()).hexdigest())


def test_size_and_times_are_enough_for_a_file_that_was_old_when_it_was_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = seen_later(path, OLD)
    assert check_file(path, recorded) == recorded
    monkeypatch.setattr(checksums.hashlib, "file_digest", None)
    assert check_file(path, recorded) is recorded


@pytest.mark.parametrize(
    ("nanoseconds", "always", "verify", "noticed"),
    [
        (0, False, False, True),
        (checksums.MIN_AGE_NS, False, False, True),
        (checksums.MIN_AGE_NS + 1, False, False, False),
        (OLD, True, False, True),
        (OLD, False, True, True),
    ],
)
def test_the_content_is_compared_where_the_file_was_young_or_when_asked_for(
    path: Path, nanoseconds: int, always: bool, verify: bool, noticed: bool
) -> None:
    recorded = seen_later(path, nanoseconds, "abd")
    with verify_always(verify):
        if not noticed:
            assert check_file(path, recorded, always=always) is recorded
            return
        with pytest.raises(MismatchError, match=r"^has another SHA-256 sum than before$"):
            check_file(path, recorded, always=always)


def test_the_content_is_compared_where_a_time_differs(path: Path) -> None:
    recorded = seen_later(path, OLD)
    os.utime(path, ns=(recorded.modified, recorded.modified))  # sets the time of change, which no program can choose
    checked = check_file(path, recorded._replace(changed=0))
    assert checked == file_state(path)._replace(seen=checked.seen if checked else 0)
    os.utime(path, (1, 1))
    assert check_file(path, recorded) is not recorded
    with pytest.raises(MismatchError, match="SHA-256"):
        check_file(path, recorded._replace(sha256="0" * 64))


def test_what_is_wrong_is_said(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = file_state(path)
    path.write_bytes(b"abcd")
    with pytest.raises(MismatchError, match=r"^has 4 bytes, expected 3$"):
        check_file(path, recorded)
    path.unlink()
    for missing in (path, path / "inner"):
        with pytest.raises(MismatchError, match=r"^is missing$"):
            check_file(missing, recorded)
    path.mkdir()
    with pytest.raises(MismatchError, match=r"^is not a file$"):
        check_file(path, recorded)


def test_a_file_that_cannot_be_read_is_no_crash(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    recorded = file_state(path)
    with monkeypatch.context() as patch:
        patch.setattr(checksums.hashlib, "file_digest", broken)
        assert source_state(path) is None
        assert check_file(path, None) is None
        with pytest.raises(MismatchError, match=r"^cannot be read: Input/output error$"):
            check_file(path, recorded, always=True)
    with pytest.raises(MismatchError, match=r"^could not be read before$"):
        check_file(path, None)
    path.unlink()
    assert check_file(path, None) is source_state(path) is None


def test_verifying_ends_with_its_block(path: Path) -> None:
    recorded = seen_later(path, OLD, "abd")
    with verify_always(), verify_always(False), pytest.raises(MismatchError):  # an outer block counts
        check_file(path, recorded)
    assert check_file(path, recorded) is recorded


def test_sealed_values_are_read_back_and_no_changed_bit_is_taken(tmp_path: Path) -> None:
    path, value = tmp_path / "values", {"a": [1, None, "ä"]}
    write_sealed(path, value)
    assert read_sealed(path) == value
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            path.write_bytes(content)
            with pytest.raises(MismatchError, match="has another SHA-256 sum than its first line says"):
                read_sealed(path)
    path.unlink()
    with pytest.raises(MismatchError, match=r"^is missing$"):
        read_sealed(path)
    path.mkdir()
    with pytest.raises(MismatchError, match=r"^cannot be read: Is a directory$"):
        read_sealed(path)
