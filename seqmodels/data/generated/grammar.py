"""Texts from a grammar whose symbols carry a sign, so that structure decides the class and no word alone."""

import re
from collections.abc import Callable, Mapping
from random import Random

from seqmodels.data.base import SPLITS, Split
from seqmodels.data.text.formats import LabelledText

Rules = Mapping[str, list[str]]
SYMBOL = r"\{(\w+)([-+~]?)\}"


def rules_of(grammar: str) -> Rules:
    """The alternatives of each symbol, from lines like `symbol = one wording | another`.

    `{claim+}` stands for a claim of the same sign as the rule it occurs in, `{claim-}` for one of the opposite sign,
    `{claim~}` for one of either, by the toss of a coin, and `{place}` for something that has none. Of `first / second`
    the first is the positive wording.
    """
    return {
        name.strip(): [" ".join(alternative.split()) for alternative in alternatives.split("|")]
        for name, alternatives in re.findall(r"^(\w+ +)= (.*(?:\n +\|.*)*)", grammar, flags=re.MULTILINE)
    }


def expanded(rules: Rules, symbol: str, positive: bool, random: Random, used: set[str]) -> str:
    """One of a symbol's alternatives, with its own symbols replaced; no wording is used twice in a text."""
    chosen = random.choice([each for each in rules[symbol] if each not in used] or rules[symbol])
    if not re.fullmatch(SYMBOL, chosen):
        used.add(chosen)
    wording = chosen.split(" / ")[0 if positive else -1]

    def replacement(match: re.Match[str]) -> str:
        name, sign = match.groups()
        same = random.random() < 0.5 if sign == "~" else sign != "-"
        return expanded(rules, name, positive == same, random, used)

    return re.sub(SYMBOL, replacement, wording)


def polished(text: str) -> str:
    """With "an" before vowels, and capitals at the beginning of sentences."""
    text = re.sub(r"\ba (?=[aeiou])", "an ", text)
    return re.sub(r"(?:^|(?<=[.?] ))[a-z]", lambda match: match[0].upper(), text)


def different(draw: Callable[[], LabelledText | None], sizes: Mapping[Split, int]) -> dict[Split, list[LabelledText]]:
    """Draw until there are texts enough for all splits, no two alike; None is drawn again."""
    drawn: dict[str, LabelledText] = {}
    while len(drawn) < sum(sizes.values()):
        text = draw()
        if text is not None:
            drawn.setdefault(text.text, text)
    texts = iter(drawn.values())
    return {split: [next(texts) for _ in range(sizes[split])] for split in SPLITS}
