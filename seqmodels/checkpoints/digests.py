"""Digests of what a checkpoint holds: one of every tensor, one of all plain values."""

import hashlib
import struct
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from seqmodels.checkpoints.described import EXPANDED_BYTES

KEY = "seqmodels_digests"
VERSION = 1
MAX_VALUES = 1_000_000
MAX_DEPTH = 64
MAX_BITS = 2000  # of an integer: pickles of torch.save hold no more than 255 bytes


class Digests(NamedTuple):
    """SHA-256 digests, in hexadecimal digits.

    Args:
        values: of all plain values, and of their structure.
        tensors: of each tensor, in the order in which they are found.
        places: of the tensors.
    """

    values: str
    tensors: list[str]
    places: list[str]


def with_digests(checkpoint: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checkpoint with its digests.

    Raises:
        ValueError: it holds something else than dense tensors and plain values.
    """
    content = {name: value for name, value in checkpoint.items() if name != KEY}
    values, tensors, _ = digests_of(content)
    return {**content, KEY: {"version": VERSION, "values": values, "tensors": tensors}}


def verify(checkpoint: dict[str, Any]) -> bool:
    """Remove the digests of a checkpoint and check it by them.

    Returns:
        Whether there were any.

    Raises:
        ValueError: the checkpoint was changed since they were made.
    """
    expected = checkpoint.pop(KEY, None)
    if expected is None:
        return False
    if not isinstance(expected, dict) or set(expected) != {"version", "values", "tensors"}:
        raise ValueError("its digests are damaged")
    if expected["version"] != VERSION:
        raise ValueError(f"its format is {expected['version']!r}, this version of seqmodels reads {VERSION}")
    values, tensors, places = digests_of(checkpoint)
    if values != expected["values"]:
        raise ValueError("its plain values have another digest than when it was saved")
    if tensors != expected["tensors"]:
        changed = [
            place for place, *both in zip(places, tensors, expected["tensors"], strict=True) if both[0] != both[1]
        ]
        raise ValueError(f"{changed[0]} has another digest than when it was saved")
    return True


def digests_of(checkpoint: Mapping[str, Any]) -> Digests:
    """Return the digests of a checkpoint.

    Raises:
        ValueError: it holds something else than dense tensors and plain values, is nested too deep or too large.
    """
    walk = _Walk()
    walk.add(dict(checkpoint), "checkpoint", 0)
    digests = [tensor_digest(tensor, place) for tensor, place in zip(walk.tensors, walk.places, strict=True)]
    return Digests(hashlib.sha256(b"".join(walk.written)).hexdigest(), digests, walk.places)


def tensor_digest(tensor: Tensor, place: str) -> str:
    """Return the digest of a tensor's type, shape and bytes.

    Args:
        tensor: dense.
        place: for the error.

    Raises:
        ValueError: it is sparse, quantised, of a class of its own, or has no bytes.
    """
    if (
        tensor.layout is not torch.strided
        or tensor.is_quantized
        or tensor.is_meta
        or tensor.is_conj()
        or tensor.is_neg()
    ):
        raise ValueError(
            f"{place}: a checkpoint holds dense tensors, got {tensor.layout} {tensor.dtype} on {tensor.device}"
        )
    size = tensor.numel() * tensor.element_size()
    if size > max(tensor.untyped_storage().nbytes(), EXPANDED_BYTES):
        raise ValueError(f"{place}: a tensor of {size:,} bytes is an expanded view: save what `contiguous` gives")
    header = f"{type(tensor).__name__} {tensor.dtype} {tuple(tensor.shape)} {tensor.requires_grad}"
    digest = hashlib.sha256(header.encode())
    if size:
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


class _Walk:
    """Collects tensors, and writes plain values such that different ones are never written alike."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.tensors: list[Tensor] = []
        self.places: list[str] = []

    def add(self, value: Any, place: str, depth: int) -> None:
        """Write a value and what it holds."""
        if depth > MAX_DEPTH or len(self.written) > MAX_VALUES:
            raise ValueError(f"values are nested deeper than {MAX_DEPTH} or more than {MAX_VALUES:,}, in {place:.60}")
        kind = type(value)
        if kind in (Tensor, nn.Parameter) and not getattr(value, "__dict__", None):
            self.tensors.append(value)
            self.places.append(place)
            self.written.append(b"tensor;")
        elif kind in (list, tuple, torch.Size):
            self.written.append(f"{kind.__name__} {len(value)};".encode())
            for number, item in enumerate(value):
                self.add(item, f"{place}[{number}]", depth + 1)
        elif kind in (dict, OrderedDict, Counter):
            self._add_mapping(value, place, depth)
        elif kind is set:
            written = sorted(_plain(item, place) for item in value)
            self.written.append(b"set %d;%b" % (len(written), b"".join(written)))
        else:
            self.written.append(_plain(value, place))

    def _add_mapping(self, value: Mapping[Any, Any], place: str, depth: int) -> None:
        attributes = getattr(value, "__dict__", {})
        self.written.append(f"{type(value).__name__} {len(value)} {len(attributes)};".encode())
        for name, item in (*value.items(), *attributes.items()):
            inner = f"{place}.{name}" if depth else str(name)
            self.add(name, inner, depth + 1)
            self.add(item, inner, depth + 1)


def _plain(value: Any, place: str) -> bytes:
    """Return the type and the content of a plain value."""
    kind = type(value)
    if kind not in CONTENTS or (kind is int and value.bit_length() > MAX_BITS) or (kind is bytes and not value):
        shown = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
        raise ValueError(f"{place}: a checkpoint holds tensors and plain values, got {shown} ({value!r:.60})")
    content = CONTENTS[kind](value)
    return b"%b %d;%b" % (kind.__name__.encode(), len(content), content)


CONTENTS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda value: b"",  # noqa: ARG005
    bool: lambda value: b"%d" % value,
    int: lambda value: b"%d" % value,
    float: lambda value: struct.pack(">d", value),
    complex: lambda value: struct.pack(">dd", value.real, value.imag),
    str: lambda value: value.encode("utf-8", "surrogatepass"),
    bytes: lambda value: value,
    torch.dtype: lambda value: str(value).encode(),
    torch.device: lambda value: str(value).encode(),
}
