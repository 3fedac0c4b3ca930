"""Which classes and functions a recipe may name where: in a config any of the kind, in a checkpoint those of a list."""

import importlib
import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torchmetrics import Metric
from torchmetrics.text import CharErrorRate, WordErrorRate

from seqmodels import cells, mappings, objectives
from seqmodels.cells import Cell, init
from seqmodels.data.raw import RawInput
from seqmodels.declared_types import shown
from seqmodels.layers import attention, pooling
from seqmodels.layers.attention import Attention
from seqmodels.layers.pooling import Pooling
from seqmodels.mappings import SequenceMapping, teacher_forcing
from seqmodels.objectives import Objective, text_metrics

Trusted = str | ModuleType | Callable[..., Any]


@dataclass(frozen=True)
class Kind:
    """What belongs at a place of a recipe.

    Args:
        name: for messages.
        base: class whose subclasses belong there; None for functions.
        home: package or module of this project whose public members a checkpoint may name.
        given: names of the arguments that are not the recipe's, because the program passes them.
        others: what a checkpoint may name besides, by name.
        imported: names of this project's own that a checkpoint may use, and whose modules are then imported.
    """

    name: str
    base: type | None
    home: ModuleType | None = None
    given: tuple[str, ...] = ()
    others: tuple[tuple[str, type], ...] = ()
    imported: tuple[str, ...] = ()

    def fits(self, target: Any) -> bool:
        """Return whether a class or function is of this kind."""
        if self.base is None:
            return callable(target) and not isinstance(target, type)
        return isinstance(target, type) and issubclass(target, self.base) and not inspect.isabstract(target)


READERS = (
    "seqmodels.data.audio.sound.LogMel",
    "seqmodels.data.images.frames.Frames",
    "seqmodels.data.images.pictures.Picture",
    "seqmodels.data.images.pixel_sequences.PixelSequence",
    "seqmodels.data.music.melodies.StartNotes",
    "seqmodels.data.music.piano_rolls.PianoRoll",
    "seqmodels.data.series.labelled_series.SeriesSteps",
    "seqmodels.data.series.series_input.SeriesInput",
    "seqmodels.data.synthetic.Numbers",
    "seqmodels.data.text.raw_text.Words",
    "seqmodels.data.text.spelled_words.SpelledWords",
)
"""Readers of raw input: by name, because what one of them needs is not loaded for the others."""

RATES = (CharErrorRate, WordErrorRate)

CELL = Kind("cell", Cell, cells, given=("input_size", "hidden_size"))
INITIALISATION = Kind("initialisation", None, init, given=("cell",))
MAPPING = Kind("mapping", SequenceMapping, mappings, tuple(inspect.signature(SequenceMapping).parameters))
OBJECTIVE = Kind("objective", Objective, objectives, given=("spec",))
POOLING = Kind("pooling", Pooling, pooling, given=("layer",))
ATTENTION = Kind("attention", Attention, attention, given=("query_size", "memory_size"))
TEACHER_FORCING = Kind("teacher forcing", None, teacher_forcing, given=("progress",))
METRIC = Kind("metric", Metric, text_metrics, others=tuple((f"torchmetrics.text.{r.__name__}", r) for r in RATES))
RAW_INPUT = Kind("reader of raw input", RawInput, imported=READERS)


class Names(ABC):
    """Lookup of classes and functions by the names in a recipe."""

    @abstractmethod
    def look_up(self, name: str, kind: Kind) -> Any:
        """Return what a name stands for, or None where it must not be used."""

    def find(self, name: str, kind: Kind) -> Callable[..., Any]:
        """Return the class or function of that name.

        Raises:
            ValueError: there is none, it is not of that kind, or must not be used.
        """
        target = self.look_up(name, kind)
        if target is None or not kind.fits(target):
            raise ValueError(f"{shown(name)} is no {kind.name}{self.hint}")
        found: Callable[..., Any] = target
        return found

    hint = ""


class AnyName(Names):
    """Any name that can be imported: what a person types is trusted."""

    def look_up(self, name: str, kind: Kind) -> Any:  # noqa: ARG002
        """Import it."""
        return import_name(name)


class ListedNames(Names):
    """Names of a closed list, and of what a person trusts: what a file says is not trusted.

    No module is imported for a name but this project's readers of raw input, and no attribute looked up that could be
    computed.

    Args:
        trusted: classes and functions; modules and packages, or their names, which stand for all that is defined in
            them. What is given by name is imported.

    Raises:
        ValueError: a name that cannot be imported.
    """

    hint = " that seqmodels knows; trust your own by load(..., trusted=['package.module']) or --trust package.module"

    def __init__(self, trusted: Sequence[Trusted] = ()) -> None:
        self.objects: list[Any] = []
        self.packages: list[str] = []
        for each in [trusted] if isinstance(trusted, str) else trusted:
            if isinstance(each, str | ModuleType):
                self.packages.append(each.__name__ if isinstance(each, ModuleType) else _imported(each))
            else:
                self.objects.append(each)

    def look_up(self, name: str, kind: Kind) -> Any:
        """Return the member of the list, or what is trusted."""
        if name in kind.imported:
            return import_name(name)
        target = dict(kind.others).get(name, self._object(name))
        listed = (
            kind.home is not None
            and _within(target, kind.home.__name__)
            and not name.rpartition(".")[2].startswith("_")
        )
        trusted = any(target is each for each in self.objects) or any(_within(target, each) for each in self.packages)
        return target if name in dict(kind.others) or listed or trusted else None

    def _object(self, name: str) -> Any:
        """Return what an imported module of this project, or of a trusted package, has under a name."""
        for each in self.objects:
            if name == f"{each.__module__}.{each.__qualname__}":
                return each
        module, _, attribute = name.rpartition(".")
        roots = ("seqmodels", *self.packages, *(each.__module__.partition(".")[0] for each in self.objects))
        if not any(module == root or module.startswith(f"{root}.") for root in roots):
            return None
        return vars(sys.modules[module]).get(attribute) if module in sys.modules else None


def import_name(name: str) -> Callable[..., Any]:
    """Import a class or function by its dotted name.

    Raises:
        ValueError: there is none.
    """
    module, _, attribute = name.rpartition(".")
    try:
        target: Callable[..., Any] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"there is no {name!r}: {error}") from error
    return target


def _within(target: Any, package: str) -> bool:
    """Return whether a class or function is defined in a package."""
    module = target.__module__ if isinstance(target, type) or inspect.isfunction(target) else None
    return isinstance(module, str) and f"{module}.".startswith(f"{package}.")


def _imported(name: str) -> str:
    try:
        return importlib.import_module(name).__name__
    except (ImportError, ValueError) as error:
        raise ValueError(f"cannot import {name!r}, which is to be trusted: {error}") from error
