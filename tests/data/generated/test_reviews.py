"""Generated reviews: their class is a matter of structure, and nothing else gives it away."""

import re
from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.base import SPLITS
from seqmodels.data.generated.grammar import SYMBOL, expanded
from seqmodels.data.generated.reviews import RULES, reviews
from seqmodels.data.text.bag_of_words import bag_of_words
from seqmodels.data.text.formats import LabelledText
from seqmodels.data.vocabulary import Vocabulary

PAIRS = [alternative.split(" / ") for rule in RULES.values() for alternative in rule if " / " in alternative]


@pytest.fixture(scope="module")
def splits() -> dict[str, list[LabelledText]]:
    return reviews(0)


def drawn(positive: bool, seed: int, symbol: str = "review") -> str:
    return expanded(RULES, symbol, positive, Random(seed), set())


def test_every_symbol_has_a_rule() -> None:
    used = {name for rule in RULES.values() for text in rule for name, _ in re.findall(SYMBOL, text)}
    assert used | {"review"} == set(RULES)


@given(seed=st.integers(0, 10_000))
def test_the_opposite_review_differs_in_words_of_sentiment_only(seed: int) -> None:
    wordings = "|".join(sorted((re.escape(wording) for pair in PAIRS for wording in pair), key=len, reverse=True))
    masked = [re.sub(rf"\b({wordings})\b", "<>", drawn(positive, seed)) for positive in (True, False)]
    assert masked[0] == masked[1]


@pytest.mark.parametrize(
    ("pattern", "praise"),
    [
        (r"anything but (\w+)$", False),
        (r"never anything but (\w+)$", True),
        (r"ever less than (\w+)$", True),
        (r"not (\w+)$", False),
        (r"^nobody could say that .* not (\w+)$", True),
        (r"nothing like the (\w+) ", False),
        (r"less (\w+) than .* say$", False),
        (r"^I would not say that any.* was \w+ly (\w+)$", False),
        (r"^I did not (\w+) ", False),
        (r"failed to (\w+) me$", False),
        (r"did not fail to (\w+) me$", True),
    ],
)
def test_wordings_mean_what_they_say(pattern: str, praise: bool) -> None:
    """The pattern's word is positive in praise, or in a reproof if `praise` is false."""
    positive_words = {pair[0] for pair in PAIRS}
    plain = re.compile(pattern)
    kinds = ("plain", "negated", "distant", "double", "compared")
    pairs = [(drawn(p, seed, kind), p, kind) for kind in kinds for seed in range(150) for p in (True, False)]
    expected_kind = {True: ("double",), False: ("negated", "distant", "compared")}[praise]
    found = [(match[1], p) for text, p, kind in pairs if kind in expected_kind and (match := plain.search(text))]
    assert len(found) > 5
    assert all((word in positive_words) == (p == praise) for word, p in found)


def test_sizes_and_classes(splits: dict[str, list[LabelledText]]) -> None:
    assert [len(splits[split]) for split in SPLITS] == [16000, 1000, 1000]
    shares = Counter(text.label for text in splits["train"])
    assert set(shares) == {"negative", "positive"}
    assert abs(shares["negative"] - 8000) < 300


def test_no_review_comes_twice(splits: dict[str, list[LabelledText]]) -> None:
    texts = [text.text for split in SPLITS for text in splits[split]]
    assert len(set(texts)) == len(texts)


def test_reviews_are_short_and_simple(splits: dict[str, list[LabelledText]]) -> None:
    texts = [text.text for text in splits["train"]]
    assert all(1 <= len(text.split()) <= 40 for text in texts)
    assert 250 <= len(Vocabulary.words(texts)) <= 700
    for text in texts:
        assert re.fullmatch(r"[A-Z][\w ,;']+[.?!]?( [A-Z][\w ,;']+[.?!]?)*", text), text
        assert not re.search(r"\ba [aeiou]|  |[{}/|~+]", text), text


def test_the_seed_decides() -> None:
    sizes = dict.fromkeys(SPLITS, 5)
    assert reviews(1, sizes) == reviews(1, sizes) != reviews(2, sizes)


def test_a_bag_of_words_is_not_enough(splits: dict[str, list[LabelledText]]) -> None:
    assert 0.65 < bag_of_words(splits["train"], splits["test"])["accuracy"] < 0.8
