"""From what a person has (a text, a file) to the steps of one row: the same for a data set and for a trained model."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor

from seqmodels.data.files import open_text


@dataclass(frozen=True)
class RawInput(ABC):
    """Reads one item. Its fields are plain values, so that it travels in a checkpoint as `recipe`."""

    @abstractmethod
    def read(self, item: Any) -> Tensor:
        """The steps of an item, (time, ...).

        Raises:
            ValueError: the item is empty, or not what this reads.
        """

    def several(self, inputs: Any) -> list[Any]:
        """One item or a list of items, as a list of items."""
        return [inputs] if isinstance(inputs, str | PathLike) else list(inputs)

    def given(self, words: list[str]) -> list[Any]:
        """The items that words on a command line, or lines of standard input, stand for: each word is one."""
        return words

    def words(self, item: Any) -> list[str]:  # noqa: ARG002
        """The steps of an item as a person knows them, where they have names: the words of a sentence."""
        return []

    def example(self) -> str:
        """Return what a person could type for an item, to show how it is done."""
        return "a text of yours"

    def unknown(self, item: Any) -> list[str]:  # noqa: ARG002
        """Return the tokens of an item that no training example held, so that a model knows nothing of them."""
        return []

    def items(self, file: Path) -> list[Any]:
        """The items of a file that is given as input: each line that is not blank is one."""
        return [line.rstrip("\r\n") for line in open_text(file) if line.strip()]

    def recipe(self) -> dict[str, Any]:
        """Plain values from which `assembly.instantiate` builds it again."""
        kind = type(self)
        return {"_target_": f"{kind.__module__}.{kind.__qualname__}", **asdict(self)}
