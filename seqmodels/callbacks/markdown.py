"""Tables as TensorBoard's text page shows them."""

import re
from collections.abc import Iterable, Sequence

LONGEST = 300


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; its cells are shown as they are, whatever marks they hold.

    Args:
        header: names of the columns.
        rows: cells of each line.

    Example:
        >>> print(table(["read", "written"], [["1 | 2", "one"]]))
        | read | written |
        |---|---|
        | 1 &#124; 2 | one |
    """
    lines = [list(header), ["---"] * len(header), *([plain(cell) for cell in row] for row in rows)]
    return "\n".join(f"|{'|'.join(line)}|" if line[0] == "---" else f"| {' | '.join(line)} |" for line in lines)


def plain(text: str) -> str:
    """One line that Markdown and HTML show as it is: every mark is written as its number."""
    line = " ".join(text.split())
    cut = line if len(line) <= LONGEST else f"{line[:LONGEST]} …"
    return re.sub(r"[^\w\s]|_", lambda mark: f"&#{ord(mark[0])};", cut)
