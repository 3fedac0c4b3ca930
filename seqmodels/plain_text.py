"""Text from files and command lines, as a terminal can show it."""

from collections.abc import Sequence


def escaped(text: str) -> str:
    r"""Return a text with its control characters as escape sequences, so that a terminal shows and does not obey them.

    Line breaks stay, and so does all that can be printed. Characters that reverse the direction of writing and halves
    of surrogate pairs are escaped, too.

    Example:
        >>> escaped("\x1b[31mred, 赤\n")
        '\\x1b[31mred, 赤\n'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n " else repr(each)[1:-1] for each in text)


def listed(names: Sequence[str], max_length: int = 100) -> str:
    """Return names separated by commas, as many as fit into a line, and how many more there are.

    Args:
        names: at least the first is named, cut if it is long.
        max_length: of the line, in characters.

    Example:
        >>> listed(["neg", "pos"]), listed([f"class {i}" for i in range(743)], max_length=40)
        ('neg, pos', 'class 0, class 1, class 2 and 740 more')
    """
    line = ", ".join(names)
    if len(line) <= max_length:
        return line
    for count in range(len(names) - 1, 0, -1):
        line = f"{', '.join(names[:count])} and {len(names) - count:,} more"
        if len(line) <= max_length:
            return line
    return cut(names[0], max_length - 20) + (f" and {len(names) - 1:,} more" if len(names) > 1 else "")


def cut(text: str, max_length: int) -> str:
    """Return a text, or its beginning and an ellipsis if it is longer.

    Example:
        >>> cut("a long name", 6), cut("a name", 6)
        ('a lon…', 'a name')
    """
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"
