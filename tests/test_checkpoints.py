"""Checkpoints are written as a whole, say when they were changed, and hold tensors and plain values only."""

import errno
import os
import re
import tempfile
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import seqmodels
from seqmodels.checkpoints import AtomicCheckpointIO, convert, read_checkpoint
from seqmodels.checkpoints.digests import KEY, MAX_DEPTH, digests_of
from seqmodels.cli import main
from tests.checkpoint_files import state_of, write_unchecked

VALUES: dict[str, Any] = {
    "none": None,
    "truth": True,
    "integer": -5,
    "large": 2**1000,
    "number": -0.0,
    "not a number": float("nan"),
    "complex": 1 - 2j,
    "text": "größer \ud800\n",
    "bytes": b"\x00\xff",
    "list": [1, [2.0, "three"], ()],
    "tuple": (1, (2, None)),
    "dictionary": {"b": 1, "a": 2, 3: [4], (1, "x"): 5, None: 6, 0.5: 7, True: 8},
    "ordered": OrderedDict(z=1, y=2),
    "counter": Counter("abca"),
    "set": {1, "a", None},
    "size": torch.Size([2, 0]),
    "no size": torch.Size([]),
    "dtype": torch.bfloat16,
    "device": torch.device("cpu"),
}
TENSORS: dict[str, Tensor] = {
    "matrix": torch.arange(6.0).view(2, 3),
    "transposed": torch.arange(6.0).view(2, 3).t(),
    "every second": torch.arange(10)[::2],
    "expanded": torch.ones(1, 3).expand(4, 3),
    "no dimensions": torch.tensor(2.5),
    "empty": torch.empty(0, 4),
    "bfloat16": torch.ones(3, dtype=torch.bfloat16),
    "float8": torch.ones(3).to(torch.float8_e4m3fn),
    "uint16": torch.ones(3, dtype=torch.uint16),
    "truth": torch.tensor([True, False]),
    "complex": torch.ones(2, dtype=torch.complex64),
    "integers": torch.tensor([-(2**63), 2**63 - 1]),
    "parameter": nn.Parameter(torch.ones(2)),
    "frozen": nn.Parameter(torch.ones(2), requires_grad=False),
}


NAN = torch.tensor([0x7FC00000], dtype=torch.int32)


def files(folder: Path) -> list[str]:
    """Names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def equal(a: Any, b: Any) -> bool:
    """Whether two values have the same types and bits."""
    if isinstance(a, Tensor):
        same = type(a) is type(b) and a.dtype == b.dtype and a.shape == b.shape and a.requires_grad == b.requires_grad
        return same and a.contiguous().view(-1).view(torch.uint8).equal(b.contiguous().view(-1).view(torch.uint8))
    if isinstance(a, set):
        return type(a) is type(b) and a == b
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize("name", [*VALUES, *(f"tensor {name}" for name in TENSORS)])
def test_what_is_saved_is_loaded(name: str, tmp_path: Path) -> None:
    value = VALUES[name] if name in VALUES else TENSORS[name.removeprefix("tensor ")]
    AtomicCheckpointIO().save_checkpoint({"value": value, "inner": [{"value": value}]}, tmp_path / "folder" / "a.ckpt")
    loaded = AtomicCheckpointIO().load_checkpoint(tmp_path / "folder" / "a.ckpt")
    assert list(loaded) == ["value", "inner"]
    assert equal(loaded["value"], value)
    assert equal(loaded["inner"][0]["value"], value)
    assert files(tmp_path / "folder") == ["a.ckpt"]


def test_a_state_dict_keeps_its_metadata(tmp_path: Path) -> None:
    state = nn.LSTM(2, 3).state_dict()
    AtomicCheckpointIO().save_checkpoint({"state_dict": state}, tmp_path / "a.ckpt")
    loaded = AtomicCheckpointIO().load_checkpoint(tmp_path / "a.ckpt")["state_dict"]
    assert loaded._metadata == state._metadata
    assert all(equal(loaded[name], tensor) for name, tensor in state.items())


@pytest.mark.parametrize(
    ("value", "other"),
    [
        (0.0, -0.0),
        (1, True),
        (1, 1.0),
        (0, None),
        ("1", 1),
        ("a", b"a"),
        ([1], (1,)),
        ([1, 2], [2, 1]),
        ([[1], 2], [[1, 2]]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1}, OrderedDict(a=1)),
        ({"ab": "c"}, {"a": "bc"}),
        ((1, 2), torch.Size([1, 2])),
        ("cpu", torch.device("cpu")),
        (torch.zeros(2), -torch.zeros(2)),
        (torch.zeros(2), torch.zeros(2, 1)),
        (torch.zeros(2), torch.zeros(2, dtype=torch.int32)),
        (torch.zeros(2), nn.Parameter(torch.zeros(2))),
        (NAN.view(torch.float32), (NAN + 1).view(torch.float32)),
        ([torch.zeros(1), torch.ones(1)], [torch.ones(1), torch.zeros(1)]),
    ],
)
def test_different_values_have_different_digests(value: Any, other: Any) -> None:
    assert digests_of({"a": value})[:2] != digests_of({"a": other})[:2]
    assert digests_of({"a": value})[:2] == digests_of({"a": value})[:2]


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth else []


class Half(float):
    """A number of a class of its own."""


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Path("a"), r"hyper_parameters\.deep\[0\]: .* got pathlib\.\w*Path \(.*'a'\)"),
        (Half(0.5), r"hyper_parameters\.deep\[0\]: .*Half"),
        (torch.eye(2).to_sparse(), r"hyper_parameters\.deep\[0\]: .*dense tensors, got torch\.sparse_coo"),
        (torch.empty(2, device="meta"), r"hyper_parameters\.deep\[0\]: .*dense tensors, got .*meta"),
        (torch.ones(1).expand(2**20), r"hyper_parameters\.deep\[0\]: .*expanded view"),
        (len, r"hyper_parameters\.deep\[0\]: .* got builtin_function_or_method"),
        (2**3000, r"hyper_parameters\.deep\[0\]: .* got int"),
        (b"", r"hyper_parameters\.deep\[0\]: .* got bytes"),
        (nested(MAX_DEPTH), r"nested deeper than 64"),
        (range(3), r"got range"),
    ],
    ids=["path", "subclass", "sparse", "meta", "expanded", "function", "large", "no bytes", "nested", "range"],
)
def test_what_could_not_be_loaded_is_not_saved(value: Any, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_text("what was there")
    with pytest.raises(ValueError, match=message):
        AtomicCheckpointIO().save_checkpoint({"hyper_parameters": {"deep": [value]}}, tmp_path / "a.ckpt")
    assert (tmp_path / "a.ckpt").read_text() == "what was there"


def test_an_endless_value_is_not_saved(tmp_path: Path) -> None:
    items: list[Any] = []
    items.append(items)
    with pytest.raises(ValueError, match="nested deeper"):
        AtomicCheckpointIO().save_checkpoint({"items": items}, tmp_path / "a.ckpt")


@pytest.mark.parametrize("failing", ["fsync", "write"])
def test_a_full_disk_leaves_what_was_there(failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ckpt"
    AtomicCheckpointIO().save_checkpoint({"epoch": 1}, path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    if failing == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr("seqmodels.checkpoints.files._Sink.write", lambda sink, _: full_sink(sink, full))
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.ckpt'$") as raised:
        AtomicCheckpointIO().save_checkpoint({"epoch": 2, "weights": torch.ones(1000)}, path)
    assert raised.value.errno == errno.ENOSPC
    monkeypatch.undo()
    assert AtomicCheckpointIO().load_checkpoint(path) == {"epoch": 1}
    assert files(tmp_path) == ["a.ckpt"]


def full_sink(sink: Any, full: Callable[[], None]) -> None:
    try:
        full()
    except OSError as error:
        sink.error = error
        raise RuntimeError("unexpected pos 704 vs 598") from error


def test_no_other_file_system_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    AtomicCheckpointIO().save_checkpoint({"epoch": 1}, tmp_path / "a.ckpt")
    assert files(tmp_path) == ["a.ckpt"]


def test_an_option_of_torch_does_not_make_checkpoints_unreadable(tmp_path: Path) -> None:
    before = torch.serialization.get_crc32_options()
    torch.serialization.set_crc32_options(False)
    try:
        AtomicCheckpointIO().save_checkpoint({"epoch": 1}, tmp_path / "a.ckpt")
        assert not torch.serialization.get_crc32_options()
    finally:
        torch.serialization.set_crc32_options(before)
    assert AtomicCheckpointIO().load_checkpoint(tmp_path / "a.ckpt") == {"epoch": 1}


def test_a_checkpoint_of_an_earlier_version_is_converted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_unchecked(
        {name: value for name, value in state_of("sine").items() if name != KEY}, tmp_path / "a.ckpt"
    )
    with pytest.raises(ValueError, match=r"a\.ckpt has no digests: .*`seqmodels convert .*a\.ckpt`$"):
        seqmodels.load(path)
    main(["convert", str(path)])
    assert digests_of(read_checkpoint(path)) == digests_of({k: v for k, v in state_of("sine").items() if k != KEY})
    before = path.read_bytes()
    convert(path)
    assert path.read_bytes() == before
    with pytest.raises(SystemExit) as exit_:
        main(["convert", str(tmp_path / "none.ckpt")])
    assert exit_.value.code == 2
    assert re.search(r"no checkpoint .*none\.ckpt", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.ckpt is damaged or no checkpoint: it is empty \(0 bytes\)$"),
        (b"some text", r"a\.ckpt is damaged or no checkpoint: it is no archive as torch\.save writes it$"),
        (b"PK\x03\x04" * 10, r"a\.ckpt is damaged or no checkpoint: it is truncated, or has bytes behind its end$"),
    ],
    ids=["empty", "text", "truncated"],
)
def test_what_is_no_checkpoint(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.ckpt").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_checkpoint(tmp_path / "a.ckpt")


def test_what_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "a.ckpt", tmp_path):
        with pytest.raises(FileNotFoundError, match="there is no checkpoint"):
            read_checkpoint(path)
    with pytest.raises(FileNotFoundError, match=r"there is no checkpoint .*best\.ckpt"):
        seqmodels.load(tmp_path)
