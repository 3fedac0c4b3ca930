"""Readers of tagged sentences, one function per file format: a path in, words and their tags out.

In all of them a word has a line of its own, and an empty line ends a sentence.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from seqmodels.data.files import decoded, numbered
from seqmodels.data.row_errors import RowErrors


class TaggedSentence(NamedTuple):
    """Words and as many tags."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


class TaggedWord(NamedTuple):
    """What one line says."""

    word: str
    tag: str


Format = Callable[[Path, RowErrors], Iterator[TaggedSentence]]
ReadLine = Callable[[str], TaggedWord | None]

CONLLU_COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
WORD_NUMBER = r"\d+([-.]\d+)?"


def by_suffix(
    path: Path, errors: RowErrors, *, word: str | int | None = None, tag: str | int | None = None
) -> Iterator[TaggedSentence]:
    """Read CoNLL-U where the name ends in `.conllu`, with or without a further `.gz`, and plain columns else.

    Args:
        path: of the file.
        errors: what becomes of a bad sentence.
        word: column of the words: a name of CoNLL-U's (`form` if None), or a number (the first if None).
        tag: column of the tags, likewise (`upos`, or the last).
    """
    if path.name.lower().removesuffix(".gz").endswith(".conllu"):
        return conllu(path, errors, word="form" if word is None else word, tag="upos" if tag is None else tag)
    return columns(path, errors, word=0 if word is None else word, tag=-1 if tag is None else tag)


def conllu(
    path: Path, errors: RowErrors, *, word: str | int = "form", tag: str | int = "upos"
) -> Iterator[TaggedSentence]:
    """Read CoNLL-U, the format of Universal Dependencies.

    Comments are left out, and so are the lines of a multi-word token (`1-2`; its words have lines of their own)
    and of an empty node (`1.1`; no word of the text).

    Args:
        path: of the file.
        errors: what becomes of a bad sentence.
        word: name of the column of the words.
        tag: name of the column of the tags.

    Raises:
        ValueError: there is no such column; a line is not UTF-8, has not ten columns, or lacks its word or tag.

    Source:
        https://universaldependencies.org/format.html
    """
    for name in (word, tag):
        if name not in CONLLU_COLUMNS:
            raise ValueError(f"CoNLL-U has no column {name!r}, but: {', '.join(CONLLU_COLUMNS)}")
    places = CONLLU_COLUMNS.index(str(word)), CONLLU_COLUMNS.index(str(tag))

    def read(line: str) -> TaggedWord | None:
        if line.startswith("#"):
            return None
        fields = line.split("\t")
        if len(fields) != len(CONLLU_COLUMNS):
            raise ValueError(f"expected {len(CONLLU_COLUMNS)} columns with tabs between them, got {len(fields)}")
        if not re.fullmatch(WORD_NUMBER, fields[0]):
            raise ValueError(f"expected the number of a word (1), of several (1-2) or of none (1.1), got {fields[0]!r}")
        if not fields[0].isdecimal():
            return None
        if fields[places[1]] == "_" and tag in ("upos", "xpos", "deprel"):
            raise ValueError(f"expected a tag in the column {tag!r}, got '_', which means none")
        return _checked(fields[places[0]], fields[places[1]])

    return _sentences(path, errors, read)


def columns(path: Path, errors: RowErrors, *, word: str | int = 0, tag: str | int = -1) -> Iterator[TaggedSentence]:
    """Read columns with blanks or tabs between them, as in the shared tasks of CoNLL; `-DOCSTART-` lines are left out.

    Args:
        path: of the file.
        errors: what becomes of a bad sentence.
        word: number of the column of the words, from 0; negative from the end.
        tag: number of the column of the tags, likewise.

    Raises:
        ValueError: a line is not UTF-8, has other columns than the first line or none of those numbers.
    """
    if not (isinstance(word, int) and isinstance(tag, int)):
        raise ValueError(f"the columns of {path} have no names but numbers, such as 0 and -1, got {word!r} and {tag!r}")
    width = 0

    def read(line: str) -> TaggedWord | None:
        nonlocal width
        # Not at every kind of space: a word may have one that does not break.
        fields = line.replace("\t", " ").split(" ")
        fields = [field for field in fields if field]
        if not fields or fields[0] == "-DOCSTART-":
            return None
        width = width or len(fields)
        if len(fields) != width or not all(-width <= place < width for place in (word, tag)):
            needed = f"the columns {word} and {tag}" if len(fields) == width else f"{width} columns as above"
            raise ValueError(f"expected {needed}, got {len(fields)} in {line[:60]!r}")
        if width < 2:
            raise ValueError(f"expected a word and its tag, got {line[:60]!r}")
        return _checked(fields[word], fields[tag])

    return _sentences(path, errors, read)


def _sentences(path: Path, errors: RowErrors, read: ReadLine) -> Iterator[TaggedSentence]:
    for block in _blocks(path):
        found: list[TaggedWord | None] = []
        for place, line in block:
            with errors.at(place):
                found.append(read(decoded(line).rstrip("\r\n")))
                continue
            break  # a bad line spoils its sentence
        else:
            words = [word for word in found if word is not None]
            if words:
                yield TaggedSentence(*zip(*words, strict=True))


def _blocks(path: Path) -> Iterator[list[tuple[str, bytes]]]:
    """Lines with their places, as far as the next empty one."""
    block: list[tuple[str, bytes]] = []
    for place, line in numbered(path):
        if line.strip():
            block.append((place, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _checked(word: str, tag: str) -> TaggedWord:
    if not word.strip() or not tag.strip():
        raise ValueError(f"expected a word and its tag, got {word!r} and {tag!r}")
    return TaggedWord(word.strip(), tag.strip())
