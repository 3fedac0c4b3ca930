"""Which file is for training, which for validation and test; and what is cut off where there is none."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar, cast

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.files import Source
from seqmodels.data.splits import stratified

T = TypeVar("T")


def sources_of(path: Source | Mapping[Split, Source | None]) -> dict[Split, Source]:
    """The file of each part that has one.

    Args:
        path: a file as `files.locate` takes it, for training; or a mapping of parts to such files.

    Raises:
        ValueError: the mapping names no file for training, or something that is no part.
    """
    if not isinstance(path, Mapping) or "name" in path:
        return {"train": cast(Source, path)}
    sources = {split: source for split, source in path.items() if source is not None}
    if "train" not in sources or not set(sources) <= set(SPLITS):
        raise ValueError(f"expected a file for train and possibly val and test, got {dict(path)}")
    return cast(dict[Split, Source], sources)


def sizes_of(count: int) -> dict[Split, int]:
    """Parts of generated data: an eighth for validation, an eighth for test.

    Raises:
        ValueError: that leaves a part empty.

    Example:
        >>> sizes_of(20)
        {'train': 16, 'val': 2, 'test': 2}
    """
    if count < 8:
        raise ValueError(f"count must be at least 8, to leave something for validation and test, got {count}")
    return {"train": count - 2 * (count // 8), "val": count // 8, "test": count // 8}


def cut(
    parts: dict[Split, list[T]],
    *,
    key: Callable[[T], Hashable],
    label: Callable[[T], Hashable],
    seed: int,
    held_out: Sequence[float] = (0.1, 0.1),
) -> None:
    """Cut validation and test off the training part, where they are missing.

    Args:
        parts: the rows of each part there is; the missing ones are added.
        key: rows with the same key stay in the same part.
        label: each part gets the same share of each label.
        seed: of the draw.
        held_out: what share of all rows is for validation, and for test.
    """
    left = 1.0
    for split, share in zip(SPLITS[1:], held_out, strict=True):
        if split in parts:
            continue
        rows = parts["train"]
        drawn = stratified([key(row) for row in rows], [label(row) for row in rows], share / left, seed)
        left -= share
        parts[split] = [row for row, is_drawn in zip(rows, drawn, strict=True) if is_drawn]
        parts["train"] = [row for row, is_drawn in zip(rows, drawn, strict=True) if not is_drawn]
