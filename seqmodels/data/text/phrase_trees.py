"""Reader of sentences with a sentiment on every phrase: the trees of the Stanford Sentiment Treebank."""

import re
from collections.abc import Iterator
from pathlib import Path

from seqmodels.data.files import decoded, numbered
from seqmodels.data.row_errors import RowErrors
from seqmodels.data.text.formats import LabelledText

FINE = {"0": "very negative", "1": "negative", "2": "neutral", "3": "positive", "4": "very positive"}
BINARY = {"0": "negative", "1": "negative", "2": "", "3": "positive", "4": "positive"}
ESCAPES = {"-LRB-": "(", "-RRB-": ")", r"\/": "/", r"\*": "*"}

_TOKEN = re.compile(r"[()]|[^\s()]+")
_ESCAPE = re.compile("|".join(map(re.escape, ESCAPES)))


def trees(path: Path, errors: RowErrors, *, fine: bool = False, phrases: bool = True) -> Iterator[LabelledText]:
    """Read one sentence per line, as a tree in brackets whose every node begins with a sentiment from 0 to 4.

    Args:
        path: of the file, plain or gzip.
        errors: what becomes of a bad line.
        fine: five classes, else negative (0, 1) and positive (3, 4): then neutral sentences (2), with all
            their phrases, and the neutral phrases of others are left out.
        phrases: whether a sentence comes with the phrases it is made of.

    Raises:
        ValueError: a line is not such a tree.

    Source:
        Socher et al. 2013, *Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank*.
        Training on all phrases as in Tai et al. 2015 and Kim 2014.
    """
    names = FINE if fine else BINARY
    for place, line in numbered(path):
        with errors.at(place):
            if line.strip():
                (sentiment, text), *parts = _tree(decoded(line))
                labelled = (LabelledText(part, names[of_part]) for of_part, part in parts if names[of_part])
                if names[sentiment]:
                    yield LabelledText(text, names[sentiment], tuple(labelled) if phrases else ())


def _tree(line: str) -> list[tuple[str, str]]:
    try:
        return _phrases(line)
    except (ValueError, IndexError) as error:
        raise ValueError(f"expected one tree like (3 (2 a) (4 joy)), got {line.strip()[:60]!r}") from error


def _phrases(line: str) -> list[tuple[str, str]]:
    """Sentiment and text of every phrase of a tree, the whole first."""
    words: list[str] = []
    begun: list[tuple[str, int]] = []
    phrases: list[tuple[str, str]] = []
    tokens = iter(_TOKEN.findall(line))
    for token in tokens:
        if token == "(":
            begun.append((next(tokens, ""), len(words)))
        elif token == ")":
            sentiment, start = begun.pop()
            phrases.append((sentiment, " ".join(words[start:])))
        else:
            words.append(_ESCAPE.sub(lambda match: ESCAPES[match[0]], token))
    whole = " ".join(words)
    if begun or not phrases or phrases[-1][1] != whole:
        raise ValueError(f"unbalanced brackets around {whole!r}")
    if not all(sentiment in FINE and text for sentiment, text in phrases):
        raise ValueError("a phrase without sentiment or text")
    return phrases[::-1]
