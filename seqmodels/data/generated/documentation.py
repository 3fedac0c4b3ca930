"""A text that every Python installation carries."""

from pydoc_data.topics import topics


def python_documentation() -> str:
    """The language topics of `help()`, in alphabetical order: half a million characters of English and
    grammar.

    The text grows and changes with the Python version, and figures measured on it with the text: compare only
    those of the same version.

    Example:
        >>> "assert_stmt" in python_documentation()
        True
    """
    return "\n\n".join(topics[name] for name in sorted(topics))
