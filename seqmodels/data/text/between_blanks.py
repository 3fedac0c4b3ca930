"""The numbers of the words of a text, found once for each different piece between two blanks, not for each word."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

LIMIT = 1 << 18


class BetweenBlanks(dict[str, bytes]):
    """Numbers the words of texts. What lies between two blanks is cut into words when it is first seen.

    It takes a rule by which no word reaches across a blank nor depends on what is beyond one, as all rules for words
    do here. At most `LIMIT` different pieces are remembered.

    Args:
        numbers: of the words in a piece.

    Example:
        >>> pieces = BetweenBlanks(lambda piece: [len(word) for word in piece.split("-")])
        >>> pieces.of("well-known and well-known")
        array([4, 5, 3, 4, 5], dtype=int32)
        >>> list(pieces)
        ['well-known', 'and']
    """

    def __init__(self, numbers: Callable[[str], Iterable[int]]) -> None:
        super().__init__()
        self._numbers = numbers

    def __missing__(self, piece: str) -> bytes:
        if len(self) == LIMIT:
            self.clear()
        self[piece] = found = np.fromiter(self._numbers(piece), np.int32).tobytes()
        return found

    def of(self, text: str) -> NDArray[np.int32]:
        """The numbers of all words of a text."""
        # As bytes, they are joined and made an array of without a Python object for each.
        return np.frombuffer(b"".join(map(self.__getitem__, text.split(" "))), np.int32)
