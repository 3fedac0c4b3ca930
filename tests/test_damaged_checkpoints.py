"""Damaged checkpoints: each is refused in one line, or loads equal in every bit."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import seqmodels
from seqmodels.checkpoints import AtomicCheckpointIO, read_checkpoint
from seqmodels.checkpoints.digests import KEY, digests_of, with_digests
from tests.checkpoint_files import state_of


@cache
def content() -> bytes:
    """A small checkpoint."""
    file = io.BytesIO()
    state = state_of("sine")
    torch.save(with_digests({name: state[name] for name in ("epoch", "state_dict", "seqmodels")}), file)
    return file.getvalue()


@cache
def records() -> list[tuple[str, int, int, int]]:
    """Name, begin of the header, begin and end of the content of each record."""
    with zipfile.ZipFile(io.BytesIO(content())) as archive:
        found = archive.infolist()
    places = []
    for record in found:
        header = content()[record.header_offset :]
        begin = (
            record.header_offset
            + 30
            + int.from_bytes(header[26:28], "little")
            + int.from_bytes(header[28:30], "little")
        )
        places.append((record.filename, record.header_offset, begin, begin + record.file_size))
    return places


def flipped(places: list[int], count: int) -> Iterator[bytes]:
    """One bit changed, at evenly spaced ones of some places."""
    draw = random.Random(0)
    for number in range(count):
        damaged = bytearray(content())
        damaged[places[number * len(places) // count]] ^= 1 << draw.randrange(8)
        yield bytes(damaged)


def bits_of_weights() -> Iterator[bytes]:
    inside = [place for name, _, begin, end in records() if "/data/" in name for place in range(begin, end)]
    return flipped(inside, 300)


def bits_of_the_pickle() -> Iterator[bytes]:
    ((_, _, begin, end),) = [record for record in records() if record[0].endswith("/data.pkl")]
    return flipped(list(range(begin, end)), 300)


def bits_of_headers() -> Iterator[bytes]:
    inside = [place for name, header, begin, _ in records() for place in range(header, header + 30 + len(name))]
    return flipped(inside, 250)


def bits_of_the_directory() -> Iterator[bytes]:
    return flipped(list(range(records()[-1][3], len(content()))), 350)


def truncated() -> Iterator[bytes]:
    for number in range(60):
        yield content()[: number * len(content()) // 60]
    for number in range(1, 25):
        yield content()[:-number]


def appended() -> Iterator[bytes]:
    for more in (b"\0", b"\n", b"PK", b"\0" * 22, b"x" * 1000, content()[-22:], content()[-100:], content()):
        yield content() + more
        yield more + content()


def zeroed() -> Iterator[bytes]:
    for number in range(40):
        begin = number * len(content()) // 40
        for size in (16, 512):
            yield content()[:begin] + b"\0" * size + content()[begin + size :]


def shifted() -> Iterator[bytes]:
    for number in range(1, 40):
        place = number * len(content()) // 40
        yield content()[:place] + content()[place + 1 :]
        yield content()[:place] + b"\0" + content()[place:]


def swapped() -> Iterator[bytes]:
    """Records of the same size, one in the place of the other."""
    for number, (name, _, begin, end) in enumerate(records()):
        for other, _, there, until in records()[number + 1 :]:
            if "/data/" in name and "/data/" in other and end - begin == until - there > 0:
                damaged = bytearray(content())
                damaged[begin:end], damaged[there:until] = content()[there:until], content()[begin:end]
                yield bytes(damaged)


DAMAGES: dict[Callable[[], Iterator[bytes]], int] = {
    bits_of_weights: 300,
    bits_of_the_pickle: 300,
    bits_of_headers: 250,
    bits_of_the_directory: 350,
    truncated: 80,
    appended: 16,
    zeroed: 80,
    shifted: 78,
    swapped: 3,
}


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damage_is_noticed(damage: Callable[[], Iterator[bytes]], tmp_path: Path) -> None:
    path, expected = tmp_path / "damaged.ckpt", digests_of(whole())
    files = list(damage())
    assert len(files) >= DAMAGES[damage]
    for number, damaged in enumerate(files):
        path.write_bytes(damaged)
        try:
            found = read_checkpoint(path) if number % 2 else AtomicCheckpointIO().load_checkpoint(path)
        except ValueError as error:
            told = str(error)
        else:
            assert digests_of(found) == expected
            told = str(path)
        assert str(path) in told
        assert "\n" not in told


def test_more_than_a_thousand_damages_are_tried() -> None:
    assert sum(DAMAGES.values()) > 1000


def whole() -> dict[str, Any]:
    state: dict[str, Any] = torch.load(io.BytesIO(content()), weights_only=True)
    del state[KEY]
    return state


def test_a_changed_weight_is_named(tmp_path: Path) -> None:
    name = "layers.layers.0.cell.weight_hh"
    (weight,) = [
        record for record in records() if content()[record[2] : record[3]] == bytes_of(whole()["state_dict"][name])
    ]
    damaged = bytearray(content())
    damaged[weight[2] + 5] ^= 64
    (tmp_path / "best.ckpt").write_bytes(damaged)
    with pytest.raises(
        ValueError, match=rf"best\.ckpt is damaged .*state_dict\.{name} has another digest than when it was saved$"
    ):
        seqmodels.load(tmp_path / "best.ckpt")


def bytes_of(tensor: torch.Tensor) -> bytes:
    return tensor.numpy().tobytes()
