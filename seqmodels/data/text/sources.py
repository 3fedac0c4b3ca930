"""Where labelled texts come from: files, or a function that generates them. They are read as often as need be."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from seqmodels.data.base import SPLITS, Split, generated_by
from seqmodels.data.files import Source, locate
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.splits import format_of, sources_of
from seqmodels.data.text.formats import Format, LabelledText


class TextSource(ABC):
    """Texts of the training split, and possibly of the others.

    Attributes:
        origins: where the texts come from, of each split that there is.
    """

    origins: dict[Split, str]

    @abstractmethod
    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:
        """The texts of a split, one after the other."""


class GeneratedTexts(TextSource):
    """What a function makes of a seed.

    Args:
        generate: gives the texts of each split.
        seed: what it is called with.
    """

    def __init__(self, generate: Callable[[int], dict[Split, list[LabelledText]]], seed: int) -> None:
        self.origins = dict.fromkeys(SPLITS, generated_by(generate))
        self._texts = generate(seed)

    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:  # noqa: ARG002
        """The texts of a split."""
        return iter(self._texts[split])


class TextFiles(TextSource):
    """Files, each read in its format.

    Args:
        path: a file as `files.locate` takes it, or a mapping of splits to such files.
        format: reads a file; or a mapping of splits to such functions.

    Raises:
        ValueError: there is no file to train on, a split that does not exist, or a file without a format.
        FileNotFoundError: a file does not exist.
    """

    def __init__(self, path: Source | Mapping[Split, Source | None], format: Format | Mapping[Split, Format]) -> None:
        sources = sources_of(path)
        self._formats = {split: format_of(split, format) for split in sources}
        self._paths = {split: locate(source) for split, source in sources.items()}
        self.origins = {split: str(path) for split, path in self._paths.items()}

    def read(self, split: Split, errors: RowErrors) -> Iterator[LabelledText]:
        """The texts of a file."""
        return self._formats[split](self._paths[split], errors)

    def key(self) -> dict[str, Any]:
        """Return how many files each split has and how they are read, as plain values."""
        return {
            split: {"files": len(_files(path)), "format": _recipe(self._formats[split])}
            for split, path in self._paths.items()
        }

    def files(self) -> list[Path]:
        """Return the files that hold the texts, and those in which the functions that read them are defined."""
        return [
            file
            for split, path in self._paths.items()
            for file in (*_files(path), Path(inspect.getfile(_definition(self._formats[split]))))
        ]


def _files(path: Path) -> list[Path]:
    """Return a file, or every file in a folder."""
    return sorted(file for file in path.rglob("*") if not file.is_dir()) if path.is_dir() else [path]


def _recipe(function: Any) -> list[Any]:
    """Return the name of a function and the arguments that are set already."""
    if isinstance(function, partial):
        return [*_recipe(function.func), *map(str, function.args), sorted(map(str, function.keywords.items()))]
    named = _definition(function)
    return [named.__module__, named.__qualname__]


def _definition(function: Any) -> Any:
    """Return the function within a partial one, or the class of a callable object."""
    while isinstance(function, partial):
        function = function.func
    return function if inspect.isfunction(function) else type(function)
