"""Where labelled texts come from: files, or a function that generates them. They are read as often as need be."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.files import Source, locate
from seqmodels.data.prepared import fingerprint
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.formats import Format, LabelledText


class TextSource(ABC):
    """Texts of the training part, and possibly of the others.

    Attributes:
        origins: where the texts come from, of each part that there is.
    """

    origins: dict[Split, str]

    @abstractmethod
    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:
        """The texts of a part, one after the other."""


class GeneratedTexts(TextSource):
    """What a function makes of a seed.

    Args:
        generate: gives the texts of each part.
        seed: what it is called with.
    """

    def __init__(self, generate: Callable[[int], dict[Split, list[LabelledText]]], seed: int) -> None:
        function = getattr(generate, "func", generate)
        name = getattr(function, "__name__", type(function).__name__)
        self.origins = dict.fromkeys(SPLITS, f"{name} (generated)")
        self._texts = generate(seed)

    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:  # noqa: ARG002
        """The texts of a part."""
        return iter(self._texts[split])


class TextFiles(TextSource):
    """Files, each read in its format.

    Args:
        path: a file as `files.locate` takes it, or a mapping of parts to such files.
        format: reads a file; or a mapping of parts to such functions.

    Raises:
        ValueError: there is no file to train on, a part that does not exist, or a file without a format.
        FileNotFoundError: a file does not exist.
    """

    def __init__(self, path: Source | Mapping[Split, Source | None], format: Format | Mapping[Split, Format]) -> None:
        is_one_file = not isinstance(path, Mapping) or "name" in path
        sources: Mapping[Any, Any] = {"train": path} if is_one_file else path  # type: ignore[assignment]
        if not {"train"} <= set(sources) <= set(SPLITS) or sources["train"] is None:
            raise ValueError(f"expected a file for train and possibly val and test, got {dict(sources)}")
        given = {split: source for split, source in sources.items() if source is not None}
        self._formats = {split: _format_of(split, format) for split in given}
        self._paths: dict[Split, Path] = {split: locate(source) for split, source in given.items()}
        self.origins = {split: str(path) for split, path in self._paths.items()}

    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:
        """The texts of a file."""
        return self._formats[split](self._paths[split], errors)

    def key(self) -> dict[str, Any]:
        """What tells these files, and how they are read, from any others, as plain values."""
        return {
            split: {"files": _fingerprints(path), "format": _recipe(self._formats[split])}
            for split, path in self._paths.items()
        }


def _format_of(split: Split, format: Format | Mapping[Split, Format]) -> Format:
    if not isinstance(format, Mapping):
        return format
    if split not in format:
        raise ValueError(f"expected a format for the {split} file, got only one for {', '.join(format)}")
    return format[split]


def _fingerprints(path: Path) -> list[Any]:
    """Of a file, or of every file in a folder."""
    return [fingerprint(file) for file in sorted(path.rglob("*"))] if path.is_dir() else fingerprint(path)


def _recipe(function: Any) -> list[Any]:
    """The name of a function, the state of the file it is defined in, and the arguments that are set already."""
    if isinstance(function, partial):
        return [*_recipe(function.func), *map(str, function.args), sorted(map(str, function.keywords.items()))]
    named = function if inspect.isfunction(function) else type(function)
    return [named.__module__, named.__qualname__, fingerprint(Path(inspect.getfile(named)))]
