"""Which file is for training, which for validation and test; and what is cut off where there is none."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Sized
from pathlib import Path
from typing import TypeVar, cast

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.files import Source, locate
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.stratified import stratified

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


def sources_of(path: Source | Mapping[Split, Source | None]) -> dict[Split, Source]:
    """Return the file of each split that has one.

    Args:
        path: a file as `files.locate` takes it, for training; or a mapping of splits to such files.

    Raises:
        ValueError: the mapping names no file for training, or something that is no split.
    """
    if not isinstance(path, Mapping) or "name" in path:
        return {"train": cast(Source, path)}
    sources = {split: source for split, source in path.items() if source is not None}
    if "train" not in sources or not set(sources) <= set(SPLITS):
        raise ValueError(f"expected a file for train and possibly val and test, got {dict(path)}")
    return cast(dict[Split, Source], sources)


def read_files(
    path: Source | Mapping[Split, Source | None],
    format: Callable[[Path, RowErrors], Iterable[T]] | Mapping[Split, Callable[[Path, RowErrors], Iterable[T]]],
    errors: RowErrors,
) -> tuple[dict[Split, str], dict[Split, list[T]]]:
    """Return where the rows of each split come from, and the rows of the splits that have a file.

    Args:
        path: as for `sources_of`.
        format: reads a file; or a mapping of splits to such functions.
        errors: what becomes of a bad row.

    Raises:
        ValueError: see `sources_of` and `format_of`.
        FileNotFoundError: a file does not exist.
    """
    paths = {split: locate(source) for split, source in sources_of(path).items()}
    rows = {split: list(format_of(split, format)(path, errors)) for split, path in paths.items()}
    return origins_of(paths), rows


def format_of(split: Split, format: F | Mapping[Split, F]) -> F:
    """Return the function that reads the file of a split.

    Raises:
        ValueError: there are formats, but none for this split.
    """
    if not isinstance(format, Mapping):
        return format
    if split not in format:
        raise ValueError(f"expected a format for the {split} file, got only one for {', '.join(format)}")
    return format[split]


def origins_of(sources: Mapping[Split, object]) -> dict[Split, str]:
    """Return how the summary and errors name each split: by its own file, or as a split of the training file.

    Example:
        >>> origins_of({"train": "a.csv", "test": "b.csv"})
        {'train': 'a.csv', 'val': 'the val split of a.csv', 'test': 'b.csv'}
    """
    return {
        split: str(sources[split]) if split in sources else f"the {split} split of {sources['train']}"
        for split in SPLITS
    }


def check_filled(what: str, splits: Mapping[Split, Sized], origins: Mapping[Split, str], errors: RowErrors) -> None:
    """Refuse a split without rows.

    Args:
        what: the rows are, for the message.
        splits: the rows.
        origins: where they come from.
        errors: what was skipped.

    Raises:
        ValueError: a split is empty.
    """
    skipped = f" ({errors.describe()})" if errors.skipped else ""
    for split in SPLITS:
        if not len(splits[split]):
            raise ValueError(f"{origins[split]}: expected {what}, got none{skipped}")


def classes_of(labels: Mapping[Split, Iterable[str]], origins: Mapping[Split, str]) -> tuple[str, ...]:
    """Return the labels of the training split, in alphabetical order.

    Args:
        labels: those that occur in each split, which is not empty.
        origins: where the splits come from.

    Raises:
        ValueError: there is only one, or another split has one that is not among them.

    Example:
        >>> classes_of({"train": ["b", "a", "b"], "test": ["b"]}, {})
        ('a', 'b')
    """
    found = {split: set(each) for split, each in labels.items()}
    classes = tuple(sorted(found["train"]))
    if len(classes) < 2:
        raise ValueError(f"{origins['train']}: expected at least two classes, got only {classes[0]!r}")
    for split, each in found.items():
        for label in sorted(each - set(classes)):
            raise ValueError(f"{origins[split]}: {label!r} is no training label, those are: {', '.join(classes)}")
    return classes


def shares_of(held_out: Sequence[float]) -> tuple[float, float]:
    """What shares of the training rows are for validation and for test, where these have no file.

    Raises:
        ValueError: `held_out` is something else.
    """
    if len(held_out) != 2 or not (min(held_out) > 0 and sum(held_out) < 1):
        raise ValueError(f"held_out must be two fractions above 0, for val and test, below 1 in sum, got {held_out}")
    return held_out[0], held_out[1]


def sizes_of(count: int) -> dict[Split, int]:
    """Return the sizes of the splits of generated data: an eighth for validation, an eighth for test.

    Raises:
        ValueError: that leaves a split empty.

    Example:
        >>> sizes_of(20)
        {'train': 16, 'val': 2, 'test': 2}
    """
    if count < 8:
        raise ValueError(f"count must be at least 8, to leave something for validation and test, got {count}")
    return {"train": count - 2 * (count // 8), "val": count // 8, "test": count // 8}


def cut(
    splits: dict[Split, list[T]],
    *,
    key: Callable[[T], Hashable],
    label: Callable[[T], Hashable],
    seed: int,
    held_out: Sequence[float] = (0.1, 0.1),
) -> None:
    """Cut validation and test off the training split, where they are missing.

    Args:
        splits: the rows of each split there is; the missing ones are added.
        key: rows with the same key stay in the same split.
        label: each split gets the same share of each label.
        seed: of the draw.
        held_out: what share of all rows is for validation, and for test.
    """
    left = 1.0
    for split, share in zip(SPLITS[1:], held_out, strict=True):
        if split in splits:
            continue
        rows = splits["train"]
        drawn = stratified([key(row) for row in rows], [label(row) for row in rows], share / left, seed)
        left -= share
        splits[split] = [row for row, is_drawn in zip(rows, drawn, strict=True) if is_drawn]
        splits["train"] = [row for row, is_drawn in zip(rows, drawn, strict=True) if not is_drawn]
