"""Generated messages: the same words are spam or not, by structure and by sums."""

import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from seqmodels.data.base import SPLITS
from seqmodels.data.generated.grammar import SYMBOL
from seqmodels.data.generated.messages import RULES, messages
from seqmodels.data.text.bag_of_words import bag_of_words

SUMS = dict.fromkeys(RULES["hundred"], 100) | dict.fromkeys(RULES["ten"], 10)
RECEIVED = (r"send us SUM, you get SUM back", r"pay SUM and take SUM home", r"it costs SUM .* and brings you SUM")


def test_every_symbol_has_a_rule() -> None:
    used = {name for rule in RULES.values() for text in rule for name, _ in re.findall(SYMBOL, text)}
    assert used | {"message"} == set(RULES)


def test_sizes_classes_and_no_message_twice() -> None:
    splits = messages(0)
    assert [len(splits[split]) for split in SPLITS] == [8000, 1000, 1000]
    assert abs(Counter(text.label for text in splits["train"])["spam"] - 4000) < 200
    assert len({text.text for split in SPLITS for text in splits[split]}) == 10_000


@given(seed=st.integers(0, 1000))
def test_spam_promises_the_larger_sum(seed: int) -> None:
    for text, label, _ in messages(seed, dict.fromkeys(SPLITS, 20))["train"]:
        for pattern in RECEIVED:
            found = re.search(pattern.replace("SUM", f"({'|'.join(SUMS)})"), text, flags=re.IGNORECASE)
            if found:
                paid, received = (SUMS[wording.lower()] for wording in found.groups())
                assert (received > paid) == (label == "spam"), text


def test_no_mark_of_the_grammar_is_left() -> None:
    assert not any(re.search(r"[{}/|~+]|  ", text.text) for text in messages(0)["train"])


def test_the_seed_decides() -> None:
    sizes = dict.fromkeys(SPLITS, 5)
    assert messages(1, sizes) == messages(1, sizes) != messages(2, sizes)


def test_a_bag_of_words_is_not_enough() -> None:
    splits = messages(0)
    assert 0.5 < bag_of_words(splits["train"], splits["test"])["f1_spam"] < 0.7
