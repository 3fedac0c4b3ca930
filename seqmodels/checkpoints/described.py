"""What the pickle of a checkpoint may describe: plain values, and tensors that lie within the file."""

import re
from collections.abc import Callable, Mapping
from math import prod
from typing import Any, NamedTuple

import torch

EXPANDED_BYTES = 1 << 20
"""A tensor may be larger than its storage, as those that `expand` gives are, up to this size."""

ITEM_SIZES = {
    **{f"torch {name}Storage": 8 for name in ("Double", "Long", "ComplexFloat")},
    **{f"torch {name}Storage": 4 for name in ("Float", "Int")},
    **{f"torch {name}Storage": 2 for name in ("Half", "BFloat16", "Short")},
    **{f"torch {name}Storage": 1 for name in ("Char", "Byte", "Bool")},
    "torch ComplexDoubleStorage": 16,
    "torch.storage UntypedStorage": 1,
}
DTYPES = {f"torch {str(d).removeprefix('torch.')}": d for d in vars(torch).values() if isinstance(d, torch.dtype)}


class Name(str):
    """Name of a function or class that a checkpoint may call."""


class Container:
    """List, dictionary or set.

    Args:
        kind: its type.
        hashable: whether all its items can be keys of a dictionary.
        filled: whether it has items.
    """

    def __init__(self, kind: str, *, hashable: bool = True, filled: bool = False) -> None:
        self.kind, self.hashable, self.filled = kind, hashable, filled


class Nested(NamedTuple):
    """Tuple, and how deep tuples are nested in it."""

    items: tuple[Any, ...]
    depth: int = 1


class Storage(NamedTuple):
    """Bytes of tensors."""

    kind: str
    size: int


class Tensor:
    """Tensor whose place and size were checked."""


class Records:
    """Records of a file that hold the bytes of tensors.

    Args:
        sizes: in bytes, by key.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self.sizes = sizes
        self.storages: dict[str, Storage] = {}
        self.bytes_left = 16 * sum(sizes.values()) + (64 << 20)

    def storage(self, tag: Any, kind: Any, key: Any, location: Any, count: Any) -> Storage:
        """Return a storage, which must be as large as its record."""
        if tag != "storage" or not isinstance(kind, Name) or not re.fullmatch(r"[a-z]+(:\d+)?", location):
            raise TypeError(kind)
        storage = Storage(kind, natural(count) * ITEM_SIZES[kind])
        if self.sizes.get(key) != storage.size:
            raise ValueError(f"{storage.size} bytes belong into record {key!r}, which has {self.sizes.get(key)}")
        if self.storages.setdefault(key, storage) != storage:
            raise ValueError(f"record {key!r} is described in two ways")
        return storage

    def tensor(self, storage: Storage, item_size: int, offset: Any, size: Nested, stride: Nested) -> Tensor:
        """Return a tensor, which must lie within its storage."""
        shape, strides = [natural(n) for n in size.items], [natural(n) for n in stride.items]
        last = natural(offset) + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))
        count = prod(shape)
        if len(shape) > 64 or (count and (last + 1) * item_size > storage.size):
            raise ValueError(f"a tensor of shape {shape} lies in a storage of {storage.size} bytes")
        self.bytes_left -= count * item_size
        if count * item_size > max(storage.size, EXPANDED_BYTES) or self.bytes_left < 0:
            raise ValueError(f"a tensor of shape {shape} is larger than the file")
        return Tensor()


def natural(value: Any) -> int:
    """Return a size, which must be a whole number from 0 on."""
    if type(value) is not int or value < 0:
        raise ValueError(f"a size is {value!r}")
    return value


def is_key(value: Any) -> bool:
    """Return whether a value can be the key of a dictionary; tuples in tuples would take too long to hash."""
    if isinstance(value, Nested):
        return value.depth == 1 and all(map(is_key, value.items))
    return isinstance(value, str | int | float | bytes | torch.dtype) or value is None


def _typed_tensor(records: Records, storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> Tensor:
    _check_storage(storage)
    _check_ordinary(*others)
    return records.tensor(storage, ITEM_SIZES[storage.kind], offset, size, stride)


def _untyped_tensor(records: Records, storage: Any, offset: Any, size: Any, stride: Any, *others: Any) -> Tensor:
    requires_grad, hooks, dtype, *metadata = others
    _check_storage(storage)
    _check_ordinary(requires_grad, hooks, *metadata)
    return records.tensor(storage, dtype.itemsize, offset, size, stride)


def _parameter(records: Records, data: Any, *others: Any) -> Tensor:  # noqa: ARG001
    _check_ordinary(*others)
    if not isinstance(data, Tensor):
        raise TypeError(data)
    return data


def _check_storage(storage: Any) -> None:
    if not isinstance(storage, Storage):
        raise TypeError(storage)


def _check_ordinary(requires_grad: Any, hooks: Any, metadata: Any = None) -> None:
    if not isinstance(requires_grad, bool):
        raise TypeError(requires_grad)
    if hooks.kind != "OrderedDict" or hooks.filled or metadata is not None:
        raise ValueError("a tensor has hooks, or is a view of complex conjugates")


def _bytes(records: Records, text: Any, encoding: Any) -> bytes:  # noqa: ARG001
    if encoding != "latin1":  # Any other name is one of a module, which Python would import.
        raise TypeError(encoding)
    return bytes(text, "latin1")


def _plain(records: Records, *arguments: Any) -> Nested:  # noqa: ARG001
    """Return the numbers or texts of a torch.Size, a device or a complex number."""
    (first, *_) = arguments
    items = first.items if isinstance(first, Nested) else arguments
    if not all(isinstance(item, int | float | str) for item in items):
        raise TypeError(items)
    return Nested(tuple(items))


def _counter(records: Records, counts: Any) -> Container:  # noqa: ARG001
    if counts.kind != "dict":
        raise TypeError(counts)
    return Container("Counter")


def _set(records: Records, items: Any) -> Container:  # noqa: ARG001
    if items.kind != "list" or not items.hashable:
        raise TypeError(items)
    return Container("set")


CALLS: dict[str, Callable[..., Any]] = {
    "torch._utils _rebuild_tensor_v2": _typed_tensor,
    "torch._utils _rebuild_tensor_v3": _untyped_tensor,
    "torch._utils _rebuild_parameter": _parameter,
    "torch Size": _plain,
    "torch device": _plain,
    "collections OrderedDict": lambda _: Container("OrderedDict"),
    "collections Counter": _counter,
    "__builtin__ set": _set,
    "__builtin__ complex": _plain,
    "_codecs encode": _bytes,
}
