"""Made-up sequences whose answer is an algorithm: copy, reverse, sort."""

from collections.abc import Sequence
from random import Random

SYMBOLS = "abcdefghijklmnopqrstuvwxyz"
BLANK, GO = ".", ">"


def copy_memory(
    seed: int, *, count: int = 12_000, length: int = 6, delay: int = 20, symbols: int = 8
) -> list[tuple[str, str]]:
    """Some symbols, a long wait, a sign; then the symbols are asked for.

    Args:
        seed: of the symbols.
        count: how many sequences.
        length: how many symbols are to be kept in mind.
        delay: how many steps lie between the last of them and the sign.
        symbols: how many different ones there are.

    Raises:
        ValueError: so few symbols do not make so many different sequences; a number is out of range.

    Source:
        S. Hochreiter and J. Schmidhuber, "Long short-term memory", 1997; in the form of M. Arjovsky, A. Shah and
        Y. Bengio, "Unitary evolution recurrent neural networks", ICML 2016, section 5.1. There the answer is written
        beside the input; here behind it.

    Example:
        >>> copy_memory(0, count=1, length=3, delay=4)
        [('g d c . . . . >', 'g d c')]
    """
    wait = f" {BLANK}" * delay + f" {GO}"
    return [(f"{told}{wait}", told) for told in _distinct(seed, count, (length, length), symbols)]


def reverse(
    seed: int, *, count: int = 12_000, lengths: Sequence[int] = (3, 12), symbols: int = 26
) -> list[tuple[str, str]]:
    """Symbols, and the same from the last to the first.

    Args:
        seed: of the symbols.
        count: how many sequences.
        lengths: of the shortest and the longest.
        symbols: how many different ones there are.

    Raises:
        ValueError: so few symbols do not make so many different sequences; a number is out of range.

    Example:
        >>> reverse(0, count=1)
        [('...', '...')]
    """
    return [(told, told[::-1]) for told in _distinct(seed, count, lengths, symbols)]


def sort(
    seed: int, *, count: int = 12_000, lengths: Sequence[int] = (3, 12), symbols: int = 26
) -> list[tuple[str, str]]:
    """Symbols, and the same in the order of the alphabet.

    Args:
        seed: of the symbols.
        count: how many sequences.
        lengths: of the shortest and the longest.
        symbols: how many different ones there are.

    Raises:
        ValueError: so few symbols do not make so many different sequences; a number is out of range.

    Example:
        >>> [(told, asked)] = sort(0, count=1)
        >>> asked.split() == sorted(told.split())
        True
    """
    return [(told, " ".join(sorted(told.split()))) for told in _distinct(seed, count, lengths, symbols)]


def _distinct(seed: int, count: int, lengths: Sequence[int], symbols: int) -> list[str]:
    shortest, longest = lengths
    if not 1 <= symbols <= len(SYMBOLS):
        raise ValueError(f"symbols must be between 1 and {len(SYMBOLS)}, got {symbols}")
    if not 1 <= shortest <= longest:
        raise ValueError(f"lengths must be those of the shortest and the longest sequence, got {shortest}, {longest}")
    if sum(symbols**length for length in range(shortest, longest + 1)) < 2 * count:
        raise ValueError(f"{symbols} symbols in rows of {shortest} to {longest} do not make {count} different ones")
    random = Random(seed)
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        drawn[" ".join(random.choices(SYMBOLS[:symbols], k=random.randint(shortest, longest)))] = None
    return list(drawn)
